"""Rows of one table matched to those of another by key, without a merge: keys are numbered, and looked up in arrays.

The other table has each key once. Of each of its key columns the distinct values are numbered; a row's numbers together
are a place in an array that says which row of the other table that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import values
from pipeline.errors import DataError
from pipeline.values import Coded

Places = npt.NDArray[np.int64]
DENSE = 1 << 25
"""The most places of an array of its own; where there may be more keys, they are searched for."""

MOST = 2**63 - 1
"""Combinations that an int64 can number."""


@dataclass(frozen=True)
class Numbers:
    """Numbers or times: the distinct ones in order, and where all are whole steps from the first, that step."""

    known: npt.NDArray[Any]
    step: int
    places: Places

    def numbered(self, column: npt.NDArray[Any]) -> Places:
        """The number of each value; -1 for one that is not known."""
        if not len(self.known):
            return np.full(len(column), -1)
        if not self.step:
            found = np.searchsorted(self.known, column).clip(max=len(self.known) - 1)
            return np.where(self.known[found] == column, found, -1)
        with np.errstate(invalid="ignore"):  # NaN, which is none of the known
            past = column.astype("int64", copy=False) - int(self.known[0])
        steps = past // self.step
        inside = (steps * self.step == past) & (steps >= 0) & (steps < len(self.places))
        if column.dtype.kind == "f":
            inside &= column == np.floor(column)
        return np.where(inside, self.places[np.where(inside, steps, 0)], -1)


@dataclass(frozen=True)
class Texts:
    """Texts: the distinct ones."""

    levels: list[str]

    def numbered(self, column: Coded) -> Places:
        """The number of each value; -1 for one that is not known."""
        return column.places(self.levels)[column.codes]


@dataclass(frozen=True)
class Keys:
    """The keys of a table, each the key of one row."""

    columns: tuple[Numbers | Texts, ...]
    sizes: tuple[int, ...]
    known: Places
    """The combined numbers in order, or where an array of all has room, none."""
    rows: Places
    """The row of each of ``known``, or of each combination."""

    def match(self, columns: Sequence[Any]) -> Places:
        """The row that each key names; -1 where none does. ``columns`` has the key's columns in their order."""
        together = combined(
            [one.numbered(column) for one, column in zip(self.columns, columns, strict=True)], self.sizes
        )
        if not len(self.rows):
            return np.full(len(together), -1)
        if not len(self.known):
            return np.where(together < 0, -1, self.rows[together])
        found = np.searchsorted(self.known, together).clip(max=len(self.known) - 1)
        return np.where(self.known[found] == together, self.rows[found], -1)


def keys(columns: Sequence[Any]) -> Keys:
    """The keys of a table, from the columns of the key; a row without a whole key is found by none.

    Raises:
        DataError: the values of the columns have more combinations than there are numbers.
    """
    numbers = [Texts(column.used()) if isinstance(column, Coded) else _numbers(column) for column in columns]
    sizes = tuple(len(one.levels) if isinstance(one, Texts) else len(one.known) for one in numbers)
    room = reduce(lambda one, other: one * other, sizes)
    if room > MOST:
        raise DataError(
            f"The values of a key's columns may have at most {MOST:,} combinations, and columns of"
            f" {', '.join(f'{size:,}' for size in sizes)} values have {room:,}. Join or look up by fewer columns."
        )
    together = combined([one.numbered(column) for one, column in zip(numbers, columns, strict=True)], sizes)
    row = np.flatnonzero(together >= 0)
    if room <= DENSE:
        rows = np.full(room, -1)
        rows[together[row]] = row
        return Keys(tuple(numbers), sizes, np.empty(0, np.int64), rows)
    order = np.argsort(together[row], kind="stable")
    return Keys(tuple(numbers), sizes, together[row][order], row[order])


def combined(numbered: Sequence[Places], sizes: Sequence[int]) -> Places:
    """One number for the numbers of several columns; -1 where one of them is."""
    together = numbered[0]
    for numbers, size in zip(numbered[1:], sizes[1:], strict=True):
        together = np.where((together < 0) | (numbers < 0), -1, together * size + numbers)
    return together


def _numbers(column: npt.NDArray[Any]) -> Numbers:
    known = values.distinct(column[values.told(column)])
    whole = known.astype("int64")
    if not len(known) or (known != whole).any():
        return Numbers(known, 0, np.empty(0, np.int64))
    step = int(np.gcd.reduce(np.diff(whole))) or 1
    room = (int(whole[-1]) - int(whole[0])) // step + 1
    if room > DENSE:
        return Numbers(known, 0, np.empty(0, np.int64))
    places = np.full(room, -1)
    places[(whole - whole[0]) // step] = np.arange(len(known))
    return Numbers(known, step, places)
