"""What each worker serves, in a small file of its own below ``data/serving/status``, for whoever wants to show it."""

import logging
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict

from webapp.serving.table import Table

FOLDER = "status"
log = logging.getLogger(__name__)


class Status(BaseModel):
    """One model as one worker serves it.

    Attributes:
        live: the version that answers; None where none does.
        versions: every version that answers.
        sequence: of the decision that is in effect.
        fault: why the newest decision is not in effect, or not wholly.
        degraded: files that were there when the version was loaded, and are not now; it goes on from memory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    host: str
    pid: int
    live: int | None
    versions: tuple[int, ...]
    sequence: int | None
    fault: str | None
    degraded: tuple[str, ...]
    since: str


def read(pointers: Path) -> list[Status]:
    """What every worker says that it serves."""
    found = []
    for path in sorted((pointers / FOLDER).glob("*.json")):
        try:
            found.append(Status.model_validate_json(path.read_bytes()))
        except (FileNotFoundError, ValueError):  # just taken away, or of another make
            continue
    return found


class Board:
    """This worker's own files: written when something changed, taken away when the worker ends."""

    def __init__(self, pointers: Path) -> None:
        self.folder = pointers / FOLDER
        self._host = socket.gethostname()
        self._shown: Mapping[str, object] = {}

    def show(self, table: Table) -> None:
        """Write what changed. A disk that is full keeps no one from serving."""
        told = {name: self._told(table, name) for name in {*table.models, *table.faults}}
        try:
            for name in self._shown.keys() - told.keys():
                self._place(name).unlink(missing_ok=True)
            for name, fields in told.items():
                if fields != self._shown.get(name):
                    self._write(name, fields)
        except OSError as error:
            log.warning("The status of what is served could not be written: %s", error)
        self._shown = told

    def clear(self) -> None:
        """Take away this worker's files, and those of workers of this machine that ended without doing so."""
        self._shown = {}
        for status in read(self.folder.parent):
            if status.host == self._host and (status.pid == os.getpid() or not lives(status.pid)):
                self._place(status.name, status.pid).unlink(missing_ok=True)

    def _told(self, table: Table, name: str) -> dict[str, object]:
        model = table.models.get(name)
        return {
            "name": name,
            "host": self._host,
            "pid": os.getpid(),
            "live": model.live if model else None,
            "versions": sorted(model.versions) if model else (),
            "sequence": model.pointer.sequence if model else None,
            "fault": table.faults.get(name),
            "degraded": table.degraded.get(name, ()),
        }

    def _write(self, name: str, fields: dict[str, object]) -> None:
        place = self._place(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = place.with_suffix(".aside")
        aside.write_bytes(orjson.dumps(fields | {"since": datetime.now(UTC).isoformat(timespec="seconds")}))
        aside.replace(place)

    def _place(self, name: str, pid: int | None = None) -> Path:
        return self.folder / f"{name}-{self._host}-{pid or os.getpid()}.json"


def lives(pid: int) -> bool:
    """Whether there is such a process on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's, and alive
        return True
    return True
