"""Collect: land the raw bytes of a source as Parquet parts. Every value stays the text it is; Clean gives types."""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from pipeline import dates, tables
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import nearest
from pipeline.progress import track

BLOCK_BYTES = 1 << 22
ROWS_PER_PART = 65_536


def collect(job: Job) -> Outcome:
    """Land one source, or its rows of one day.

    Raises:
        DataError: the day is not over, or the source has not got that far.
    """
    [described] = job.problem.sources.values()
    raw, columns = job.inputs["raw"], list(described.columns)
    ignored = [name for name in header(raw) if name not in columns]
    notes = [f"columns of {raw.name} that the problem file does not name: {', '.join(ignored)}"] if ignored else []
    day = job.part.get("day")
    if not day or described.time is None:
        return Outcome(rows_out=land(raw, columns, job.output), notes=notes)
    if not dates.is_over(day):
        raise DataError(f"A day must be over (UTC) before it is collected, and {day} is not.")
    of_day = OfDay(day, described.time)
    rows = land(raw, columns, job.output, of_day)
    if rows == 0 and not of_day.later:
        raise DataError(f"{raw} must have rows of {day} or later, and has none: the day has not arrived there yet.")
    if of_day.untold:
        notes.append(f"{of_day.untold:,} rows belong to no day: their {described.time} is no time")
    return Outcome(rows_in=of_day.seen, rows_out=rows, notes=notes)


class OfDay:
    """Keeps the rows of one day (UTC) by the time in ``column``.

    Attributes:
        seen: how many rows there were.
        later: how many are of later days.
        untold: how many have no time that can be read.
    """

    def __init__(self, day: str, column: str) -> None:
        self._begins, self._column = pd.Timestamp(day, tz="UTC"), column
        self.seen = self.later = self.untold = 0

    def __call__(self, part: pa.Table) -> pa.Table:
        """The rows of the day among those of ``part``."""
        times = tables.times(part[self._column].to_pandas())
        ends = self._begins + pd.Timedelta(days=1)
        self.seen += len(times)
        self.later += int((times >= ends).sum())
        self.untold += int(times.isna().sum())
        return part.filter(pa.array((times >= self._begins) & (times < ends)))


def land(raw: Path, columns: list[str], folder: Path, of_day: OfDay | None = None) -> int:
    """Write the named columns of a CSV file to ``folder`` as text; the number of rows.

    Raises:
        DataError: the file is empty, lacks a column, or is no CSV text in UTF-8.
    """
    found = header(raw)
    missing = [f"{name!r} is missing{nearest(name, found)}" for name in columns if name not in found]
    if missing:
        raise DataError(f"{raw} must have the columns of the problem file:\n  " + "\n  ".join(missing))
    rows = 0
    with track(f"reading {raw.name}", None) as advance:
        try:
            for number, part in enumerate(_filled(_batches(raw, found, columns, of_day))):
                tables.part_path(folder, number).parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(part, tables.part_path(folder, number), compression="snappy")
                rows += part.num_rows
                advance(1, f"{rows:,} rows")
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{raw} must be CSV text in UTF-8 with as many values in each row as its header: {error}"
            ) from None
    if (of_day.seen if of_day else rows) == 0:
        raise DataError(f"{raw} must have rows below its header, and has 0 rows.")
    return rows


def header(raw: Path) -> list[str]:
    """The names of the columns.

    Raises:
        DataError: the file is empty, or its first line names a column twice.
    """
    with _opened(raw) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            names = next(csv.reader(text), [])
        except UnicodeDecodeError as error:
            raise DataError(f"{raw} must be text in UTF-8, and its header is not: byte {error.start}.") from None
        text.detach()
    if not names:
        raise DataError(f"{raw} must have a header, and is empty (0 rows).")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{raw} must name each column once, and names {', '.join(twice)} more than once.")
    return names


def _batches(raw: Path, names: list[str], columns: list[str], of_day: OfDay | None) -> Iterator[pa.Table]:
    """The rows of the file as it is read, of one day or all; at least one table, even if it has no rows."""
    text = dict.fromkeys(names, pa.string())
    convert = pyarrow.csv.ConvertOptions(column_types=text, include_columns=columns, strings_can_be_null=False)
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)
    with _opened(raw) as file, pyarrow.csv.open_csv(file, read, parse, convert) as batches:
        yield batches.schema.empty_table()
        for batch in batches:
            table = pa.Table.from_batches([batch])
            yield of_day(table) if of_day else table


def _filled(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, in parts of ``ROWS_PER_PART``; the last has what is left, and the only one may have none."""
    waiting: list[pa.Table] = []
    full = False
    for batch in batches:
        waiting.append(batch)
        while sum(one.num_rows for one in waiting) >= ROWS_PER_PART:
            full = True
            table = pa.concat_tables(waiting)
            yield table.slice(0, ROWS_PER_PART)
            waiting = [table.slice(ROWS_PER_PART)]
    if sum(one.num_rows for one in waiting) or not full:
        yield pa.concat_tables(waiting)


@contextmanager
def _opened(raw: Path) -> Iterator[IO[bytes]]:
    if raw.suffix == ".zip":
        with _member(raw) as file:
            yield file
    elif raw.suffix == ".gz":
        with gzip.open(raw) as file:
            yield file  # type: ignore[misc] # a GzipFile reads bytes, whatever its stub calls it
    else:
        with raw.open("rb") as file:
            yield file


@contextmanager
def _member(raw: Path) -> Iterator[IO[bytes]]:
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile:
        raise DataError(f"{raw} must be a zip archive, and is not.") from None
    with archive:
        names = [name for name in archive.namelist() if name.endswith(".csv") and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise DataError(f"{raw} must hold one CSV file, and holds {', '.join(names) or 'none'}.")
        with archive.open(names[0]) as file:
            yield file
