"""Describe: what a source holds, column by column, and how far that is from the snapshot before.

``profile.json`` has the numbers, ``data.html`` is the page for people. A text is told by its length.
"""

import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bundle import profile
from bundle.profile import Bins
from pipeline import data_page, drift, schema_diff, seen, tables, violations
from pipeline.data_profile import NAME, ColumnProfile, DataProfile, Period
from pipeline.drift import Rule
from pipeline.job import Job, Outcome
from pipeline.problem import Monitoring, Source
from pipeline.reading import Flags
from pipeline.seen import Numbers, Seen
from pipeline.sources.columns import FOUND
from pipeline.violations import Violations

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
BARS = 24
"""Bars of a histogram, the outer two of which have all that is beyond the 1st and the 99th percentile."""
PERIODS = 40
"""At most so many periods of equal length are told apart."""
DAY_US = 86_400_000_000

Days = dict[int, int]
"""How many rows, by days since 1970."""


@dataclass(frozen=True)
class Counted:
    """What was counted in some parts: the columns, the rows of each day, and those among them without a value."""

    columns: dict[str, Seen]
    days: Days
    missing: dict[str, Days]

    def __add__(self, other: "Counted") -> "Counted":
        missing = {name: _sum(days, other.missing[name]) for name, days in self.missing.items()}
        return Counted(seen.merged(self.columns, other.columns), _sum(self.days, other.days), missing)


def describe(job: Job) -> Outcome:
    """Tell what one source holds; where there was a snapshot before, also what changed."""
    [(name, source)] = job.problem.sources.items()
    before = job.part.get("before")
    earlier = DataProfile.read(job.data / before["path"]) if before else None
    counted = count(job.inputs["cleaned"], source, f"describing {name}")
    described = Violations.model_validate_json((job.inputs["cleaned"] / violations.NAME).read_bytes())
    kinds = json.loads((job.inputs["raw"] / FOUND).read_text())
    made = profiled(source, counted, described, kinds)
    if earlier:
        rule = Rule(job.problem.monitoring.max_psi, job.problem.monitoring.level)
        made = compared(made, earlier, counted, rule)
    (job.output / NAME).write_text(made.model_dump_json(indent=1) + "\n")
    data_page.write(job.output / data_page.NAME, name, made, described, earlier)
    notes = [*made.changes, *(one.moved for one in made.columns if one.moved)]
    return Outcome(rows_in=described.kept, notes=notes)


def refused(job: Job, described: Violations, broken: list[str], page: Path) -> None:
    """Write the page of a source that Clean refuses: of the rows that it did not set aside, and why it refuses them."""
    [(name, source)] = job.problem.sources.items()
    before = schema_diff.newest(job.final.parents[2] / "describe" / name)
    earlier = DataProfile.read(before[0]) if before else None
    counted = count(job.output, source, f"describing {name}")
    made = profiled(source, counted, described, json.loads((job.inputs["raw"] / FOUND).read_text()))
    if earlier:
        usual = Monitoring()  # what the problem file says of it is no setting of Clean
        made = compared(made, earlier, counted, Rule(usual.max_psi, usual.level))
    data_page.write(page, name, made, described, earlier, broken)


def count(cleaned: Path, source: Source, what: str) -> Counted:
    """Count what the cleaned rows hold, some parts at a time."""
    return tables.added(tables.slices(cleaned / "rows"), partial(of_part, source=source), Counted.__add__, what)


def of_part(_: int, part: tables.Part, source: Source) -> Counted:
    """Count what one part holds."""
    table = tables.load(part)
    columns = {name: of_column(table[name]) for name in source.columns}
    if source.time is None:
        return Counted(columns, {}, {})
    there = _there(table[source.time])
    days = table[source.time].cast(pa.int64()).fill_null(0).to_numpy() // DAY_US
    missing = {
        name: _by_day(days[there & ~_there(table[name])]) if table[name].null_count else {} for name in source.columns
    }
    return Counted(columns, _by_day(days[there]), missing)


def of_column(column: pa.ChunkedArray) -> Seen:
    """What a column of a part holds: a time in days since 1970, a text in characters."""
    if pa.types.is_timestamp(column.type):
        return seen.of_numbers(np.asarray(column.cast(pa.int64()).to_numpy() / DAY_US, "float32"))
    if pa.types.is_string(column.type):
        return seen.of_numbers(seen.floats(pc.utf8_length(column)))
    return seen.of_column(column, "category" if pa.types.is_dictionary(column.type) else "number")


def profiled(source: Source, counted: Counted, described: Violations, kinds: schema_diff.Kinds) -> DataProfile:
    """The profile of what was counted."""
    starts = _starts(counted.days)
    columns = tuple(
        _column(name, source.columns[name].type, one, _summed(counted.missing.get(name, {}), starts))
        for name, one in counted.columns.items()
    )
    periods = tuple(
        Period(start=start, rows=rows) for start, rows in zip(starts, _summed(counted.days, starts), strict=True)
    )
    return DataProfile(rows=described.kept, kinds=kinds, time=source.time, periods=periods, columns=columns)


def compared(made: DataProfile, earlier: DataProfile, counted: Counted, rule: Rule) -> DataProfile:
    """The profile with what changed since an earlier one. What has another type is not compared, nor is a time."""
    known = {one.name: one for one in earlier.columns}
    comparable = [
        one for one in made.columns if one.type != "time" and one.name in known and known[one.name].type == one.type
    ]
    references = [(known[one.name].bins, known[one.name].shares) for one in comparable]
    now = [_counts(counted.columns[bins.name], bins) for bins, _ in references]
    drifts = {one.name: one for one in drift.compare(references, now, rule)}
    columns = tuple(one.model_copy(update={"drift": drifts.get(one.name)}) for one in made.columns)
    changes = tuple(schema_diff.changes(earlier.kinds, made.kinds))
    return made.model_copy(update={"columns": columns, "changes": changes, "rows_before": earlier.rows})


def _column(name: str, kind: str, one: Seen, missing_by_period: list[int]) -> ColumnProfile:
    bins = _bins(name, one)
    facts = ColumnProfile(
        name=name,
        type=kind,
        missing=one.missing,
        distinct=one.distinct,
        counted_exactly=not (one.dropped if isinstance(one, Numbers) else one.others),
        names_rows=kind != "text" and one.is_id(),
        missing_by_period=tuple(missing_by_period),
        bins=bins,
        shares=profile.shares(_counts(one, bins)),
    )
    if not isinstance(one, Numbers):
        return facts.model_copy(update={"top": tuple(one.ranked(profile.LEVELS))})
    if not one.distinct:
        return facts
    quantiles = tuple(float(value) for value in profile.quantiles(one.counts, QUANTILES))
    edges, bars = _histogram(one)
    return facts.model_copy(update={"quantiles": quantiles, "edges": edges, "bars": bars})


def _bins(name: str, one: Seen) -> Bins:
    if isinstance(one, Numbers):
        return Bins(name=name, kind="number", edges=profile.decile_edges(one.counts), rows=one.rows)
    levels = tuple(level for level, _ in one.ranked(profile.LEVELS))
    return Bins(name=name, kind="category", levels=levels, rows=one.rows)


def _counts(one: Seen, bins: Bins) -> npt.NDArray[np.int64]:
    """How many rows are in each of the bins."""
    if isinstance(one, Numbers):
        values, times = one.counts
        places = np.searchsorted(bins.edges, values, side="left")
        inside = np.bincount(places, weights=times, minlength=len(bins.edges) + 1)
        return np.append(inside, one.missing).astype("int64")
    known = [one.levels[level] for level in bins.levels]
    return np.array([*known, one.rows - one.missing - sum(known), one.missing], "int64")


def _histogram(one: Numbers) -> tuple[tuple[float, ...], tuple[int, ...]]:
    values, times = one.counts
    low, high = profile.quantiles(one.counts, (0.01, 0.99))
    if one.distinct <= BARS:  # a bar a value
        return tuple(values.tolist()), tuple(times.tolist())
    edges = np.linspace(low, high if high > low else low + 1, BARS + 1)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BARS - 1)
    return tuple(edges.tolist()), tuple(np.bincount(places, weights=times, minlength=BARS).astype(int).tolist())


def _there(column: pa.ChunkedArray) -> Flags:
    return np.asarray(column.is_valid())


def _by_day(days: npt.NDArray[np.int64]) -> Days:
    found, rows = np.unique(days, return_counts=True)
    return dict(zip(found.tolist(), rows.tolist(), strict=True))


def _sum(one: Days, other: Days) -> Days:
    return dict(Counter(one) + Counter(other))


def _starts(days: Days) -> list[int]:
    """The first day of each period, in days since 1970."""
    if not days:
        return []
    first, last = min(days), max(days)
    return list(range(first, last + 1, max(1, -(-(last + 1 - first) // PERIODS))))


def _summed(days: Days, starts: list[int]) -> list[int]:
    """The rows of each period."""
    if not starts:
        return []
    places = np.searchsorted(starts, list(days), side="right") - 1
    rows: list[int] = np.bincount(places, weights=list(days.values()), minlength=len(starts)).astype(int).tolist()
    return rows
