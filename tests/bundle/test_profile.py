"""Bins, shares, and how far one sample is from another."""

import numpy as np
import pytest

from bundle import profile


def counts(values):
    return np.unique(np.asarray(values, float), return_counts=True)


def test_it_works():
    edges = profile.decile_edges(counts(range(100)))
    shares = profile.number_shares(counts(range(100)), 0, edges)
    assert len(edges) == 9
    assert shares == pytest.approx([0.1] * 10 + [0.0])
    assert profile.psi(shares, shares) == 0.0


def test_quantiles_are_exact():
    values = np.random.default_rng(0).integers(0, 50, 1000)
    expected = np.quantile(values, [0.1, 0.5, 0.9], method="inverted_cdf")
    assert profile.quantiles(counts(values), [0.1, 0.5, 0.9]).tolist() == expected.tolist()


def test_psi_is_that_of_the_formula_and_grows_with_the_shift():
    assert profile.psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * np.log(0.6 / 0.5) - 0.1 * np.log(0.4 / 0.5))
    rng = np.random.default_rng(0)
    start = counts(rng.normal(size=5000))
    edges = profile.decile_edges(start)
    moved = [
        profile.psi(
            profile.number_shares(start, 0, edges),
            profile.number_shares(counts(rng.normal(shift, size=5000)), 0, edges),
        )
        for shift in (0.0, 0.3, 1.0)
    ]
    assert moved[0] < 0.02 < moved[1] < 0.25 < moved[2]


def test_an_empty_bin_has_a_finite_index():
    assert np.isfinite(profile.psi([1.0, 0.0], [0.0, 1.0]))


def test_a_column_of_one_value_or_none_has_bins():
    assert profile.decile_edges(counts([3, 3, 3])) == (3.0,)
    assert profile.decile_edges(counts([])) == ()
    assert profile.number_shares(counts([]), 5, ()) == (0.0, 1.0)


def test_levels_others_and_missing_are_told_apart():
    shares = profile.category_shares({"a": 5, "b": 3, "rare": 1, "": 1}, ["a", "b"])
    assert shares == (0.5, 0.3, 0.1, 0.1)
