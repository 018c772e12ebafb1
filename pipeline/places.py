"""Which split each row belongs to: by its time, by a digest of what it is, or drawn.

A rule looks at the columns that decide, part by part, and gives a number for each row: the place of its split in
``SPLITS``, or ``ASIDE``. It never depends on which part a row lies in.
"""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline import occurrences, row_hash, tables, values
from pipeline.errors import DataError
from pipeline.occurrences import Hashing
from pipeline.problem import ByHash, ByRandom, ByTime, Problem
from pipeline.problem.split import LENGTH, Begin
from pipeline.row_hash import Hashes

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST, ASIDE = range(4)
BINS = 65_536
"""A share of the rows in time is told to the bin: of so many, all of one length."""

Places = npt.NDArray[np.uint8]
Rule = Callable[[int, pa.Table], Places]
"""The number of a part, and the columns of it that decide."""


def rule_of(problem: Problem, files: Sequence[Path], as_of: date | None) -> tuple[list[str], Rule]:
    """The columns that decide, and the rule.

    Raises:
        DataError: a row has no time, or no group, where these decide.
    """
    split = problem.split
    if split.group:
        _refuse(_missing(files, split.group), split.group, "group")
    if isinstance(split, ByTime):
        rule = _by_time(split.time, bounds(split, files, as_of))
        if split.group is None:
            return [split.time], rule
        return [split.time, split.group], _newcomers(rule, files, split.time, split.group)
    if isinstance(split, ByRandom):
        return _drawn(split, files, *_identified(problem, files, problem.seed))
    names, hashes = _identified(problem, files)
    return names, lambda number, part: by_hash(split, hashes(number, part))


def bounds(split: ByTime, files: Sequence[Path], as_of: date | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    """When validation and the hold-out begin.

    Raises:
        DataError: a row has no time.
    """
    extents = [tables.extent(path, split.time) for path in files]
    _refuse(sum(missing for _, missing in extents), split.time, "time")
    spans = [span for span, _ in extents if span]
    first, last = min(low for low, _ in spans), max(high for _, high in spans)
    newest = pd.Timestamp(last, unit="us", tz="UTC").tz_convert(split.time_zone)
    end = pd.Timestamp(as_of) if as_of else newest.tz_localize(None).normalize() + pd.Timedelta(days=1)
    later = _later(files, split.time, first, last)

    def begin(given: Begin, end: pd.Timestamp, until: pd.Timestamp | None) -> pd.Timestamp:
        if isinstance(given, float):
            return later(given, until)
        if found := LENGTH.fullmatch(str(given)):
            given = back(end, int(found[1]), found[2])
        return pd.Timestamp(str(given)).tz_localize(split.time_zone, ambiguous=True, nonexistent="shift_forward")

    test = begin(split.test, end, None)
    return begin(split.validation, test.tz_convert(split.time_zone).tz_localize(None), test), test


def back(end: pd.Timestamp, count: int, unit: str) -> date:
    """The day that many days, weeks, months or years before ``end``."""
    days, months = {"day": (1, 0), "week": (7, 0), "month": (0, 1), "year": (0, 12)}[unit]
    start: pd.Timestamp = end - pd.DateOffset(months=count * months, days=count * days)
    return start.date()


def _later(
    files: Sequence[Path], time: str, first: int, last: int
) -> Callable[[float, pd.Timestamp | None], pd.Timestamp]:
    """The moment from which on there is a given share of the rows, of those before a moment if one is given."""
    width = (last - first) // BINS + 1

    def count(_: int, path: Path) -> npt.NDArray[np.int64]:
        return np.bincount((_times(tables.load(path, [time]), time) - first) // width, minlength=BINS)

    def later(share: float, until: pd.Timestamp | None) -> pd.Timestamp:
        counted = sum(tables.over(files, count, "counting times"), np.zeros(BINS, np.int64))
        on = np.append(np.cumsum(counted[::-1])[::-1], 0) / counted.sum()
        place = BINS if until is None else min(max((_microseconds(until) - first) // width, 0), BINS)
        return pd.Timestamp(first + width * int(np.argmin(np.abs(on - on[place] - share))), unit="us", tz="UTC")

    return later


def _by_time(time: str, starts: tuple[pd.Timestamp, pd.Timestamp]) -> Rule:
    edges = np.array([_microseconds(start) for start in starts])

    def rule(_: int, part: pa.Table) -> Places:
        return np.searchsorted(edges, _times(part, time), side="right").astype(np.uint8)

    return rule


def _newcomers(rule: Rule, files: Sequence[Path], time: str, group: str) -> Rule:
    """The same, but for groups that an earlier split has: their later rows are set aside."""

    def look(number: int, path: Path) -> list[Hashes]:
        part = tables.load(path, [time, group])
        places, groups = rule(number, part), row_hash.of_rows(part, [group])
        return [values.distinct(groups[places == place]) for place in (TRAIN, VALIDATION)]

    looked = tables.over(files, look, f"looking at each {group}")
    train, validation = (values.distinct(np.concatenate(found)) for found in zip(*looked, strict=True))

    def newcomers(number: int, part: pa.Table) -> Places:
        places, groups = rule(number, part), row_hash.of_rows(part, [group])
        known = ((places > TRAIN) & np.isin(groups, train)) | ((places == TEST) & np.isin(groups, validation))
        return np.where(known, ASIDE, places).astype(np.uint8)

    return newcomers


def _identified(problem: Problem, files: Sequence[Path], seed: int = 0) -> tuple[list[str], Hashing]:
    """The columns that tell which rows must lie together, and what gives these the same number, and others another."""
    group = problem.split.group
    if problem.equals_apart and not group:
        names = [*problem.identity(), tables.TARGET]
        return names, occurrences.told_apart(files, names, seed)
    names = [group] if group else problem.identity()
    return names, lambda _, part: row_hash.of_rows(part, names, seed)


def by_hash(split: ByHash, hashed: Hashes) -> Places:
    """The splits of rows by their digests."""
    edges = np.array([split.test * 2.0**64, (split.test + split.validation) * 2.0**64]).astype(np.uint64)
    return _below(hashed, edges)


def _drawn(split: ByRandom, files: Sequence[Path], names: list[str], hashes: Hashing) -> tuple[list[str], Rule]:
    """Eight bytes for each row are held in memory."""
    columns = list(dict.fromkeys([*names, *([tables.TARGET] if split.stratify else [])]))

    def look(number: int, path: Path) -> dict[str, Hashes]:
        part = tables.load(path, columns)
        hashed, answers = hashes(number, part), _answers(part, split)
        return {answer: hashed[rows] for answer, rows in answers.items()}

    looked = tables.over(files, look, "drawing")
    edges = {
        answer: _edges_of(np.concatenate([part[answer] for part in looked if answer in part]), split)
        for answer in sorted({answer for part in looked for answer in part})
    }

    def rule(number: int, part: pa.Table) -> Places:
        hashed = hashes(number, part)
        places = np.zeros(len(hashed), np.uint8)
        for answer, rows in _answers(part, split).items():
            places[rows] = _below(hashed[rows], edges[answer])
        return places

    return columns, rule


def _edges_of(hashed: Hashes, split: ByRandom) -> Hashes:
    """Below which numbers a row is held out, and below which it is not trained on; equal ones stay together."""
    numbers, counts = np.unique(hashed, return_counts=True)
    reached = np.cumsum(counts)
    rows = len(hashed)
    test = max(1, round(split.test * rows))
    wanted = [test, max(test + 1, round((split.test + split.validation) * rows))]
    return np.append(numbers, np.uint64(2**64 - 1))[np.searchsorted(reached, np.minimum(wanted, rows)) + 1]


def _answers(part: pa.Table, split: ByRandom) -> dict[str, npt.NDArray[np.int64]]:
    """The rows of each answer; all rows together where the answer does not matter."""
    if not split.stratify:
        return {"": np.arange(part.num_rows)}
    found = pd.Series(part[tables.TARGET].to_numpy()).groupby(part[tables.TARGET].to_numpy()).indices
    return {str(answer): np.asarray(rows, np.int64) for answer, rows in found.items()}


def _below(hashed: Hashes, edges: Hashes) -> Places:
    return np.where(hashed < edges[0], TEST, np.where(hashed < edges[1], VALIDATION, TRAIN)).astype(np.uint8)


def _times(part: pa.Table, time: str) -> npt.NDArray[np.int64]:
    return np.asarray(part[time].combine_chunks().cast(pa.timestamp("us", "UTC")).cast(pa.int64()), np.int64)


def _microseconds(moment: pd.Timestamp) -> int:
    return int(moment.to_datetime64().astype("datetime64[us]").astype("int64"))


def _missing(files: Sequence[Path], column: str) -> int:
    return sum(tables.over(files, lambda _, path: tables.load(path, [column])[column].null_count, "looking"))


def _refuse(missing: int, column: str, what: str) -> None:
    if missing:
        raise DataError(
            f"Every row must have its {what}, by which rows are split, and in {missing:,} rows {column} is missing. "
            f"Set {column} to missing = 'reject' in its source, or split by another column."
        )
