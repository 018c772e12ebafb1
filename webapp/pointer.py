"""The pointer: the signed file that an approval leaves and that serving follows. Nothing else passes between them.

write(folder, pointer, secret)              # data/serving/flights.json
read(folder / "flights.json", secret)       # the pointer, or PointerError
withdraw(folder, "flights")                 # from now on, flights is not served
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

PURPOSE = b"plumbline pointer\n"
"""What sets this signature apart from any other that is made with the same secret."""
LARGEST = 64 * 1024
"""More bytes than any pointer has."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
Number = Annotated[int, Field(ge=1)]


class PointerError(ValueError):
    """A pointer that nobody may follow, and why."""


class Pointer(BaseModel):
    """Which versions of a model answer, and who decided it.

    Attributes:
        live: the version that answers where a request names none.
        served: every version that answers, with the SHA-256 of its ``assets.extra/manifest.json``.
        labels: other names of served versions.
        decided_at: when, in ISO 8601 with its offset from UTC.
        sequence: grows with every decision about the model, so that an old pointer put back is known as such.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    live: Number
    served: dict[Number, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    labels: dict[Annotated[str, Field(pattern=r"^[^/:]{1,100}$")], Number]
    decided_by: str
    reason: str
    decided_at: str
    sequence: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        unknown = {"live": self.live, **self.labels}
        faults = [f"{name} {version}" for name, version in unknown.items() if version not in self.served]
        if faults:
            raise ValueError(f"expected one of the served versions {sorted(self.served)}, got {', '.join(faults)}")
        TypeAdapter(AwareDatetime).validate_python(self.decided_at)
        return self


def write(folder: Path, pointer: Pointer, secret: str) -> None:
    """Sign the pointer and let it take the place of the one before, whole.

    Raises:
        PointerError: there is no secret to sign with.
    """
    fields = pointer.model_dump(mode="json")
    content = json.dumps({"pointer": fields, "signature": _signature(fields, secret)}, indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{pointer.name}.{secrets.token_hex(8)}.aside"
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(place(folder, pointer.name))
    finally:
        aside.unlink(missing_ok=True)
    _sync(folder)


def read(path: Path, secret: str) -> Pointer:
    """The pointer in the file ``path``.

    Raises:
        PointerError: the file is not there, not whole, signed with another secret, or that of another model.
    """
    fields, signature = _parts(path)
    if not hmac.compare_digest(_signature(fields, secret).encode(), signature.encode()):
        raise PointerError(
            f"{path} must be signed with this server's secret, and is not: it was changed by hand, "
            "or made under another secret. Approve the version again."
        )
    with _told(path):
        pointer = Pointer.model_validate(fields)
    if path.name != f"{pointer.name}.json":
        raise PointerError(
            f"{path} must hold the pointer of its own model, got that of {pointer.name}. Remove the file."
        )
    return pointer


def withdraw(folder: Path, name: str) -> None:
    """Take the model's pointer away: no version of it is served any more. Does nothing where there is none."""
    place(folder, name).unlink(missing_ok=True)
    if folder.is_dir():
        _sync(folder)


def place(folder: Path, name: str) -> Path:
    """Where the pointer of the model ``name`` is.

    Raises:
        PointerError: the name is none that a model may have.
    """
    with _told(name):
        return folder / f"{TypeAdapter(Name).validate_python(name)}.json"


def _parts(path: Path) -> tuple[dict[str, Any], str]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST))
        fields, signature = content["pointer"], content["signature"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise PointerError(
            f"{path} must be a signed pointer, and can't be read as one ({type(error).__name__}: {error}). "
            "Approve the version again."
        ) from None
    if not isinstance(fields, dict) or not isinstance(signature, str):
        raise PointerError(f"{path} must hold a pointer and its signature, got other types. Approve the version again.")
    return fields, signature


def _signature(fields: dict[str, Any], secret: str) -> str:
    if not secret:
        raise PointerError("A pointer must be signed with a secret, got none. Set the server's secret.")
    content = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(secret.encode(), PURPOSE + content, hashlib.sha256).hexdigest()


def _sync(folder: Path) -> None:
    entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


@contextlib.contextmanager
def _told(what: object) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}, got {fault['input']!r:.60}"
            for fault in error.errors()
        )
        raise PointerError(f"{what} must be a pointer that can hold, and is not: {faults}.") from None
