"""The prediction log: what was asked and what was answered, written off the request's path.

``data/served/<model>/<day>/<process>.jsonl`` has lines of ``bundle.monitoring.Served``: some requests that one version
answered, with their rows as columns. A request only leaves its columns in a queue of bounded size; a thread puts those
that wait into lines, several hundred into one under load, and writes them. What finds the queue full, or the disk, is
lost, counted and never waited for.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from webapp.monitoring.append import append

Arrays = Mapping[str, npt.NDArray[Any]]
CAPACITY_ROWS = 200_000
"""Rows that may wait to be written: some tens of megabytes."""
LINE_ROWS = 10_000
"""Rows after which a line ends, so that whoever reads it needs no more memory than for these."""
PAUSE_SECONDS = 0.2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One answered request.

    Attributes:
        identity: its id, made for the moment ``at``.
        at: the moment that it is about, in seconds since 1970.
        answered: the moment of the answer, likewise.
    """

    identity: str
    model: str
    version: int
    inputs: Arrays
    answers: Arrays
    at: float
    answered: float

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.answers.values())))

    @property
    def place(self) -> tuple[str, int, int]:
        """What the requests of one line have in common: model, day (since 1970) and version."""
        return self.model, int(self.at // 86_400), self.version


class PredictionLog:
    """The log of one process.

    Args:
        folder: below which the lines go.
        count: told how many rows were ``written``, or answered and ``lost``.
        capacity_rows: how many may wait.
    """

    def __init__(self, folder: Path, count: Callable[[str, int], None], capacity_rows: int = CAPACITY_ROWS) -> None:
        self.folder = folder
        self._count = count
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
            room = self._waiting_rows + rows <= self._capacity
            if room:
                self._waiting_rows += rows
                self._waiting.append(entry)
        if not room:
            self._count("lost", rows)

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
        for (model, day, _), some in groupby(sorted(entries, key=attrgetter("place")), attrgetter("place")):
            for together in _in_lines(some):
                self._write(model, day, together)

    def _write(self, model: str, day: int, entries: Sequence[Entry]) -> None:
        rows = sum(entry.rows for entry in entries)
        try:
            append(self._path(model, day), line(entries))
            self._count("written", rows)
        except OSError as error:
            self._count("lost", rows)
            log.warning("%d rows of the prediction log are lost: %s", rows, error)
        except Exception:  # whatever is wrong with these rows, those of others are written
            self._count("lost", rows)
            log.exception("%d rows of the prediction log are lost", rows)

    def _path(self, model: str, day: int) -> Path:
        date = datetime.fromtimestamp(day * 86_400, UTC)
        return self.folder / model / f"{date:%Y-%m-%d}" / f"{os.uname().nodename}-{os.getpid()}.jsonl"


def line(entries: Sequence[Entry]) -> bytes:
    """Requests that one version answered, as a line of ``bundle.monitoring.Served``."""
    return orjson.dumps(
        {
            "version": entries[0].version,
            "ids": [entry.identity for entry in entries],
            "at": [datetime.fromtimestamp(entry.at, UTC) for entry in entries],
            "answered": [datetime.fromtimestamp(entry.answered, UTC) for entry in entries],
            "rows": [entry.rows for entry in entries],
            "inputs": _joined([entry.inputs for entry in entries]),
            "answers": _joined([entry.answers for entry in entries]),
        },
        option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z,
    )


def _joined(tables: Sequence[Arrays]) -> dict[str, Any]:
    return {name: _values(np.concatenate([table[name] for table in tables])) for name in tables[0]}


def _values(values: npt.NDArray[Any]) -> Any:
    """What JSON can be made of; NaN becomes null by itself."""
    if values.dtype.kind == "M":
        return [None if text == "NaT" else text for text in np.datetime_as_string(values, timezone="UTC").tolist()]
    return [value.decode() for value in values.tolist()] if values.dtype.kind in "SO" else values


def _in_lines(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    together: list[Entry] = []
    rows = 0
    for entry in entries:
        if together and rows + entry.rows > LINE_ROWS:
            yield together
            together, rows = [], 0
        together.append(entry)
        rows += entry.rows
    if together:
        yield together
