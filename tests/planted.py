"""Faults of preprocessing, planted before a model: what a wrong vocabulary, unit, type, order or imputation does."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

import numpy as np

from bundle.contract import Columns, Contract
from bundle.model import Answers, Model

Change = Callable[[Columns], Columns]
PAIRS = 60
"""So many pairs of levels that follow each other are taken for one another, or some more."""


class Faulty:
    """A model whose preprocessing has a fault: it does not see the columns as they were sent."""

    def __init__(self, model: Model, change: Change) -> None:
        self.contract, self.model, self.change = model.contract, model, change

    def predict(self, columns: Columns) -> Answers:
        return self.model.predict(self.change(columns))


def faults(contract: Contract, columns: Columns) -> Iterator[tuple[str, Change]]:
    """Every fault in every column, by name; ``columns`` are sound rows, whose levels are taken for the vocabulary."""
    for one in contract.inputs:
        for name, change in OF_TYPE[one.type](columns[one.name]):
            yield f"{one.name}: {name}", _in_column(one.name, change)
    for one, other in combinations(contract.inputs, 2):
        if one.type == other.type:
            yield f"{one.name} and {other.name}: wrong order", _exchanged(one.name, other.name)


def unlike(change: Change, columns: Columns) -> bool:
    """Whether the fault changes anything at all: what is never fractional does not suffer from whole numbers."""
    changed = change(columns)
    return any(not _same(changed[name], values) for name, values in columns.items())


def _in_column(name, change):
    return lambda columns: {**columns, name: change(columns[name])}


def _exchanged(one, other):
    return lambda columns: {**columns, one: columns[other], other: columns[one]}


def _of_number(values):
    large = np.nanquantile(values, 0.99) if np.isfinite(values).any() else np.inf
    mean = np.float32(np.nanmean(values.astype("float64"))) if np.isfinite(values).any() else np.float32(1)
    yield "wrong unit, 60 times", lambda values: values * np.float32(60)
    yield "wrong unit, a thousandth", lambda values: values / np.float32(1000)
    yield (
        "wrong unit, a tenth of the largest",
        lambda values: np.where(values > large, values * np.float32(0.1), values),
    )
    yield "wrong type, whole numbers", np.trunc
    yield "wrong type, 8 bits", lambda values: np.where(np.isfinite(values), np.mod(np.trunc(values), 256), values)
    yield "wrong imputation, zero", lambda values: np.where(np.isnan(values), np.float32(0), values)
    yield "wrong imputation, mean", lambda values: np.where(np.isnan(values), mean, values)
    yield "wrong imputation, -999", lambda values: np.where(np.isnan(values), np.float32(-999), values)


def _of_category(values):
    common = [level for level, _ in Counter(values.tolist()).most_common() if level]
    for one, other in list(pairwise(common))[:: max(1, len(common) // PAIRS)]:
        yield f"wrong vocabulary, {one} and {other} exchanged", _replaced({one: other, other: one})
        yield f"wrong vocabulary, {other} for {one}", _replaced({one: other})
    yield "wrong vocabulary, one further", _replaced(dict(zip(common, [*common[1:], *common[:1]], strict=True)))
    yield "wrong vocabulary, none known", _replaced(dict.fromkeys(common, b"none of them"))
    yield "wrong imputation, nan as a text", _replaced({b"": b"nan"})
    yield "wrong imputation, the most common", _replaced({b"": common[0]})


def _of_boolean(values):
    yield "wrong vocabulary, no for yes", _replaced({b"true": b"false", b"false": b"true"})
    yield "wrong type, numbers", _replaced({b"true": b"1", b"false": b"0"})
    yield "wrong imputation, no", _replaced({b"": b"false"})


def _of_time(values):
    missing = np.datetime64("NaT")
    yield "wrong unit, minutes", lambda values: (values.astype("int64") // 60).astype("datetime64[s]")
    yield "wrong zone", lambda values: np.where(np.isnat(values), missing, values + np.timedelta64(5, "h"))
    yield "wrong imputation, 1970", lambda values: np.where(np.isnat(values), np.datetime64(0, "s"), values)


OF_TYPE = {"number": _of_number, "category": _of_category, "boolean": _of_boolean, "time": _of_time}


def _replaced(by):
    return lambda values: np.array([by.get(value, value) for value in values], dtype=object)


def _same(one, other):
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fM")
