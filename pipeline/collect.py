"""Collect: land what a source has, as it is, in Parquet parts. Text stays text; Clean gives types.

``columns.json`` beside the parts has the kind of each column that the source has, also of those that nobody names;
``ragged.txt``, where there is one, the lines that were skipped.
"""

import json
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bundle import digest
from pipeline import days_apart, index, reading, schema_diff, tables
from pipeline.days_apart import Apart
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Column, Source
from pipeline.progress import track
from pipeline.sources import files, parquet, reader
from pipeline.sources.columns import FOUND, Columns
from pipeline.sources.landing import Landing

RAGGED = "ragged.txt"
DAY = timedelta(days=1)


def collect(job: Job) -> Outcome:
    """Land one source, or its rows of one day.

    Raises:
        DataError: the source is not what it is said to be, the day is not over, or has not arrived there.
    """
    if "raw" not in job.inputs:
        return together(job)
    [source] = job.problem.sources.values()
    day = job.part.get("day")
    if day and not has_ended(source, date.fromisoformat(day)):
        raise DataError(f"A day must be over ({source.clock.time_zone}) before it is collected, and {day} is not.")
    return from_days(job, source, day) if day and not source.remote else land(job, source, day)


def land(job: Job, source: Source, day: str | None) -> Outcome:
    """Land a source, its rows of a day, or those before the day that it is as of."""
    raw, columns, ragged = job.inputs["raw"], Columns(source.columns), list[str]()
    asked = date.fromisoformat(day) if day else None
    kept = None
    if source.time and (day or "as_of" in job.part):
        begins = source.begins(asked) if asked else None
        ends = source.begins(asked + DAY) if asked else as_of(job, source)
        kept = Within(source.time, source.clock, begins, ends)
    home = job.final.parents[1] if day or source.remote else job.final.parent
    with track(f"reading {raw.name}", None) as advance, schema_diff.told(home, columns.found):
        landing = Landing(job.output, lambda rows: advance(1, f"{rows:,} rows"))
        found = reader.fetched(source, raw, job.output / ".fetched", asked)
        if kept or not _copied(found, source, columns, landing):
            parts = reader.read(found, source, columns, ragged, asked)
            landing.write(map(kept, parts) if kept else parts)
    shutil.rmtree(job.output / ".fetched", ignore_errors=True)
    if day is None and (kept.seen if kept else landing.rows) == 0:
        raise DataError(f"{raw} must have rows, and has 0 rows.")
    about = Apart(kept.seen if kept else landing.rows, kept.untold if kept else 0, "", columns.found, ragged)
    return _outcome(job, source, about, landing.rows)


def from_days(job: Job, source: Source, day: str) -> Outcome:
    """Land the rows of a day from a file, which is read once for all the days that are asked for."""
    raw = job.inputs["raw"]
    found = files.matching(raw)
    known = digest.of_json([[index.stamp(file) for file in found], job.part["sources"]])
    folder = job.final.parents[1] / f".days-{known[:16]}.aside"
    with days_apart.alone(folder.parent):
        about = days_apart.read(folder) or _apart(raw, found, source, folder)
    if about.rows == 0:
        raise DataError(f"{raw} must have rows, and has 0 rows.")
    if about.last < day and not source.by_day:
        raise DataError(f"{raw} must have rows of {day} or later, and has none: the day has not arrived there yet.")
    return _outcome(job, source, about, days_apart.take(folder, day, job.output))


def together(job: Job) -> Outcome:
    """Put the days that were landed one by one together: their files are the same."""
    found: dict[str, str] = {}
    number = 0
    for _, folder in sorted(job.inputs.items()):
        found |= json.loads((folder / FOUND).read_text())
        for part in tables.parts(folder):
            days_apart.link(part, tables.part_path(job.output, number))
            number += 1
    _write_columns(job.output, found)
    rows = tables.rows(tables.parts(job.output))
    if rows == 0:
        raise DataError(f"{job.source} must have rows, and its {len(job.inputs)} days have 0 rows.")
    return Outcome(rows_out=rows, notes=[f"{len(job.inputs):,} days, {min(job.inputs)} to {max(job.inputs)}"])


@dataclass
class Within:
    """Keeps the rows whose time in ``column`` is within what is asked for. Without a beginning those without time stay.

    Attributes:
        seen: how many rows there were.
        untold: how many have no time that can be read.
    """

    column: str
    described: Column
    begins: datetime | None
    ends: datetime
    seen: int = 0
    untold: int = 0

    def __call__(self, part: pa.Table) -> pa.Table:
        """The rows among those of ``part``."""
        times = moments(part[self.column], self.described)
        self.seen += len(times)
        self.untold += int(times.isna().sum())
        within = (times >= self.begins) & (times < self.ends) if self.begins else ~(times >= self.ends)
        return part.filter(pa.array(within))


def has_ended(source: Source, day: date) -> bool:
    """Whether a day of the source has ended."""
    return source.begins(day + DAY) <= datetime.now(UTC)


def as_of(job: Job, source: Source) -> datetime:
    """The moment before which rows are known wholly."""
    return source.begins(source.last_day(date.fromisoformat(job.part["as_of"])) + DAY)


def moments(column: pa.ChunkedArray, described: Column) -> pd.Series:
    """The times of a column, in UTC, as Clean reads them; missing where there is none that can be read."""
    array = tables.one_chunk(column)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        times, _ = reading.moments(array, described)
    else:
        times, _ = reading.times(pc.utf8_trim_whitespace(array.cast(pa.string())), described)
    told: pd.Series = times.to_pandas()
    return told


def _apart(raw: Path, found: list[Path], source: Source, folder: Path) -> Apart:
    """Read the files once, and leave the rows of each day in ``folder``."""
    about, columns = Apart(), Columns(source.columns)
    with track(f"reading {raw.name}", None) as advance:

        def told() -> Iterator[tuple[pa.Table, pd.Series]]:
            for part in reader.read(found, source, columns, about.ragged):
                yield part, moments(part[str(source.time)], source.clock).dt.tz_convert(source.clock.time_zone)
                about.found = columns.found
                advance(1, f"{about.rows:,} rows")

        days_apart.write(told(), about, folder)
    return about


def _copied(found: list[Path], source: Source, columns: Columns, landing: Landing) -> bool:
    """Take the files as they are, where they can be.

    What is remote is read once to see that it is whole, for it may never be had again; else Clean sees it.
    """
    if source.path is None or source.kind != "parquet":
        return False
    if any(source.columns.keys() & files.folders(file) for file in found):
        return False
    schemas = parquet.schemas(found, columns)
    if not parquet.as_they_are(found, schemas):
        return False
    for file, schema in zip(found, schemas, strict=True):
        if source.remote:
            deque(parquet.read(file, columns), maxlen=0)
        landing.copy(file, schema, pq.read_metadata(file).num_rows)
    return True


def _outcome(job: Job, source: Source, about: Apart, rows: int) -> Outcome:
    """Leave beside the parts what else was found; what a person should know of it."""
    _write_columns(job.output, about.found)
    told = []
    ignored = [name for name in about.found if name not in source.columns]
    if ignored:
        told.append(f"columns of {job.inputs['raw'].name} that the problem file does not name: {', '.join(ignored)}")
    if about.ragged:
        (job.output / RAGGED).write_text("\n".join(sorted(about.ragged)) + "\n")
        told.append(f"{len(about.ragged):,} lines skipped for having more or fewer values than columns: {RAGGED}")
    if about.untold:
        told.append(f"{about.untold:,} rows belong to no day: their {source.time} is no time")
    return Outcome(rows_in=about.rows if job.part.keys() & {"day", "as_of"} else None, rows_out=rows, notes=told)


def _write_columns(folder: Path, found: dict[str, str]) -> None:
    (folder / FOUND).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
