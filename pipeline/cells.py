"""The cells of one column: typed, mended by rule, and held against the rules, each distinct value once.

A text is dictionary-encoded, so that what holds of it is worked out for each that there is; a row has the code of one.
What comes typed (numbers, times) is worked on as it is, and never turned into text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bundle import moment
from bundle.contract import MOST, spelled
from pipeline import reading, tables
from pipeline.problem import Column
from pipeline.reading import Flags

LARGEST = float(np.finfo(np.float32).max)
"""A model computes in float32."""
EXACT = 2**53
"""From here on a number of 64 bits can't hold every integer."""


@dataclass(frozen=True)
class Fault:
    """The rows that break a rule, and the word that says what becomes of them."""

    rule: str
    word: str
    rows: Flags
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """What must hold of a column, and what it depends on beside."""

    name: str
    column: Column
    missing_tokens: tuple[str, ...]
    ends: datetime | None = None
    """The end of the run's day, from which on a time lies in the future."""


def clean(array: pa.Array, rules: Rules) -> tuple[pa.Array, list[Fault]]:
    """The values of a column after its rules, and what broke them."""
    cells = _Cells(array, rules)
    cells.type()
    cells.rule()
    column = cells.rows()
    faults = list(cells.faults())
    if rules.column.missing != "keep" and column.null_count:
        refused = [~fault.rows for fault in faults if fault.word in ("reject", "block")]
        rows = np.logical_and.reduce([column.is_null().to_numpy(zero_copy_only=False), *refused])
        if rows.any():
            faults.append(Fault(f"{rules.name} is missing", rules.column.missing, rows, (rules.name,)))
    return column, faults


class _Cells:
    """The distinct values of a column (or of what comes typed, all), and what is found about them."""

    def __init__(self, array: pa.Array, rules: Rules) -> None:
        self._rules, self._column = rules, rules.column
        self._found: list[tuple[str, str, Flags]] = []
        self._typed = _fits(array.type, rules.column)
        self._codes: pa.Array | None = None
        self._values = array
        self._whole = pa.types.is_integer(array.type)
        if pa.types.is_floating(array.type) and pc.any(pc.is_nan(array)).as_py():
            self._values = pc.if_else(pc.is_nan(array), None, array)
        if not self._typed:
            encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
            read = reading.texts(encoded.dictionary)
            self._codes, texts = encoded.indices, pc.utf8_trim_whitespace(read)
            self._values = pc.if_else(pc.is_in(texts, pa.array(rules.missing_tokens, pa.string())), None, texts)
            if read.null_count > encoded.dictionary.null_count:
                lost = _flags(pc.and_(encoded.dictionary.is_valid(), read.is_null()))
                self._break("is no text in UTF-8", rules.column.unreadable, lost)

    def type(self) -> None:
        """Give the values their type."""
        given = self._values
        match self._column.type:
            case "number" | "integer":
                self._type_numbers()
            case "time":
                read = reading.moments if self._typed else reading.times
                self._values, unclear = read(given, self._column)
                self._break("can't be told, for the clock was changed then", self._column.clock_change, unclear)
            case "boolean":
                self._values = reading.booleans(given)
            case "category" | "text":
                long = _flags(pc.greater(pc.utf8_length(given), MOST[self._column.type]))
                self._break(f"has more than {MOST[self._column.type]:,} characters", self._column.unreadable, long)
                return
        if self._values.null_count > given.null_count:
            lost = pc.and_(given.is_valid(), self._values.is_null()).to_numpy(zero_copy_only=False)
            self._break(f"is no {self._column.type}", self._column.unreadable, lost)

    def rule(self) -> None:
        """Hold the values against the rules for them."""
        column = self._column
        if column.type == "category":
            if column.spelling != "as is" or column.spellings:
                texts = spelled(self._values.fill_null("").to_pylist(), column.spelling, column.spellings)
                self._values = pc.if_else(self._values.is_valid(), pa.array(texts, pa.string()), None)
            if column.allowed is not None:
                wrong = pc.and_(
                    pc.invert(pc.is_in(self._values, pa.array(column.allowed, pa.string()))), self._values.is_valid()
                )
                self._break(f"is outside {', '.join(column.allowed)}", column.outside, _flags(wrong))
        elif column.range:
            self._hold_to_range(*column.range)
        elif column.future != "keep" and self._rules.ends:
            late = pc.greater_equal(self._values, pa.scalar(self._rules.ends, tables.TYPES["time"]))
            self._break("lies in the future", column.future, _flags(late))

    def rows(self) -> pa.Array:
        """The value of each row."""
        if self._column.type in ("category", "boolean"):
            encoded = self._values.dictionary_encode()
            return pa.DictionaryArray.from_arrays(encoded.indices.take(self._codes), encoded.dictionary)
        return self._values if self._codes is None else self._values.take(self._codes)

    def faults(self) -> Iterator[Fault]:
        """What was found, row by row."""
        for what, word, flags in self._found:
            rows = flags
            if self._codes is not None:
                rows = np.append(flags, False)[self._codes.fill_null(len(flags)).to_numpy(zero_copy_only=False)]
            if rows.any():
                yield Fault(f"{self._rules.name} {what}", word, rows, (self._rules.name,))

    def _break(self, what: str, word: str, flags: Flags) -> None:
        if flags.any():
            self._found.append((what, word, flags))
            if word == "missing":
                self._values = pc.if_else(pa.array(flags), None, self._values)

    def _type_numbers(self) -> None:
        given, column = self._values, self._column
        numbers = given.cast(pa.float64(), safe=False) if self._typed else reading.numbers(given, column)
        low, high = _bounds(given) if self._whole else _extent(numbers)
        if not -LARGEST <= low <= high <= LARGEST:
            numbers = pc.if_else(pc.less_equal(pc.abs(numbers), LARGEST), numbers, None)
        if column.type == "integer" and not self._whole:
            numbers = pc.if_else(pc.equal(pc.floor(numbers), numbers), numbers, None)
        if max(-low, high) >= EXACT and (self._whole or not self._typed):
            rounded = pc.greater_equal(pc.abs(numbers), float(EXACT))
            if not self._typed:
                rounded = pc.and_(rounded, pc.match_substring_regex(given, r"^[+-]?\d+$"))
            self._break("has more digits than a number holds; give it type = 'category'", "block", _flags(rounded))
        self._values = numbers

    def _hold_to_range(self, low: float, high: float) -> None:
        least, most = _extent(self._values)
        if low <= least and most <= high:
            return
        wrong = pc.or_(pc.less(self._values, low), pc.greater(self._values, high))
        self._break(f"is outside {low:g} to {high:g}", self._column.outside, _flags(wrong))
        if self._column.outside == "clip":
            below = pc.min_element_wise(self._values, high, skip_nulls=False)
            self._values = pc.max_element_wise(below, low, skip_nulls=False)


def _fits(given: Any, column: Column) -> bool:
    """Whether what comes with a type can be taken as it is."""
    numbers = [pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal]
    kinds = {
        "number": [*numbers, pa.types.is_boolean],
        "integer": [*numbers, pa.types.is_boolean],
        "time": [pa.types.is_timestamp, pa.types.is_date, *(numbers if column.format in moment.COUNTED else [])],
    }.get(column.type, [])
    return any(kind(given) for kind in kinds)


def _bounds(whole: pa.Array) -> tuple[float, float]:
    """What no number is beyond: of narrow ones, what their type holds."""
    if whole.type.bit_width > 32:
        return _extent(whole)
    holds = np.iinfo(whole.type.to_pandas_dtype())
    return float(holds.min), float(holds.max)


def _extent(numbers: pa.Array) -> tuple[float, float]:
    """The least and the largest; of nothing, 0 and 0."""
    found = pc.min_max(numbers)
    return found["min"].as_py() or 0.0, found["max"].as_py() or 0.0


def _flags(found: pa.Array) -> Flags:
    flags: Flags = found.fill_null(False).to_numpy(zero_copy_only=False)
    return flags
