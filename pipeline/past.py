"""What was seen of a group in the days before a row's own: point in time, in the pipeline and inside the model.

A row sees whole days, and none from its own on: of a group and a day, the days before that within the window, as far as
they are known by then. Partial sums by group and day are made part by part; the statistics of all windows come from
their running totals. A day after the last one sees what was newest.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import civil, expressions, matching, tables, values
from pipeline.errors import DataError
from pipeline.problem import Past, Problem
from pipeline.tables import Part
from pipeline.values import Coded

FOLDER = "past"
DENSE = 1 << 22
"""The most groups and days of a part that are added up in an array of all."""
MOST = 20_000_000
"""Values of groups and days, each 4 bytes inside the model."""


@dataclass(frozen=True)
class Window:
    """One statistic of each group for each day on which it is looked up.

    Attributes:
        levels: the known values of each column that makes a group.
        groups: int32, for each combination of these the row of ``statistic``, the last one for a group never seen.
        first: the day number of the first column of ``statistic``, which sees nothing yet.
        statistic: float32 [groups + 1, days].
    """

    levels: tuple[list[str], ...]
    groups: npt.NDArray[np.int32]
    first: int
    statistic: npt.NDArray[np.float32]

    def of(self, columns: Sequence[Coded], days: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The statistic for the groups of rows on their days."""
        numbered = [column.places(levels)[column.codes] for column, levels in zip(columns, self.levels, strict=True)]
        together = combined(numbered, self.levels, len(days))
        unknown = len(self.statistic) - 1
        rows = np.where(together < 0, unknown, self.groups[together])
        width = self.statistic.shape[1]
        found: npt.NDArray[np.float32] = self.statistic.take(
            rows * width + np.clip(days - self.first, 0, width - 1).astype("int32")
        )
        return found


@dataclass(frozen=True)
class Sums:
    """What the rows of a part add up to, for each group and day that it has rows of.

    Attributes:
        groups: the value of each column that makes a group.
        days: int64, the day numbers.
        rows: int64, how many rows count.
        totals: float64, the sums of their values, or of ones where nothing is summed.
    """

    groups: tuple[Coded, ...]
    days: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    totals: npt.NDArray[np.float64]


def combined(numbered: Sequence[matching.Places], levels: Sequence[list[str]], rows: int) -> matching.Places:
    """The combination that each row has; without columns all rows are of one group."""
    return matching.combined(numbered, [len(one) for one in levels]) if numbered else np.zeros(rows, np.int64)


def learn(problem: Problem, folder: Path) -> dict[str, Window]:
    """The windows that a problem file asks for, from the cleaned table in ``folder``."""
    asked = problem.features.past
    if not asked:
        return {}
    source = problem.sources[problem.table]
    zone = civil.zone(problem.features.time_zone)
    read = {name for past in asked.values() for name in (*past.by, *(expressions.columns(past.of) if past.of else ()))}
    needed = [name for name in source.columns if name in read | {source.time}]

    def work(_: int, part: Part) -> dict[str, Sums]:
        table = tables.load(part, needed)
        columns = {name: values.of_array(tables.one_chunk(table[name])) for name in needed}
        days = civil.Moment(columns[str(source.time)], zone, np).days
        known = values.told(columns[str(source.time)])
        return {name: sums(past, columns, np.where(known, days, np.nan), zone) for name, past in asked.items()}

    done = tables.over(tables.slices(folder), work, "adding up the past")
    return {name: window(name, past, [sums[name] for sums in done], source.known_after) for name, past in asked.items()}


def sums(past: Past, columns: dict[str, Any], days: npt.NDArray[Any], zone: civil.Zone) -> Sums:
    """What the rows of a part add up to, those that have all that is asked for."""
    groups: list[Coded] = [columns[name] for name in past.by]
    told = ~np.isnan(days) & reduce(np.logical_and, map(values.told, groups), np.ones(len(days), bool))
    number = None
    if past.of:
        found, has = values.value(past.of, columns, zone)
        number = np.asarray(found, "float64")
        told &= has & np.isfinite(number)
    day = days[told].astype("int64")
    first, span = (int(day.min()), int(np.ptp(day)) + 1) if len(day) else (0, 1)
    sizes = [*(len(group.levels) for group in groups), span]
    together = reduce(
        lambda one, other: one * other[0] + other[1],
        zip(sizes, [*(group.codes[told] for group in groups), day - first], strict=True),
        np.zeros(len(day), np.int64),
    )
    if math.prod(sizes) > DENSE:
        seen, together = np.unique(together, return_inverse=True)
    else:
        seen = np.arange(math.prod(sizes))
    rows = np.bincount(together, minlength=len(seen))
    weights = number[told] if number is not None else None
    totals = np.asarray(np.bincount(together, weights, len(seen)), "float64")
    some = np.flatnonzero(rows)
    *places, day = np.unravel_index(seen[some], sizes)
    coded = tuple(Coded(codes.astype("int32"), group.levels) for group, codes in zip(groups, places, strict=True))
    return Sums(coded, day + first, rows[some], totals[some])


def window(name: str, past: Past, parts: Sequence[Sums], known_after: int) -> Window:
    """The statistics of all windows, from the sums of all parts.

    Raises:
        DataError: there are more groups and days than a model may hold.
    """
    columns = list(zip(*(part.groups for part in parts), strict=True))
    levels = tuple(sorted({level for one in column for level in one.used()}) for column in columns)
    day, rows, totals = (np.concatenate([getattr(part, name) for part in parts]) for name in ("days", "rows", "totals"))
    room = math.prod(map(len, levels))
    numbered = [
        np.concatenate([one.places(known)[one.codes] for one in column])
        for column, known in zip(columns, levels, strict=True)
    ]
    together = combined(numbered, levels, len(day))
    seen = values.distinct(together)
    first, days = (int(day.min()), int(np.ptp(day)) + 1) if len(day) else (0, 1)
    if max(room, (len(seen) + 1) * (days + 1)) > MOST:
        raise DataError(
            f"features.past.{name} may hold at most {MOST:,} values, and {len(seen):,} groups on {days:,} days"
            f" (of {room:,} possible groups) are more. Group by a column with fewer values."
        )
    groups = np.full(room, len(seen), np.int32)
    groups[seen] = np.arange(len(seen))
    cells = groups[together].astype("int64") * (days + 1) + day - first + 1

    def within(counted: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """What the window of each group and day adds up to."""
        added_up = np.bincount(cells, counted, (len(seen) + 1) * (days + 1))
        total = np.asarray(added_up, "float64").reshape(-1, days + 1)
        np.cumsum(total, axis=1, out=total)
        if past.window:
            total[:, past.window :] -= total[:, : max(0, days + 1 - past.window)].copy()
        return total

    if past.statistic == "mean":
        count = within(rows)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.where(count > 0, within(totals) / count, np.nan)
    else:
        found = within(rows if past.statistic == "count" else totals)
    return Window(levels, groups, first + known_after, found.astype("float32"))


def write(windows: dict[str, Window], folder: Path) -> None:
    """Leave the windows in ``folder``, for the model to have them inside."""
    for name, one in windows.items():
        home = folder / FOLDER / name
        home.mkdir(parents=True)
        (home / "groups.json").write_text(json.dumps({"first": one.first, "levels": one.levels}) + "\n")
        np.save(home / "groups.npy", one.groups)
        np.save(home / "statistic.npy", one.statistic)


def read(folder: Path, name: str) -> Window:
    """A window that Features left in ``folder``."""
    home = folder / FOLDER / name
    told = json.loads((home / "groups.json").read_text())
    groups, statistic = (np.load(home / f"{one}.npy", allow_pickle=False) for one in ("groups", "statistic"))
    return Window(tuple(told["levels"]), groups, told["first"], statistic)
