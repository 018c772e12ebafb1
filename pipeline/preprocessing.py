"""Preprocessing, the one and only: TensorFlow functions that turn raw named columns into what the network takes.

The pipeline applies them part by part to make features and to encode the splits; the export puts the same functions in
front of the network, so that the SavedModel is the whole model. Shapes: every column is a rank-1 tensor of the rows,
float32 (missing is NaN) or string (missing is "").
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import tensorflow as tf

from pipeline import civil, expressions, past, seen, tables, texts
from pipeline.civil import UTC_CLOCK, Moment, Zone
from pipeline.encoding import MISSING, RESERVED, UNKNOWN, Encoding
from pipeline.past import Window, combined
from pipeline.problem import TEXT_PARTS, Problem
from pipeline.texts import Text, Weights

Columns = Mapping[str, Any]
MISSING_TIME = tf.int64.min
XP = SimpleNamespace(
    abs=tf.abs,
    cos=tf.cos,
    floor=tf.floor,
    float32=lambda values: tf.cast(values, tf.float32),
    int32=lambda values: tf.cast(values, tf.int32),
    log=tf.math.log,
    logical_and=tf.logical_and,
    logical_not=tf.logical_not,
    logical_or=tf.logical_or,
    maximum=tf.maximum,
    minimum=tf.minimum,
    sin=tf.sin,
    take=tf.gather,
    where=tf.where,
)
"""What expressions need, under NumPy's names."""


class Numbered:
    """A number for each combination of known values of some columns; -1 where one is not known."""

    def __init__(self, levels: Sequence[Sequence[str]]) -> None:
        self.levels = [list(known) for known in levels]
        self.sizes = [len(known) for known in levels]
        self.hash_tables = [_table(known, np.arange(len(known)), default=-1) for known in levels]

    def __call__(self, columns: Sequence[Any]) -> Any:
        """int64 [rows]."""
        together = self.hash_tables[0].lookup(columns[0])
        for table, size, column in zip(self.hash_tables[1:], self.sizes[1:], columns[1:], strict=True):
            number = table.lookup(column)
            unknown = tf.logical_or(together < 0, number < 0)
            together = tf.where(unknown, tf.constant(-1, tf.int64), together * size + number)
        return together


class LookUp:
    """A static table inside the model: the columns of the row that a key names, all missing for an unknown key."""

    def __init__(self, source: str, key: Sequence[str], table: pd.DataFrame) -> None:
        coded = [pd.factorize(table[name]) for name in key]
        levels = [list(known) for _, known in coded]
        self.numbered = Numbered(levels)
        together = combined([codes.astype("int64") for codes, _ in coded], levels, len(table))
        self.known, rows = np.unique(np.append(-1, together), return_index=True)
        self.rows = tf.constant((rows - 1) % (len(table) + 1))
        self.columns = {
            f"{source}.{name}": tf.constant(_with_missing_row(table[name]))
            for name in table.columns
            if name not in key and not isinstance(table[name].dtype, pd.DatetimeTZDtype)
        }

    @property
    def hash_tables(self) -> list[Any]:
        """Those that must be saved with it."""
        return self.numbered.hash_tables

    def __call__(self, key: Sequence[Any], names: list[str]) -> Columns:
        """The named columns for each key."""
        rows = tf.gather(self.rows, self._place(self.numbered(key)))
        return {name: tf.gather(self.columns[name], rows) for name in names}

    def _place(self, numbers: Any) -> Any:
        """The place of each number among the known, 0 for one that is not there; by halving, unless all are known."""
        if len(self.known) == prod(self.numbered.sizes) + 1:
            return numbers + 1
        known, place = tf.constant(self.known), tf.zeros_like(numbers)
        for power in reversed(range(len(self.known).bit_length())):
            ahead = tf.minimum(place + (1 << power), len(self.known) - 1)
            place = tf.where(tf.gather(known, ahead) <= numbers, ahead, place)
        return tf.where(tf.equal(tf.gather(known, place), numbers), place, tf.zeros_like(place))


class Seen:
    """What was seen of a row's group before its day."""

    def __init__(self, on: list[str], window: Window, zone: Zone) -> None:
        self.on, self.zone, self.first = on, zone, window.first
        self.numbered = Numbered(window.levels) if window.levels else None
        self.groups = tf.constant(window.groups)
        self.unknown, self.days = len(window.statistic) - 1, window.statistic.shape[1]
        self.statistic = tf.constant(window.statistic.reshape(-1))

    @property
    def hash_tables(self) -> list[Any]:
        """Those that must be saved with it."""
        return self.numbered.hash_tables if self.numbered else []

    def __call__(self, values: Columns) -> Any:
        """float32 [rows]."""
        time, *columns = (values[name] for name in self.on)
        day = Moment(time, self.zone, XP).days - float(self.first)
        place = tf.cast(tf.minimum(tf.maximum(day, 0.0), float(self.days - 1)), tf.int32)
        group = tf.zeros_like(place)
        if self.numbered:
            together = self.numbered(columns)
            known = tf.gather(self.groups, tf.cast(tf.maximum(together, tf.constant(0, tf.int64)), tf.int32))
            group = tf.where(together < 0, tf.constant(self.unknown), known)
        told = tf.reduce_all([_told(column) for column in (time, *columns)], axis=0)
        return tf.where(told, tf.gather(self.statistic, group * self.days + place), np.nan)


class Cross:
    """Texts of several columns as one: that which the network knows, or one text for all that it does not know."""

    def __init__(self, on: list[str], known: Sequence[str]) -> None:
        self.on = on
        split = {parts: text for text in known for parts in _partings(text, len(on))}
        levels = [sorted({parts[place] for parts in split}) for place in range(len(on))]
        self.numbered = Numbered(levels)
        numbers = {-1: expressions.BETWEEN, -2: ""}
        for parts, text in split.items():
            places = [np.array([known.index(part)]) for known, part in zip(levels, parts, strict=True)]
            numbers[int(combined(places, levels, 1)[0])] = text
        initial = tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(numbers), tf.int64), tf.constant(list(numbers.values())), tf.int64, tf.string
        )
        self.texts = tf.lookup.StaticHashTable(initial, expressions.BETWEEN)

    @property
    def hash_tables(self) -> list[Any]:
        """Those that must be saved with it."""
        return [*self.numbered.hash_tables, self.texts]

    def __call__(self, values: Columns) -> Any:
        """Text [rows]."""
        columns = [values[name] for name in self.on]
        told = tf.reduce_all([_told(column) for column in columns], axis=0)
        return self.texts.lookup(tf.where(told, self.numbered(columns), tf.constant(-2, tf.int64)))


def _partings(text: str, parts: int) -> list[tuple[str, ...]]:
    """All ways in which a text can be that many texts joined."""
    words = text.split(expressions.BETWEEN)
    found = []
    for cuts in combinations(range(1, len(words)), parts - 1):
        edges = [0, *cuts, len(words)]
        found.append(tuple(expressions.BETWEEN.join(words[start:end]) for start, end in pairwise(edges)))
    return found


class Derive:
    """Raw columns in, candidate features out: look-ups, expressions, and what was seen of groups."""

    def __init__(
        self,
        kinds: Mapping[str, str],
        derived: Mapping[str, str],
        tables: Mapping[str, tuple[Sequence[str], Sequence[str], pd.DataFrame]],
        *,
        zone: Zone = UTC_CLOCK,
        windows: Mapping[str, tuple[list[str], Window]] | None = None,
        crosses: Mapping[str, Sequence[str]] | None = None,
        texts: Mapping[str, Weights] | None = None,
    ) -> None:
        """Keep what the features are made of.

        Args:
            tables: for each look-up, the raw columns that name its row, its own key, and its rows.
            windows: for each feature of the past, the time and the columns of its groups, and its statistics.
            crosses: for each feature that is a cross, its values that the network knows; all others are one.
            texts: for each text that becomes numbers, the weights of what it is made of.
        """
        self.kinds = dict(kinds)
        self.derived = dict(derived)
        self.zone = zone
        self.windows = {name: Seen(on, window, zone) for name, (on, window) in (windows or {}).items()}
        self.crosses = {
            name: Cross(expressions.crossed(derived[name]), levels) for name, levels in (crosses or {}).items()
        }
        self.texts = {name: Text(weights) for name, weights in (texts or {}).items()}
        self.parts = {f"{name}[{part}]": name for name in self.texts for part in range(1, TEXT_PARTS + 1)}
        self.on = {source: list(on) for source, (on, _, _) in tables.items()}
        self.tables = {source: LookUp(source, key, table) for source, (_, key, table) in tables.items()}

    @property
    def hash_tables(self) -> list[Any]:
        """Those that must be saved with it."""
        parts: list[LookUp | Seen | Cross] = [*self.tables.values(), *self.windows.values(), *self.crosses.values()]
        return [table for part in parts for table in part.hash_tables]

    def __call__(self, raw: Columns, features: list[str]) -> Columns:
        """The named features of the rows."""
        wanted = {name for feature in features for name in self._operands(feature)}
        values = dict(raw)
        for source, table in self.tables.items():
            names = sorted(name for name in wanted if name.partition(".")[0] == source and "." in name)
            if names:
                values |= table([raw[name] for name in self.on[source]], names)
        for name in sorted({self.parts[feature] for feature in features if feature in self.parts}):
            numbers = tf.unstack(self.texts[name](raw[name]), axis=1)
            values |= {f"{name}[{part}]": number for part, number in enumerate(numbers, 1)}
        return {feature: self._value(feature, values) for feature in features}

    def looked_up(self) -> Iterator[tuple[str, list[str]]]:
        """Each raw column by which something is looked up, with those of its values that are known there."""
        for source, table in self.tables.items():
            yield from zip(self.on[source], table.numbered.levels, strict=True)
        for window in self.windows.values():
            if window.numbered:
                yield from zip(window.on[1:], window.numbered.levels, strict=True)
        for cross in self.crosses.values():
            yield from zip(cross.on, cross.numbered.levels, strict=True)

    def letters(self, features: list[str]) -> set[str]:
        """The columns of which the features need no more than the letters."""
        others = {name for feature in features if feature not in self.parts for name in self._operands(feature)}
        keys = {name for on in self.on.values() for name in on}
        return {self.parts[feature] for feature in features if feature in self.parts} - others - keys

    def _operands(self, feature: str) -> list[str]:
        if feature in self.windows:
            return self.windows[feature].on
        return expressions.columns(self.derived[feature]) if feature in self.derived else [feature]

    def _value(self, feature: str, values: Columns) -> Any:
        for made in (self.windows, self.crosses):
            if feature in made:
                return made[feature](values)
        if feature not in self.derived:
            return values[feature]
        operands = {name: values[name] for name in self._operands(feature)}
        moments = {
            name: Moment(operand, self.zone, XP) if operand.dtype == tf.int64 else operand
            for name, operand in operands.items()
        }
        value = tf.cast(expressions.evaluate(self.derived[feature], moments, XP), tf.float32)
        told = tf.reduce_all([_told(operand) for operand in operands.values()], axis=0)
        return tf.where(tf.logical_and(told, tf.abs(value) <= tf.float32.max), value, np.nan)


class Encode:
    """Features in, what the network takes out, by what was learned from the training split."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.clips = {number.name: number.clip for number in encoding.numbers}
        self.categories = {category.name: category for category in encoding.categories}
        self.vocabularies = {
            category.name: _table(category.vocabulary, np.arange(len(category.vocabulary)) + RESERVED, default=UNKNOWN)
            for category in encoding.categories
        }

    def __call__(self, features: Columns) -> tuple[Any, Any]:
        """Numbers, float32 [rows, numbers] with NaN for missing; and categories, int32 [rows, categories]."""
        some = next(iter(features.values()))
        rows = tf.shape(some)[0]
        numbers = [self.number(name, features[name]) for name in self.clips]
        known = {name: self.codes(name, features[name]) for name in self.categories}
        numbers += [mean for name, codes in known.items() for mean in self.means(name, codes)]
        codes = [self.embedded(name, codes) for name, codes in known.items()]
        return (
            tf.stack(numbers, axis=1) if numbers else tf.zeros((rows, 0), tf.float32),
            tf.stack(codes, axis=1) if codes else tf.zeros((rows, 0), tf.int32),
        )

    def __reduce__(self) -> tuple[Any, ...]:  # so that Dask may send it to workers
        return Encode, (self.encoding,)

    @property
    def hash_tables(self) -> list[Any]:
        """Those that must be saved with it."""
        return list(self.vocabularies.values())

    def number(self, name: str, values: Any) -> Any:
        """One number, float32 [rows]: NaN stays NaN."""
        clip = self.clips[name]
        if clip is None:
            return values
        low, high = (tf.constant(edge, tf.float32) for edge in clip)
        return tf.where(values < low, low, tf.where(values > high, high, values))

    def codes(self, name: str, texts: Any) -> Any:
        """The levels of one category, int32 [rows]."""
        texts = tf.convert_to_tensor(texts, tf.string)
        codes = tf.cast(self.vocabularies[name].lookup(texts), tf.int32)
        return tf.where(tf.equal(texts, ""), MISSING, codes)

    def levels(self, name: str, column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The code of each different text of a category and of none, and the place among these of each row's."""
        coded = seen.coded(column)
        texts = [*coded.dictionary.to_pylist(), ""]
        return self.codes(name, np.array([text.encode() for text in texts], object)).numpy(), seen.codes(coded)

    def means(self, name: str, codes: Any) -> list[Any]:
        """What training answers with each level of a category, each float32 [rows]."""
        return [tf.gather(tf.constant(mean.by_code, tf.float32), codes) for mean in self.categories[name].means]

    def embedded(self, name: str, codes: Any) -> Any:
        """The levels as the network sees them, int32 [rows]: those that it has no embedding of are unknown."""
        category = self.categories[name]
        return codes if category.embedded is None else tf.where(codes < category.codes, codes, UNKNOWN)


def _told(values: Any) -> Any:
    """Which rows have a value."""
    if values.dtype == tf.string:
        return tf.not_equal(values, "")
    return tf.equal(values, values) if values.dtype == tf.float32 else tf.not_equal(values, MISSING_TIME)


def deriver(problem: Problem, inputs: Mapping[str, Path], known: Encoding) -> Derive:
    """The derivation of the features that the network knows.

    ``inputs`` has the cleaned source of each look-up, ``encoded``, and ``features`` where one is of the past.
    """
    looked_up = {
        source: (on, problem.sources[source].key, tables.whole(inputs[source] / "rows"))
        for source, on in problem.lookups.items()
    }
    kept, derived = known.features, problem.features.derived
    windows = {
        name: (problem.operands(name), past.read(inputs["features"], name))
        for name in problem.features.past
        if name in kept
    }
    crosses = {one.name: one.vocabulary for one in known.categories if expressions.crossed(derived.get(one.name, "a"))}
    zone = civil.zone(problem.features.time_zone)
    said = texts.read(inputs["encoded"], problem)
    return Derive(problem.kinds(), derived, looked_up, zone=zone, windows=windows, crosses=crosses, texts=said)


def _with_missing_row(column: pd.Series) -> Any:
    if pd.api.types.is_numeric_dtype(column):
        return np.append(column.to_numpy("float32"), np.float32(np.nan))
    return np.append(column.fillna("").to_numpy(object), "")


def _table(keys: Any, values: Any, default: int) -> Any:
    if not len(keys):  # which TensorFlow has no table of
        keys, values = [""], [default]
    initial = tf.lookup.KeyValueTensorInitializer(
        tf.constant(list(keys), tf.string), tf.constant(values, tf.int64), tf.string, tf.int64
    )
    return tf.lookup.StaticHashTable(initial, default)
