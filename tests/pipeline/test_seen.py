"""What a column holds is counted in bounded memory, and the same from one part or seven."""

import functools
import operator
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from bundle import profile
from bundle.profile import Bins
from pipeline import drift, seen, tables
from pipeline.seen import Texts


def in_parts(values, parts):
    return functools.reduce(operator.add, map(seen.of_numbers, np.array_split(values, parts)))


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.counts, other.counts, strict=True)) and one.rows == other.rows


def test_it_works():
    held = seen.of_numbers(np.array([3, -1, np.nan, 3, 0, -0.0, 1e-30], "float32"))
    values, times = held.counts
    assert values.tolist() == [-1, 0, pytest.approx(1e-30), 3]
    assert times.tolist() == [1, 2, 1, 2]
    assert (held.missing, held.rows, held.distinct, held.whole) == (1, 7, 4, False)


@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e20])
def test_many_numbers_are_told_closely_and_the_same_from_any_parts(scale):
    values = (np.random.default_rng(0).normal(5, 2, 300_000) * scale).astype("float32")
    held = in_parts(values, 1)
    assert held.distinct <= seen.DISTINCT
    assert held.dropped
    assert all(
        same(held, in_parts(each, parts)) for each, parts in ((values, 7), (values[::-1], 3), (np.sort(values), 5))
    )
    at = [0.01, 0.25, 0.5, 0.75, 0.99]
    exact = np.quantile(values.astype("float64"), at, method="inverted_cdf")
    assert np.abs(profile.quantiles(held.counts, at) / exact - 1).max() < 2.0 ** (held.dropped - 24)
    assert held.counts[1].sum() == 300_000


def test_few_numbers_are_counted_exactly_from_any_parts():
    values = np.random.default_rng(0).integers(-5000, 5000, 100_000).astype("float32")
    expected = np.unique(values, return_counts=True)
    for parts in (1, 7):
        assert all(np.array_equal(a, b) for a, b in zip(in_parts(values, parts).counts, expected, strict=True))


def test_rare_texts_go_before_memory_does(monkeypatch):
    monkeypatch.setattr(seen, "LEVELS", 50)
    rng = np.random.default_rng(0)
    texts = np.concatenate([np.repeat([f"often {n}" for n in range(20)], 500), [f"once {n}" for n in range(5000)]])
    parts = [pa.chunked_array([pa.array(part)]) for part in np.array_split(rng.permutation(texts), 9)]
    held = functools.reduce(operator.add, (seen.of_column(part, "category") for part in parts))
    assert held.distinct <= 50
    assert held.rows == 15_000
    assert {f"often {n}" for n in range(20)} <= held.levels.keys()
    assert all(500 - 15_000 / 50 <= held.levels[f"often {n}"] <= 500 for n in range(20))


@pytest.mark.parametrize(
    ("values", "is_id"),
    [
        (np.arange(1000), True),
        (np.arange(200_000) + 7, True),
        (np.random.default_rng(0).integers(0, 100_000, 80_000), False),
        (np.random.default_rng(0).integers(0, 100, 1000), False),
        (np.random.default_rng(0).normal(size=1000), False),
        (np.arange(50), False),
        (np.random.default_rng(0).integers(20_000, 150_000, 1000), False),
        (np.full(500, np.nan), False),
        (np.append(np.zeros(5000), np.arange(5, 90)), False),
    ],
    ids=["rows", "many rows", "amounts", "ages", "measures", "few", "salaries", "nothing", "mostly none"],
)
def test_numbers_that_count_rows_are_told_from_those_that_tell_something(values, is_id):
    assert seen.of_numbers(values.astype("float32")).is_id() is is_id


def test_texts_that_hardly_come_twice_name_rows():
    assert Texts(Counter({str(n): 1 for n in range(1000)})).is_id()
    assert not Texts(Counter({str(n): 2 for n in range(1000)})).is_id()
    assert not Texts(Counter({str(n): 1 for n in range(50)})).is_id()


def test_a_table_is_looked_at_part_by_part(tmp_path):
    for number in range(20):
        part = pa.table({"x": pa.array([float(number), None]), "kind": pa.array(["a", None]).dictionary_encode()})
        tables.write(part, tmp_path, number)
    held = seen.look(
        tmp_path, {"x": "number", "kind": "category"}, "looking", functools.partial(tables.load, encoded=True)
    )
    assert held["x"].counts[0].tolist() == list(range(20))
    assert (held["x"].missing, held["kind"].missing, held["kind"].levels) == (20, 20, {"a": 20})


def test_a_value_has_the_same_bin_whatever_other_bins_are_asked_for():
    numbers = np.array([-np.inf, -1, 0, 0.5, 1, 2, 2.5, 9, np.inf, np.nan], "float32")
    some = [Bins(name="n", kind="number", edges=edges) for edges in ((), (0, 2), (0.5, 1, 2, 3))]
    for bins, found in zip(some, seen.places(some, pa.chunked_array([numbers])), strict=True):
        assert found.tolist() == drift.places(bins, numbers).tolist()
    texts = ["b", None, "a", "", "c", "b"]
    some = [Bins(name="t", kind="category", levels=levels) for levels in ((), ("a",), ("b", "a"))]
    for bins, found in zip(some, seen.places(some, pa.chunked_array([texts])), strict=True):
        assert found.tolist() == drift.places(bins, np.array(texts, object)).tolist()
