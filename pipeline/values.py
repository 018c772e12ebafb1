"""Expressions over the columns of a table: NumPy's side of what ``preprocessing`` does with tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline import civil, expressions

Array = npt.NDArray[Any]
MISSING_TIME = np.iinfo(np.int64).min
"""What stands for a time that is missing, among int64 seconds."""
Single = tuple[Any, npt.NDArray[np.bool_]]
"""A column as features are computed of it, and which rows have a value."""


@dataclass(frozen=True, eq=False)
class Coded:
    """A category: for each row the place of its value in ``levels``, or -1 where it is missing."""

    codes: npt.NDArray[np.int32]
    levels: list[str]

    def __eq__(self, other: object) -> Array:  # type: ignore[override] # row by row, as arrays do
        """Where the value is a text, or that of another category."""
        if isinstance(other, Coded):
            same: Array = (
                self.places(other.levels)[self.codes] == np.append(np.arange(len(other.levels)), -2)[other.codes]
            )
            return same
        return np.append(np.array([level == other for level in self.levels], bool), False)[self.codes]

    def __ne__(self, other: object) -> Array:  # type: ignore[override] # row by row, as arrays do
        """Where it is not."""
        return ~(self == other)

    __hash__ = None  # type: ignore[assignment] # as arrays

    def places(self, levels: list[str]) -> npt.NDArray[np.int64]:
        """For each level, and last for a missing value, its place in other ``levels``; -1 where it is not there."""
        found = pd.Index(levels, dtype=object).get_indexer(pd.Index(self.levels, dtype=object))
        return np.append(found, -1)

    def used(self) -> list[str]:
        """The levels that rows have."""
        return [self.levels[code] for code in distinct(self.codes[self.codes >= 0])]

    def array(self) -> pa.DictionaryArray:
        """The same for Arrow."""
        return pa.DictionaryArray.from_arrays(
            pa.array(self.codes, mask=self.codes < 0), pa.array(self.levels, "string")
        )

    def joined(self, other: "Coded") -> "Coded":
        """The cross of two categories."""
        width = len(other.levels)
        pairs = np.where((self.codes < 0) | (other.codes < 0), -1, self.codes.astype("int64") * width + other.codes)
        codes, seen = pd.factorize(pairs)
        texts = [
            "" if pair < 0 else self.levels[pair // width] + expressions.BETWEEN + other.levels[pair % width]
            for pair in seen.tolist()
        ]
        return Coded(np.where(pairs < 0, -1, codes).astype("int32"), texts)


def of_array(column: pa.Array) -> Any:
    """A column of a table as expressions take it: numbers and times as arrays, anything else as categories."""
    if pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(column.type):
        micros = exact(column)
        return np.where(micros == MISSING_TIME, MISSING_TIME, micros // 1_000_000)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Coded(codes.astype("int32", copy=False), column.dictionary.to_pylist())


def exact(column: pa.Array) -> Any:
    """A column as keys are compared: times to the microsecond, anything else as expressions take it."""
    if not pa.types.is_timestamp(column.type):
        return of_array(column)
    return column.cast(pa.int64()).fill_null(MISSING_TIME).to_numpy(zero_copy_only=False)


def distinct(numbers: Array) -> Array:
    """The numbers that there are, in order; none may be NaN.

    They are sorted: NumPy's ``unique`` hashes integers, and takes many times as long where most of them differ.
    """
    ordered = np.sort(numbers)
    apart: Array = ordered[starts(ordered)]
    return apart


def starts(ordered: Array) -> npt.NDArray[np.int64]:
    """The places at which another number begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])


def whole_texts(numbers: Array) -> Coded:
    """Whole numbers as texts."""
    known = told(numbers)
    levels, places = np.unique(numbers[known], return_inverse=True)
    codes = np.full(len(numbers), -1, np.int32)
    codes[known] = places
    return Coded(codes, [str(int(level)) for level in levels])


def told(values: Any) -> npt.NDArray[np.bool_]:
    """Which rows have a value."""
    if isinstance(values, Coded):
        return values.codes >= 0
    known: npt.NDArray[np.bool_] = ~np.isnan(values) if values.dtype.kind == "f" else values != MISSING_TIME
    return known


def value(text: str, columns: Mapping[str, Any], zone: civil.Zone) -> tuple[Any, npt.NDArray[np.bool_]]:
    """The value of an expression in each row, and which rows have all that it reads."""
    names = expressions.columns(text)
    known = np.logical_and.reduce([told(columns[name]) for name in names])
    operands = {name: _operand(columns[name], zone) for name in names}
    with np.errstate(all="ignore"):
        return expressions.evaluate(text, operands, np), known


def single(column: Any, zone: civil.Zone) -> Single:
    """A column as features are computed of it: a number in float32, a time as a moment."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        column = column.astype("float32")
    return _operand(column, zone), told(column)


def number(text: str, single: Callable[[str], Single], computed: dict[str, Any]) -> npt.NDArray[np.float32]:
    """The value of an expression as a feature; NaN where it is missing or no finite number.

    Args:
        single: gives a column, the same each time.
        computed: what parts of other expressions gave of these columns; what those of this one give is put there.
    """
    singles = {name: single(name) for name in expressions.columns(text)}
    known = np.logical_and.reduce([known for _, known in singles.values()])
    operands = {name: column for name, (column, _) in singles.items()}
    with np.errstate(all="ignore"):
        made = np.asarray(expressions.evaluate(text, operands, np, computed), "float32")
    return np.where(known & np.isfinite(made), made, np.float32(np.nan))


def _operand(column: Any, zone: civil.Zone) -> Any:
    return civil.Moment(column, zone, np) if isinstance(column, np.ndarray) and column.dtype == np.int64 else column
