"""What each worker serves, in a small file of its own below ``data/serving/status``, for whoever wants to show it."""

import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict

from webapp.serving.table import Table

FOLDER = "status"
TOUCH_SECONDS = 10.0
"""After which a worker touches its files again."""
SILENT_SECONDS = 180.0
"""Without a touch, after which a worker is gone: more than a version may take to load and to be warmed."""
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
    """What every worker says that it serves; one that was killed with its machine says nothing any more."""
    return [told for told, silent in _files(pointers / FOLDER) if silent < SILENT_SECONDS]


def _files(folder: Path) -> Iterator[tuple[Status, float]]:
    """What each file says, and for how many seconds it was not touched."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield Status.model_validate_json(path.read_bytes()), time.time() - path.stat().st_mtime
        except (FileNotFoundError, ValueError):  # just taken away, or of another make
            continue


class Board:
    """This worker's own files: written when something changed, touched while it lives, taken away when it ends."""

    def __init__(self, pointers: Path) -> None:
        self.folder = pointers / FOLDER
        self._host = socket.gethostname()
        self._shown: Mapping[str, object] = {}
        self._touched = 0.0

    def show(self, table: Table) -> None:
        """Write what changed. A disk that is full keeps no one from serving."""
        told = {name: self._told(table, name) for name in {*table.models, *table.faults}}
        due = time.monotonic() - self._touched >= TOUCH_SECONDS
        try:
            for name in self._shown.keys() - told.keys():
                self._place(name).unlink(missing_ok=True)
            for name, fields in told.items():
                if fields != self._shown.get(name) or (due and not self._touch(name)):
                    self._write(name, fields)
        except OSError as error:
            log.warning("The status of what is served could not be written: %s", error)
        self._shown = told
        if due:
            self._touched = time.monotonic()

    def clear(self) -> None:
        """Take away this worker's files, and those of workers that ended without doing so."""
        self._shown = {}
        for told, silent in _files(self.folder):
            ended = told.host == self._host and (told.pid == os.getpid() or not lives(told.pid))
            if ended or silent >= SILENT_SECONDS:
                self._place(told.name, told.host, told.pid).unlink(missing_ok=True)

    def _touch(self, name: str) -> bool:
        """Say that this worker lives; whether its file was there."""
        try:
            os.utime(self._place(name))
        except FileNotFoundError:
            return False
        return True

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

    def _place(self, name: str, host: str | None = None, pid: int | None = None) -> Path:
        return self.folder / f"{name}-{host or self._host}-{pid or os.getpid()}.json"


def lives(pid: int) -> bool:
    """Whether there is such a process on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's, and alive
        return True
    return True
