"""Collect: land the raw bytes of a source as Parquet parts. Every value stays the text it is; Clean gives types."""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from pipeline import tables
from pipeline.errors import DataError
from pipeline.problem import nearest
from pipeline.process import Job, Outcome
from pipeline.progress import track

BLOCK_BYTES = 1 << 22
ROWS_PER_PART = 65_536


def collect(job: Job) -> Outcome:
    """Land one source."""
    [described] = job.problem.sources.values()
    raw = job.inputs["raw"]
    rows = land(raw, list(described.columns), job.output)
    ignored = [name for name in header(raw) if name not in described.columns]
    notes = [f"columns of {raw.name} that the problem file does not name: {', '.join(ignored)}"] if ignored else []
    return Outcome(rows_out=rows, notes=notes)


def land(raw: Path, columns: list[str], folder: Path) -> int:
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
            for number, part in enumerate(_parts_of(raw, found, columns)):
                tables.part_path(folder, number).parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(part, tables.part_path(folder, number), compression="snappy")
                rows += part.num_rows
                advance(1, f"{rows:,} rows")
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{raw} must be CSV text in UTF-8 with as many values in each row as its header: {error}"
            ) from None
    if rows == 0:
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


def _parts_of(raw: Path, names: list[str], columns: list[str]) -> Iterator[pa.Table]:
    text = dict.fromkeys(names, pa.string())
    convert = pyarrow.csv.ConvertOptions(column_types=text, include_columns=columns, strings_can_be_null=False)
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)
    waiting: list[pa.RecordBatch] = []
    with _opened(raw) as file, pyarrow.csv.open_csv(file, read, parse, convert) as batches:
        for batch in batches:
            waiting.append(batch)
            while sum(one.num_rows for one in waiting) >= ROWS_PER_PART:
                table = pa.Table.from_batches(waiting)
                yield table.slice(0, ROWS_PER_PART)
                waiting = table.slice(ROWS_PER_PART).to_batches()
    if sum(one.num_rows for one in waiting):
        yield pa.Table.from_batches(waiting)


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
