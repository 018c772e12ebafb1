"""Who answers for a model: its versions, the one that is live, their labels. Replaced whole, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.pointer import Pointer
from webapp.serving.refusal import Refusal
from webapp.serving.version import Served


@dataclass(frozen=True)
class Approved:
    """A model with the versions that answer for it."""

    pointer: Pointer
    live: int
    versions: Mapping[int, Served]

    def version(self, number: int | None = None, label: str | None = None) -> Served:
        """The version that a request means.

        Raises:
            Refusal: it is none of those that are served.
        """
        wanted = self.live if number is None else number
        if label is not None:
            wanted = self.pointer.labels.get(label, 0)
        if wanted in self.versions:
            return self.versions[wanted]
        name = self.pointer.name
        named = f"label {label}" if label is not None else f"version {wanted}"
        known = ", ".join(str(known) for known in sorted(self.versions))
        raise Refusal(
            404,
            f"Servable not found for request: {name} has no {named} that is served. "
            f"Served are the versions {known}, and {self.live} is live.",
        )


@dataclass(frozen=True)
class Table:
    """Every model that is served, and for each that should be and is not, or not as decided, why."""

    models: Mapping[str, Approved]
    faults: Mapping[str, str]
    degraded: Mapping[str, tuple[str, ...]]

    def model(self, name: str) -> Approved:
        """The model called ``name``.

        Raises:
            Refusal: it is not served: 404 where nobody approved it, 503 where it could not be loaded.
        """
        if name in self.models:
            return self.models[name]
        if name in self.faults:
            raise Refusal(
                503,
                f"{name} is approved, but could not be loaded. The server's log says why, and so do the files in "
                "data/serving/status/ and the version's page in the registry.",
                ((b"retry-after", b"5"),),
            )
        raise Refusal(
            404,
            f"Servable not found for request: Latest({name}). No version of {name} is approved yet. "
            "Approve one, and it answers within seconds.",
        )

    @property
    def ready(self) -> bool:
        """Whether a model answers, or none should."""
        return bool(self.models) or not self.faults


EMPTY = Table({}, {}, {})
