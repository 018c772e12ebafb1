"""What a column holds over all parts: its values with how often each comes, in memory that rows do not grow.

Up to ``DISTINCT`` different numbers are counted exactly. Beyond, neighbours are counted together: numbers that agree in
all but the last bits of a float32, one bit more at a time until as few are left (the uniform collapse of UDDSketch,
Epicoco et al. 2020). A quantile is told to within a part of 2 ** (``dropped`` - 24) of itself. How many bits go depends
on the values alone: counts may be put together in any order, from any parts, and are the same.

Up to ``LEVELS`` different texts are counted exactly. Beyond, the rare ones go, and all others are counted too low by
the same (the mergeable summary of Misra and Gries: Agarwal et al. 2012): by at most a ``LEVELS``-th of all rows.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bundle.profile import Bins, Counts
from pipeline import drift, tables

DISTINCT = 16_384
LEVELS = 1_000_000
SIGN = np.uint32(1 << 31)
ID = 0.95
"""The share of rows with a value of their own from which on a column names rows."""
LEAST_ROWS = 100

Held = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Numbers:
    """Counted numbers.

    Attributes:
        keys: the first bits of each, in ascending order.
        times: how often each came.
        dropped: how many bits the keys are short of.
        missing: how many rows have none.
        whole: whether all are whole numbers.
    """

    keys: npt.NDArray[np.uint32]
    times: npt.NDArray[np.int64]
    dropped: int
    missing: int
    whole: bool

    def __add__(self, other: "Numbers") -> "Numbers":
        dropped = max(self.dropped, other.dropped)
        keys = [one.keys >> np.uint32(dropped - one.dropped) for one in (self, other)]
        held = _together(np.concatenate(keys), np.concatenate([self.times, other.times]))
        return _collapsed(held, dropped, self.missing + other.missing, whole=self.whole and other.whole)

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return int(self.times.sum()) + self.missing

    @property
    def distinct(self) -> int:
        """How many different numbers there are; at least so many, where neighbours are counted together."""
        return len(self.keys)

    @property
    def counts(self) -> Counts:
        """The numbers and how often each came."""
        middle = np.uint32((1 << self.dropped) >> 1)
        return _value((self.keys << np.uint32(self.dropped)) | middle), self.times

    def is_id(self) -> bool:
        """Whether it numbers the rows: whole numbers without many gaps, and hardly a row has one that comes twice."""
        rows = int(self.times.sum())
        if rows < LEAST_ROWS or not self.whole:
            return False
        low, high = (_value((self.keys + np.uint32(more)) << np.uint32(self.dropped)) for more in (0, 1))
        once = self.times <= np.maximum(np.ceil(high - low), 1)
        return bool(low[-1] - low[0] < 2 * rows and self.times[once].sum() >= ID * rows)


@dataclass(frozen=True)
class Texts:
    """Counted texts; ``others`` are the rows that no level counts any more."""

    levels: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    others: int = 0

    def __add__(self, other: "Texts") -> "Texts":
        levels = self.levels.copy()
        levels.update(other.levels)
        others = self.others + other.others
        if len(levels) > LEVELS:
            before, place = levels.total(), len(levels) - 1 - LEVELS
            least = int(np.partition(np.fromiter(levels.values(), np.int64), place)[place])
            levels = Counter({level: times - least for level, times in levels.items() if times > least})
            others += before - levels.total()
        return Texts(levels, self.missing + other.missing, others)

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return self.levels.total() + self.others + self.missing

    @property
    def distinct(self) -> int:
        """How many different texts there are, of those that are still counted."""
        return len(self.levels)

    def ranked(self, most: int) -> list[tuple[str, int]]:
        """The ``most`` frequent texts, the most frequent first."""
        return heapq.nsmallest(most, self.levels.items(), key=lambda item: (-item[1], item[0]))

    def is_id(self) -> bool:
        """Whether it names the rows: hardly a text comes twice."""
        rows = self.levels.total() + self.others
        return rows >= LEAST_ROWS and self.distinct >= ID * rows


Seen = Numbers | Texts
Load = Callable[[tables.Part, list[str]], pa.Table]
"""What gives the named columns of a part, each as one chunk and texts dictionary-encoded."""


def look(folder: Path, kinds: dict[str, str], what: str, load: Load) -> dict[str, Seen]:
    """What each column of a table holds; ``kinds`` says which are numbers."""

    def work(_: int, part: tables.Part) -> dict[str, Seen]:
        table = load(part, list(kinds))
        return {name: of_column(table[name], kind) for name, kind in kinds.items()}

    return tables.added(tables.slices(folder), work, merged, what)


def merged(one: dict[str, Seen], other: dict[str, Seen]) -> dict[str, Seen]:
    """Both together."""
    return {name: one[name] + other[name] for name in one}  # type: ignore[operator] # of one kind in both


def of_column(column: pa.ChunkedArray, kind: str) -> Seen:
    """What a column of a part holds."""
    if kind == "number":
        return of_numbers(floats(column))
    array = coded(column)
    times = np.bincount(pc.drop_null(array.indices).to_numpy(), minlength=len(array.dictionary))
    levels = {level: int(count) for level, count in zip(array.dictionary.to_pylist(), times, strict=True) if count}
    return Texts(Counter(levels), array.null_count) + Texts()


def coded(column: pa.ChunkedArray) -> Any:
    """A column of texts as one array of codes and their dictionary."""
    array = column.combine_chunks()
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def codes(array: Any) -> npt.NDArray[np.int64]:
    """The place of each value of a coded column in its dictionary, and one more for a missing one."""
    return np.asarray(pc.fill_null(array.indices, len(array.dictionary)))


def floats(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    """A column of numbers; NaN is missing."""
    return np.asarray(column.to_numpy(), "float32")


def places(bins: Sequence[Bins], column: pa.ChunkedArray) -> list[npt.NDArray[np.int64]]:
    """The bin of each value of a column in each of ``bins``, which are of one kind.

    A value is looked at once for all of them: numbers between two edges, of whichever bins, have their bins in common,
    and so have equal texts.
    """
    if bins[0].kind == "number":
        edges = np.unique(np.concatenate([one.edges for one in bins]))
        found = drift.places(Bins(name="", kind="number", edges=tuple(edges)), floats(column))
        each = np.array([*edges, np.inf, np.nan])
    else:
        array = coded(column)
        found, each = codes(array), np.array([*array.dictionary.to_pylist(), ""], object)
    return [drift.places(one, each)[found] for one in bins]


def of_numbers(values: npt.NDArray[np.float32]) -> Numbers:
    """What numbers hold; NaN is missing."""
    there = values[~np.isnan(values)] + np.float32(0)  # minus zero is zero
    bits = there.view(np.uint32)
    keys = np.sort(np.where(bits & SIGN, ~bits, bits | SIGN))
    whole = bool((there == np.floor(there)).all())
    held = _together(keys, np.ones(len(keys), np.int64))
    return _collapsed(held, 0, len(values) - len(there), whole=whole)


def _value(keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    return np.where(keys & SIGN, keys ^ SIGN, ~keys).astype(np.uint32).view(np.float32).astype("float64")


def _together(keys: npt.NDArray[np.uint32], times: npt.NDArray[np.int64]) -> Held:
    """Equal keys as one, in ascending order."""
    order = np.argsort(keys, kind="stable") if (keys[1:] < keys[:-1]).any() else slice(None)
    keys, times = keys[order], times[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.empty(0, np.int64)
    return keys[first], np.add.reduceat(times, first) if len(keys) else times


def _collapsed(held: Held, dropped: int, missing: int, *, whole: bool) -> Numbers:
    while len(held[0]) > DISTINCT:
        held = _together(held[0] >> np.uint32(1), held[1])
        dropped += 1
    return Numbers(*held, dropped, missing, whole)
