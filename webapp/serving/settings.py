"""What an installation says about its serving: where things are, and how much one request may ask for."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

MEBIBYTE = 1024 * 1024


class SettingsError(ValueError):
    """An environment variable that can't hold."""


@dataclass(frozen=True)
class Settings:
    """Where the models and pointers are, and the limits of a request.

    Attributes:
        data: the folder of everything that is made; versions are below ``models``, pointers in ``serving``.
        secret: what the pointers and the list of tokens are signed with.
        earlier: secrets under which those that were signed before are believed too.
        guarded: whether a token must come with a request.
        max_bytes: of a request's body, as sent and as unpacked.
        max_rows: of one request.
        body_seconds: within which a body must have come.
        poll_seconds: between two looks at the pointers.
        load_seconds: that a version may take to load; after them it is taken for broken.
        shared: a folder of the workers of this one server, where there are several.
    """

    data: Path
    secret: str
    earlier: tuple[str, ...] = ()
    guarded: bool = False
    max_bytes: int = 16 * MEBIBYTE
    max_rows: int = 10_000
    body_seconds: float = 30.0
    poll_seconds: float = 0.5
    load_seconds: float = 60.0
    shared: Path | None = None

    @property
    def models(self) -> Path:
        """Where the published versions are."""
        return self.data / "models"

    @property
    def pointers(self) -> Path:
        """Where approval leaves its pointers."""
        return self.data / "serving"

    @classmethod
    def from_environment(cls) -> Self:
        """The settings that ``PLUMBLINE_DATA``, ``_SECRET``, ``_MODE`` and the limits' variables give.

        Raises:
            SettingsError: a limit is no whole number above zero.
        """
        return cls(
            data=Path(os.environ.get("PLUMBLINE_DATA", "data")),
            secret=os.environ.get("PLUMBLINE_SECRET", ""),
            guarded=os.environ.get("PLUMBLINE_MODE", "local") != "local",
            max_bytes=_whole("PLUMBLINE_MAX_BYTES", cls.max_bytes),
            max_rows=_whole("PLUMBLINE_MAX_ROWS", cls.max_rows),
            shared=Path(shared) if (shared := os.environ.get("PLUMBLINE_SHARED")) else None,
        )


def _whole(name: str, default: int) -> int:
    given = os.environ.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and int(given)):
        raise SettingsError(f"{name} must be a whole number above zero, got {given!r}. Correct it, or unset it.")
    return int(given)
