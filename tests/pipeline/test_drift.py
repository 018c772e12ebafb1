"""What counts as drift: large, larger than single days are, and not by chance."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from bundle import profile
from bundle.profile import Bins
from pipeline import drift
from pipeline.drift import Rule

NUMBER = Bins(name="x", kind="number", edges=(0.0, 1.0))
CATEGORY = Bins(name="kind", kind="category", levels=("a", "b"))
RULE = Rule(max_psi=0.1, level=0.05)


def reference(seed=0, rows=20_000, **more):
    """Standard normal numbers, in ten bins; with their shares."""
    values = np.random.default_rng(seed).normal(size=rows)
    edges = profile.decile_edges(np.unique(values, return_counts=True))
    bins = Bins(name="x", kind="number", edges=edges, rows=rows, **more)
    return bins, profile.shares(drift.count(bins, values))


def test_it_works():
    bins, expected = reference()
    rng = np.random.default_rng(1)
    same, other = (drift.count(bins, rng.normal(mean, size=1000)) for mean in (0.0, 0.5))
    [first] = drift.compare([(bins, expected)], [same], RULE)
    [second] = drift.compare([(bins, expected)], [other], RULE)
    assert (first.drifted, second.drifted) == (False, True)
    assert sum(second.actual) == pytest.approx(1.0)
    assert len(second.bins) == len(second.expected) == len(second.actual) == 11


def test_values_fall_into_the_bins_that_the_labels_name():
    assert NUMBER.labels() == ("to 0", "0 to 1", "above 1", "missing")
    assert drift.count(NUMBER, np.array([-1, 0, 0.5, 1, 1.5, np.nan], "float32")).tolist() == [2, 2, 1, 1]
    assert CATEGORY.labels() == ("a", "b", "all others", "missing")
    assert drift.count(CATEGORY, np.array(["a", "a", "b", "c", "", None], object)).tolist() == [2, 1, 1, 2]


def test_they_are_the_bins_of_the_reference_profile():
    values = np.random.default_rng(0).integers(0, 40, 500).astype("float32")
    counts = np.unique(values, return_counts=True)
    bins = Bins(name="x", kind="number", edges=profile.decile_edges(counts))
    assert profile.shares(drift.count(bins, values)) == pytest.approx(profile.number_shares(counts, 0, bins.edges))
    texts = pd.Series(["a"] * 5 + ["b", "c", None], dtype="string")
    assert profile.shares(drift.count(CATEGORY, texts.to_numpy())) == profile.category_shares(
        {"a": 5, "b": 1, "c": 1, "": 1}, CATEGORY.levels
    )


def test_a_feature_that_training_never_saw_has_two_bins():
    bins = Bins(name="x", kind="number", rows=10)
    assert drift.count(bins, np.array([1.0, np.nan])).tolist() == [1, 1]
    assert drift.by_chance([0.0, 1.0], 10, np.array([0, 5])) == 1.0


def test_the_chance_is_that_of_pearsons_test():
    counts = np.array([30, 70, 100])
    expected = chi2_contingency([[200, 300, 500], counts], correction=False).pvalue
    assert drift.by_chance([0.2, 0.3, 0.5], 1000, counts) == pytest.approx(expected)


def test_bins_that_expect_next_to_nothing_are_tested_together():
    counts = np.array([100, 99, 1, 1, 1])
    pooled = chi2_contingency([[500, 497, 3], [100, 99, 3]], correction=False).pvalue
    assert drift.by_chance([0.5, 0.497, 0.001, 0.001, 0.001], 1000, counts) == pytest.approx(pooled)


def test_without_drift_hardly_anything_is_told_and_nothing_by_the_index_alone():
    """Over many seeds the share of days with any false discovery keeps to the level, at 20 features a day."""
    bins, expected = reference()
    days = 200
    false = 0
    for seed in range(days):
        rng = np.random.default_rng(1000 + seed)
        counted = [drift.count(bins, rng.normal(size=300)) for _ in range(20)]
        found = drift.compare([(bins, expected)] * 20, counted, Rule(max_psi=1e-9, level=0.05))
        false += any(one.drifted for one in found)
    assert 0 < false / days < 0.05 + 3 * np.sqrt(0.05 * 0.95 / days)


def test_a_shift_is_found_among_many_features_that_did_not_move():
    bins, expected = reference()
    for seed in range(50):
        rng = np.random.default_rng(seed)
        counted = [drift.count(bins, rng.normal(size=500)) for _ in range(19)]
        counted.append(drift.count(bins, rng.normal(0.8, size=500)))
        found = drift.compare([(bins, expected)] * 20, counted, RULE)
        assert [one.drifted for one in found] == [False] * 19 + [True]


def test_what_single_days_reach_anyway_is_no_drift():
    """A weekday is one value on any day, and all seven over a year."""
    days = np.repeat(np.arange(70), 100)
    values = (days % 7).astype(float)
    bins = Bins(name="weekday", kind="number", edges=tuple(map(float, range(7))), rows=len(values))
    expected = profile.shares(drift.count(bins, values))
    reached = drift.usual(expected, drift.count_by_day(bins, values, days))
    assert reached > 1
    monday, broken = np.zeros(100), np.full(100, np.nan)
    known = bins.model_copy(update={"usual": reached})
    [usual] = drift.compare([(known, expected)], [drift.count(bins, monday)], RULE)
    [unknown] = drift.compare([(known, expected)], [drift.count(bins, broken)], RULE)
    [uncalibrated] = drift.compare([(bins, expected)], [drift.count(bins, monday)], RULE)
    assert (usual.drifted, unknown.drifted, uncalibrated.drifted) == (False, True, True)


def test_days_count_by_utc_over_all_parts():
    times = pd.Series(pd.to_datetime(["2013-01-01T23:30-05:00", "2013-01-02T01:00Z", "2013-01-01T00:00Z"], utc=True))
    values = np.array([2.0, 2.0, -1.0])
    days = drift.days_of(pd.DataFrame({"t": times}), "t")
    assert (np.datetime64("1970-01-01") + days).astype(str).tolist() == ["2013-01-02", "2013-01-02", "2013-01-01"]
    whole = drift.count_by_day(NUMBER, values, days)
    parts = [drift.count_by_day(NUMBER, values[place : place + 1], days[place : place + 1]) for place in range(3)]
    merged = drift.merge(parts)
    assert whole.keys() == merged.keys()
    assert all((whole[day] == merged[day]).all() for day in whole)


def test_cut_off_and_freak_days_say_nothing_of_what_is_usual():
    even, tilted = np.array([500, 500, 0, 0]), np.array([600, 400, 0, 0])
    cut_off, freak = np.array([99, 1, 0, 0]), np.array([2, 0, 0, 0])
    days = {0: cut_off, 1: even, 2: even, 3: freak, 4: tilted, 5: cut_off}
    half = [0.5, 0.5, 0.0, 0.0]
    assert drift.usual(half, days) == pytest.approx(profile.psi(half, [0.6, 0.4, 0, 0]))
    assert drift.usual(half, {0: even, 1: even}) is None


def test_without_a_time_samples_of_the_table_stand_for_days():
    """However the rows are parted, and whatever they are sorted by."""
    table = pd.DataFrame({"x": np.sort(np.random.default_rng(0).normal(size=5500))})
    whole = drift.days_of(table, None)
    parts = [drift.days_of(table[first : first + 800], None, first, len(table)) for first in range(0, 5500, 800)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert np.bincount(whole).tolist() == [1100] * 5
    bins = Bins(name="x", kind="number", edges=tuple(np.quantile(table["x"], [0.25, 0.5, 0.75])))
    expected = profile.shares(drift.count(bins, table["x"].to_numpy()))
    assert drift.usual(expected, drift.count_by_day(bins, table["x"].to_numpy(), whole)) < 0.001


def test_a_table_too_small_for_samples_has_no_usual_day():
    days = drift.days_of(pd.DataFrame(index=range(200)), None)
    assert drift.usual([1.0, 0.0], drift.count_by_day(Bins(name="x", kind="number"), np.ones(200), days)) is None
