"""The metrics of numbers are those of scikit-learn, and weights count rows."""

import numpy as np
import pytest
from sklearn import metrics as reference

from pipeline.metrics import estimates, replicates
from pipeline.metrics.regression import Regression


def sample(rows, seed=0):
    rng = np.random.default_rng(seed)
    predicted = rng.gamma(3.0, 50.0, rows) + 1.0
    return predicted + rng.normal(0, 20, rows), predicted


def told(scored, weights=None):
    return dict(zip(scored.names, scored.metrics(weights), strict=True))


@pytest.mark.parametrize("rows", [1000, 1001])
def test_it_works_as_scikit_learn_does(rows):
    target, predicted = sample(rows)
    assert told(Regression(target, predicted)) == pytest.approx(
        {
            "rmse": reference.root_mean_squared_error(target, predicted),
            "mae": reference.mean_absolute_error(target, predicted),
            "median_error": reference.median_absolute_error(target, predicted),
            "p90_error": np.quantile(np.abs(target - predicted), 0.9, method="averaged_inverted_cdf"),
            "mape": reference.mean_absolute_percentage_error(target, predicted),
            "r2": reference.r2_score(target, predicted),
        }
    )


def test_weights_count_rows():
    target, predicted = sample(301)
    weights = np.random.default_rng(1).poisson(1.0, 301).astype(float)
    repeated = np.repeat(np.arange(301), weights.astype(int))
    assert told(Regression(target, predicted), weights) == pytest.approx(
        told(Regression(target[repeated], predicted[repeated]))
    )


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    target, predicted = sample(100_000)
    truth = told(Regression(target, predicted))
    held = dict.fromkeys(truth, 0)
    for seed in range(60):
        picked = np.random.default_rng(seed).choice(len(target), 500, replace=False)
        scored = Regression(target[picked], predicted[picked])
        drawn = np.array([one for [one] in replicates([scored], seed, 200)])
        for name, figure in estimates(scored, drawn).items():
            held[name] += figure.low <= truth[name] <= figure.high
    del held["mape"]  # a mean of parts without bounds, of which few rows decide
    assert all(times >= 51 for times in held.values()), held


def test_what_can_not_be_told_is_not_told():
    of_zero = told(Regression([0.0, 1.0, 2.0], [0.5, 1.0, 2.0]))
    assert np.isnan(of_zero["mape"])
    of_one_value = told(Regression([3.0, 3.0], [2.0, 4.0]))
    assert np.isnan(of_one_value["r2"])
    assert of_one_value["rmse"] == 1.0


def test_one_row_is_enough_for_what_it_can_tell():
    scored = Regression([2.0], [3.0])
    drawn = np.array([one for [one] in replicates([scored], 0, 50)])
    assert estimates(scored, drawn)["rmse"].value == 1.0
    assert scored.told()["deciles"][0]["bias"] == 1.0


def test_groups_and_bars_count_every_row():
    scored = Regression(*sample(5003))
    assert sum(group["rows"] for group in scored.told()["deciles"]) == 5003
    residuals = scored.curves()["residuals"]
    assert sum(residuals["counts"]) == 5003
    assert len(residuals["edges"]) == len(residuals["counts"]) + 1
    assert len(scored.curves()["points"]) <= 1000
