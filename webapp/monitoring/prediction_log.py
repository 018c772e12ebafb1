"""The prediction log: what was asked and what was answered, written off the request's path.

``data/served/<model>/<day>/<process>.jsonl`` has a line for each request: its id, when it was answered, by which
version, and its rows as columns with the answers beside them. A request only leaves its columns in a queue of bounded
size; a thread writes them. What finds the queue full, or the disk, is lost, counted and never waited for.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

Arrays = Mapping[str, npt.NDArray[Any]]
CAPACITY_ROWS = 200_000
"""Rows that may wait to be written: some tens of megabytes."""
PAUSE_SECONDS = 0.2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One answered request."""

    identity: str
    model: str
    version: int
    inputs: Arrays
    answers: Arrays
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.answers.values())))

    def line(self) -> bytes:
        """The entry as a line of JSON. A number that was missing is null, a category that was missing is empty."""
        return orjson.dumps(
            {
                "id": self.identity,
                "at": self.at,
                "version": self.version,
                "inputs": {name: _values(values) for name, values in self.inputs.items()},
                "answers": {name: _values(values) for name, values in self.answers.items()},
            },
            option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z,
        )


class PredictionLog:
    """The log of one process.

    Attributes:
        written: rows on disk.
        lost: rows that were answered and are not.
    """

    def __init__(self, folder: Path, capacity_rows: int = CAPACITY_ROWS) -> None:
        self.folder = folder
        self.written = 0
        self.lost = 0
        self._capacity = capacity_rows
        self._waiting: deque[Entry] = deque()
        self._waiting_rows = 0
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="prediction log", daemon=True)

    def start(self) -> None:
        """Begin to write; call it in the process that answers, after a fork."""
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Leave an entry to be written. Never waits."""
        rows = entry.rows
        with self._guard:
            if self._waiting_rows + rows > self._capacity:
                self.lost += rows
                return
            self._waiting_rows += rows
            self._waiting.append(entry)

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._thread.join()

    def _write_on(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        with self._guard:
            entries, self._waiting = self._waiting, deque()
            self._waiting_rows = 0
        by_file: dict[Path, list[Entry]] = {}
        for entry in entries:
            by_file.setdefault(self._path(entry), []).append(entry)
        for path, some in by_file.items():
            rows = sum(entry.rows for entry in some)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _append(path, b"".join(entry.line() for entry in some))
                self.written += rows
            except OSError as error:
                self.lost += rows
                log.warning("%d rows of the prediction log are lost: %s", rows, error)

    def _path(self, entry: Entry) -> Path:
        return self.folder / entry.model / f"{entry.at:%Y-%m-%d}" / f"{os.uname().nodename}-{os.getpid()}.jsonl"


def _append(path: Path, lines: bytes) -> None:
    """Append whole lines, or nothing: what a full disk cut short is taken back."""
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            written = file.write(lines)
        except OSError:
            file.truncate(before)
            raise
        if written != len(lines):
            file.truncate(before)
            raise OSError(f"{path} took {written} of {len(lines)} bytes")


def _values(values: npt.NDArray[Any]) -> Any:
    if values.dtype.kind in "SO":
        return [value.decode() for value in values.tolist()]
    if values.dtype.kind == "f" and np.isnan(values).any():
        return [None if np.isnan(value) else value for value in values.tolist()]
    return np.ascontiguousarray(values)
