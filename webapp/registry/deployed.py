"""Whether the servers answer as it was decided: read off the files in which each worker says what it serves."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from webapp.registry.models import State, Version
from webapp.serving import status


@dataclass(frozen=True)
class Deployed:
    """The live version, as the workers of all servers have it.

    Attributes:
        workers: how many answer with it.
        others: how many answer with another version, or with none.
        faults: why some do, each reason once.
        missing: files of the version that are gone while it is served from memory.
    """

    workers: int
    others: int
    faults: tuple[str, ...]
    missing: tuple[str, ...]


def deployed(version: Version) -> Deployed | None:
    """How the version is served; None where it is not the live one."""
    if version.state != State.LIVE:
        return None
    told = [one for one in status.read(Path(settings.SERVING_FOLDER)) if one.name == version.model.name]
    return Deployed(
        workers=sum(one.live == version.number for one in told),
        others=sum(one.live != version.number for one in told),
        faults=tuple(dict.fromkeys(one.fault for one in told if one.fault)),
        missing=tuple(dict.fromkeys(name for one in told for name in one.degraded)),
    )
