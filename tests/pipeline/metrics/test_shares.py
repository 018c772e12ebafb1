"""A share of rows has Wilson's interval at the least, so that a few rows that are all right prove little."""

import numpy as np
import pytest

from pipeline.metrics import drawn, estimates
from pipeline.metrics.binary import Binary
from pipeline.metrics.calibration import wilson
from pipeline.metrics.groups import Groups
from pipeline.metrics.multiclass import Multiclass
from pipeline.metrics.shares import Share, at_least, shares


def told(scored):
    [replicated] = drawn([scored], 0, 100)
    return estimates(scored, replicated)


def all_right(positives, rows, groups=None):
    target = (np.arange(rows) < positives).astype(float)
    return told(Binary(target, 0.1 + 0.8 * target, 0.5, groups))


def test_it_works():
    found = all_right(3, 200)
    assert (found["recall"].value, found["recall"].high) == (1.0, 1.0)
    assert found["recall"].low == pytest.approx(wilson(3, 3)[0])
    assert found["precision"].low == pytest.approx(wilson(3, 3)[0])
    assert found["accuracy"].low == pytest.approx(wilson(200, 200)[0])
    halves = [1 - wilson(count, count)[0] for count in (3, 197)]
    assert found["balanced_accuracy"].low == pytest.approx(1 - np.hypot(*halves) / 2)


def test_where_all_are_right_the_rows_of_a_group_count_as_one():
    found = all_right(100, 200, Groups.by("customer", np.arange(200) // 10))
    assert found["recall"].low == pytest.approx(wilson(10, 10)[0])
    assert found["accuracy"].low == pytest.approx(wilson(20, 20)[0])


def test_labels_are_shares_of_their_rows_too():
    labels = np.array(["a"] * 150 + ["b"] * 4, object)
    found = told(Multiclass(labels, np.eye(2)[(labels == "b").astype(int)], ("a", "b")))
    halves = [1 - wilson(count, count)[0] for count in (150, 4)]
    assert found["balanced_accuracy"].low == pytest.approx(1 - np.hypot(*halves) / 2)
    assert found["accuracy"].low == pytest.approx(wilson(154, 154)[0])


def test_rows_of_no_kind_count_in_no_share():
    right = np.array([True, True, False, True])
    assert shares(right, np.array([0, 2, 2, -1]), 3, None) == [Share(1, 1, 1), Share(1, 2, 2)]


def test_the_interval_holds_the_share_about_as_often_as_it_says():
    truth = [0.97, 0.8]
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        low, high = at_least([Share(int(rng.binomial(30, one)), 30, 30) for one in truth])
        held += low <= np.mean(truth) <= high
    assert held >= 0.94 * 400


def test_few_rows_that_are_all_right_meet_a_limit_seldom_where_it_is_the_truth():
    """Of 20 positive rows that are found with a probability of 0.95 all are found in 36 of 100 hold-outs."""
    rng = np.random.default_rng(0)
    target = (np.arange(200) < 20).astype(float)
    passed = 0
    for _ in range(100):
        found = np.where(rng.random(200) < 0.95, target, 1 - target)
        passed += told(Binary(target, 0.1 + 0.8 * found, 0.5))["recall"].low >= 0.95
    assert passed <= 0.05 * 100
