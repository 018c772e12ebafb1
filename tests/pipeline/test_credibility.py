"""The mean of a group is believed as far as groups differ beyond chance."""

import math

import numpy as np
import pytest

from pipeline import credibility


def sums(values, groups, count):
    """What ``lean`` and ``means`` take."""
    return [np.bincount(groups, weights, count) for weights in (values**0, values, values**2)]


@pytest.mark.parametrize("sizes", [(5, 6), (2, 100)], ids=["alike", "from few to many rows"])
def test_the_variance_inside_and_between_groups_is_found_whatever_their_sizes(sizes):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3000), rng.integers(*sizes, 3000))
    values = rng.normal(size=3000)[groups] + rng.normal(0, 2, len(groups))
    assert credibility.lean(*sums(values, groups, 3000)) == pytest.approx(4, rel=0.1)


def test_a_mean_is_drawn_to_that_of_all_rows_the_more_the_fewer_rows_it_has():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), np.tile([1, 30], 150))
    values = rng.normal(size=300)[groups] + rng.normal(size=len(groups))
    told = sums(values, groups, 301)
    leaning, found = credibility.lean(*told), credibility.means(*told)
    alone = told[1][:300] / told[0][:300]
    assert found[:300] == pytest.approx((told[1][:300] + leaning * values.mean()) / (told[0][:300] + leaning))
    drawn = (found[:300] - values.mean()) / (alone - values.mean())
    assert drawn[::2] == pytest.approx(1 / (1 + leaning))
    assert drawn[1::2] == pytest.approx(30 / (30 + leaning))
    assert found[300] == pytest.approx(values.mean())


@pytest.mark.parametrize(
    ("values", "groups"),
    [([0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2]), ([0, 1, 5], [0, 1, 2]), ([1, 2, 3], [0, 0, 0]), ([], [])],
    ids=["alike", "one row each", "one group", "no row"],
)
@pytest.mark.filterwarnings("error")
def test_groups_that_do_not_differ_as_far_as_can_be_told_all_have_the_overall_mean(values, groups):
    values = np.array(values, float)
    told = sums(values, np.array(groups, int), 3)
    assert credibility.lean(*told) == math.inf
    assert credibility.means(*told).tolist() == [values.sum() / max(len(values), 1)] * 3


def test_groups_that_tell_all_are_believed_wholly():
    told = sums(np.array([0.0, 0, 1, 1]), np.array([0, 0, 1, 1]), 3)
    assert credibility.means(*told).tolist() == [0.0, 1.0, 0.5]
