"""The days of a file, told apart in one reading: each day that is missing then takes its own."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import tables

BYTES_AT_ONCE = 1 << 28
SUMMARY, NO_ROWS = "summary.json", "no-rows.parquet"


@dataclass
class Apart:
    """What was read.

    Attributes:
        untold: how many rows have no time that can be read.
        last: the last day that has rows.
        found: the kind of each column of the source.
        ragged: lines that were skipped.
    """

    rows: int = 0
    untold: int = 0
    last: str = ""
    found: dict[str, str] = field(default_factory=dict)
    ragged: list[str] = field(default_factory=list)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Work below ``home`` while no other worker of the run does; the system itself lets go of who dies."""
    handle = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write(rows: Iterator[tuple[pa.Table, pd.Series]], apart: Apart, folder: Path) -> None:
    """Write the rows of each day below ``folder``, which appears whole.

    With each table come the times of its rows, on the clock that says their days.
    """
    aside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    waiting: dict[str, list[pa.Table]] = {}
    held = 0
    for table, times in rows:
        if not (aside / NO_ROWS).exists():
            pq.write_table(table.schema.empty_table(), aside / NO_ROWS)
        apart.rows += table.num_rows
        apart.untold += int(times.isna().sum())
        for day, places in table_days(times).items():
            waiting.setdefault(day, []).append(table.take(pa.array(places)))
        held += table.nbytes
        if held > BYTES_AT_ONCE:
            _flush(waiting, aside)
            held = 0
    _flush(waiting, aside)
    apart.last = max((path.name for path in aside.iterdir() if path.is_dir()), default="")
    (aside / SUMMARY).write_text(json.dumps(asdict(apart)))
    aside.rename(folder)


def read(folder: Path) -> Apart | None:
    """What was read before, if it was."""
    try:
        return Apart(**json.loads((folder / SUMMARY).read_text()))
    except FileNotFoundError:
        return None


def take(folder: Path, day: str, into: Path) -> int:
    """Let the rows of a day appear in another folder too; how many there are."""
    parts = tables.parts(folder / day) or [folder / NO_ROWS]
    for number, part in enumerate(parts):
        link(part, tables.part_path(into, number))
    return tables.rows(parts)


def link(file: Path, to: Path) -> None:
    """Let a file that nobody changes appear in another place too; as a copy where that can't be one file."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)


def table_days(times: pd.Series) -> dict[str, list[int]]:
    """The places of each day's rows."""
    days = times.dt.strftime("%Y-%m-%d")
    return {str(day): list(places) for day, places in days.groupby(days.to_numpy()).indices.items()}


def _flush(waiting: dict[str, list[pa.Table]], folder: Path) -> None:
    for day, some in waiting.items():
        (folder / day).mkdir(exist_ok=True)
        pq.write_table(pa.concat_tables(some), tables.part_path(folder / day, len(tables.parts(folder / day))))
    waiting.clear()
