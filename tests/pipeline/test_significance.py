"""An interval says what a test would, and many tests give no more false alarms than one."""

import numpy as np
import pytest
from scipy.stats import norm

from pipeline.significance import CHANCE, chance, holm


def interval(value, error):
    half = 1.959964 * error
    return {"value": value, "low": value - half, "high": value + half}


def test_the_chance_is_that_of_the_normal_test():
    assert chance(interval(0.6, 0.05), 0.7, at_most=False) == pytest.approx(norm.sf(2.0), abs=1e-6)
    assert chance(interval(0.8, 0.05), 0.7, at_most=True) == pytest.approx(norm.sf(2.0), abs=1e-6)
    assert chance(interval(0.8, 0.05), 0.7, at_most=False) == pytest.approx(norm.cdf(2.0), abs=1e-6)


def test_it_is_small_just_where_the_whole_interval_misses_the_limit():
    assert chance({"value": 0.5, "low": 0.4, "high": 0.6999}, 0.7, at_most=False) < CHANCE
    assert chance({"value": 0.5, "low": 0.4, "high": 0.7001}, 0.7, at_most=False) > CHANCE


def test_what_has_no_spread_misses_or_does_not():
    exact = {"value": 2.0, "low": 2.0, "high": 2.0}
    assert chance(exact, 2.0, at_most=True) == 1.0
    assert chance(exact, 1.9, at_most=True) == 0.0
    assert chance({"value": 1.0, "low": None, "high": None}, 1.9, at_most=True) is None


def test_holm_raises_the_smallest_most_and_keeps_the_order():
    assert holm([0.04, 0.01, 0.03, 0.5]) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_twenty_tests_of_nothing_give_a_false_alarm_as_seldom_as_one():
    drawn = norm.sf(np.random.default_rng(0).normal(size=(2000, 20)))
    alarms = [min(holm(chances.tolist())) < CHANCE for chances in drawn]
    assert np.mean(alarms) == pytest.approx(CHANCE, abs=0.01)
