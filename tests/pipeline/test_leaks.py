"""A feature that alone nearly tells the answer is found, and honest ones are not, whatever is to be told."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline import leaks, seen
from pipeline.encoding import Target

LIMIT = 0.98
BINARY = Target(task="binary", shares=(0.2,))
KINDS = Target(task="multiclass", classes=("a", "b", "c"), shares=(0.6, 0.3, 0.1))
NUMBER = Target(task="regression", mean=0.0, scale=1.0)


def alone(values, answers, target):
    """The score of a feature, trained on the first two thirds of the rows and held against the others."""
    kind = "number" if values.dtype.kind == "f" else "category"
    column, cut = pa.chunked_array([pa.array(values)]), len(values) * 2 // 3
    bins = leaks.bins_of("x", seen.of_column(column[:cut], kind), target)
    size = len(bins.labels())
    held = seen.of_numbers(answers[:cut].astype("float32"))
    told = [
        leaks.table(
            seen.places([bins], part)[0],
            size,
            leaks.comparable(some.astype("float32"), held, target),
            target,
        )
        for part, some in ((column[:cut], answers[:cut]), (column[cut:], answers[cut:]))
    ]
    return leaks.score(*told, target)


def yes(rng, rows, share):
    return (rng.random(rows) < share).astype(float)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.02])
@pytest.mark.parametrize("noise", [0, 0.1, 0.2])
def test_case_14_the_answer_with_little_noise_is_a_leak(share, noise):
    rng = np.random.default_rng(0)
    answers = yes(rng, 30_000, share)
    assert alone(answers + rng.normal(size=30_000) * noise, answers, BINARY) > LIMIT


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows", [300, 3000])
def test_case_14_an_honest_feature_is_none_however_strong(seed, rows):
    rng = np.random.default_rng(seed)
    answers = yes(rng, rows, 0.3)
    assert alone(answers * 1.5 + rng.normal(size=rows), answers, BINARY) < 0.9
    assert alone(rng.normal(size=rows), answers, BINARY) < 0.5
    assert alone(rng.integers(0, rows // 3, rows).astype(str), answers, BINARY) < 0.5
    assert alone(np.full(rows, np.nan), answers, BINARY) == 0


def test_case_14_labels_and_numbers_leak_too():
    rng = np.random.default_rng(0)
    kinds = rng.choice(3, 9000, p=[0.6, 0.3, 0.1]).astype(float)
    assert alone(np.array(["ox", "bee", "cat"])[kinds.astype(int)], kinds, KINDS) > LIMIT
    assert alone(kinds + rng.normal(size=9000) * 0.1, kinds, KINDS) > LIMIT
    assert alone(kinds + rng.normal(size=9000), kinds, KINDS) < 0.8
    numbers = rng.normal(size=9000)
    assert alone(numbers + rng.normal(size=9000) * 0.05, numbers, NUMBER) > LIMIT
    assert alone(numbers + rng.normal(size=9000) * 0.5, numbers, NUMBER) < 0.9
    assert alone(rng.normal(size=9000), numbers, NUMBER) < 0.1


def test_a_value_that_is_missing_where_the_answer_is_no_is_a_leak():
    rng = np.random.default_rng(0)
    answers = yes(rng, 3000, 0.3)
    assert alone(np.where(answers == 1, rng.normal(size=3000), np.nan), answers, BINARY) > LIMIT


def test_case_14_a_copy_leaks_in_few_rows_and_where_few_numbers_are_large():
    rng = np.random.default_rng(0)
    for rows in (200, 9000):
        prices = rng.exponential(size=rows) ** 2
        assert alone(prices * 1.5 + rng.normal(size=rows) * 0.01, prices, NUMBER) > LIMIT
        assert alone(rng.exponential(size=rows) ** 2, prices, NUMBER) < 0.2
