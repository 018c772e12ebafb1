"""Collect: land what a source has, as it is, in Parquet parts. Text stays text; Clean gives types.

``columns.json`` beside the parts has the kind of each column that the source has, also of those that nobody names;
``ragged.txt``, where there is one, the lines that were skipped.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipeline import dates, tables
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Source
from pipeline.progress import track
from pipeline.sources import delimited, files, parquet, records
from pipeline.sources.columns import Columns
from pipeline.sources.landing import Landing

COLUMNS, RAGGED = "columns.json", "ragged.txt"


def collect(job: Job) -> Outcome:
    """Land one source, or its rows of one day.

    Raises:
        DataError: the source is not what it is said to be, the day is not over, or has not arrived there.
    """
    [source] = job.problem.sources.values()
    day, raw = job.part.get("day"), job.inputs["raw"]
    if day and not dates.is_over(day):
        raise DataError(f"A day must be over (UTC) before it is collected, and {day} is not.")
    found = files.matching(raw)
    columns = Columns(source.columns)
    ragged: list[str] = []
    kept = OfDay(day, source.time) if day and source.time else None
    with track(f"reading {raw.name}", None) as advance:
        landing = Landing(job.output, lambda rows: advance(1, f"{rows:,} rows"))
        if kept or not _copied(found, source, columns, landing):
            rows = read(found, source, columns, ragged)
            landing.write(map(kept, rows) if kept else rows)
    if (kept.seen if kept else landing.rows) == 0:
        raise DataError(f"{raw} must have rows, and has 0 rows.")
    if kept and landing.rows == 0 and not kept.later:
        raise DataError(f"{raw} must have rows of {day} or later, and has none: the day has not arrived there yet.")
    (job.output / COLUMNS).write_text(json.dumps(columns.found, indent=1, ensure_ascii=False) + "\n")
    if ragged:
        (job.output / RAGGED).write_text("\n".join(sorted(ragged)) + "\n")
    return Outcome(
        rows_in=kept.seen if kept else None, rows_out=landing.rows, notes=notes(raw.name, columns, ragged, kept)
    )


class OfDay:
    """Keeps the rows of one day (UTC) by the time in ``column``.

    Attributes:
        seen: how many rows there were.
        later: how many are of later days.
        untold: how many have no time that can be read.
    """

    def __init__(self, day: str, column: str) -> None:
        self.column, self._begins = column, pd.Timestamp(day, tz="UTC")
        self.seen = self.later = self.untold = 0

    def __call__(self, part: pa.Table) -> pa.Table:
        """The rows of the day among those of ``part``."""
        times = moments(part[self.column])
        ends = self._begins + pd.Timedelta(days=1)
        self.seen += len(times)
        self.later += int((times >= ends).sum())
        self.untold += int(times.isna().sum())
        return part.filter(pa.array((times >= self._begins) & (times < ends)))


def moments(column: pa.ChunkedArray) -> pd.Series:
    """The times of a column, in UTC; missing where there is none that can be read."""
    values: pd.Series = column.to_pandas()
    if pa.types.is_temporal(column.type):
        return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
    return tables.times(values)


def read(found: list[Path], source: Source, columns: Columns, ragged: list[str]) -> Iterator[pa.Table]:
    """The rows of the files, of the columns that are wanted.

    Raises:
        DataError: a file is not what it is said to be.
    """
    match source.kind:
        case "csv":
            yield from delimited.read(found, source.csv, columns, ragged)
        case "jsonl":
            yield from records.read(found, columns)
        case _:
            parquet.schemas(found, columns)
            for file in found:
                yield from parquet.read(file, columns)


def notes(name: str, columns: Columns, ragged: list[str], kept: OfDay | None) -> list[str]:
    """What a person should know of what was landed."""
    told = []
    if columns.ignored:
        told.append(f"columns of {name} that the problem file does not name: {', '.join(columns.ignored)}")
    if ragged:
        told.append(f"{len(ragged):,} lines skipped for having more or fewer values than there are columns: {RAGGED}")
    if kept and kept.untold:
        told.append(f"{kept.untold:,} rows belong to no day: their {kept.column} is no time")
    return told


def _copied(found: list[Path], source: Source, columns: Columns, landing: Landing) -> bool:
    """Take the files as they are, where they can be: each is read once to see that it is whole."""
    if source.kind != "parquet":
        return False
    schemas = parquet.schemas(found, columns)
    if not parquet.as_they_are(found, schemas):
        return False
    for file, schema in zip(found, schemas, strict=True):
        landing.copy(file, schema, sum(batch.num_rows for batch in parquet.read(file, columns)))
    return True
