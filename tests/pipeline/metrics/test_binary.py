"""The metrics are those of scikit-learn, and the intervals hold what they promise."""

import numpy as np
import pytest
from sklearn import metrics as reference

from pipeline.metrics import differences, drawn, estimates, replicates
from pipeline.metrics.binary import Binary
from pipeline.metrics.calibration import wilson


def sample(rows, seed=0, rounded=None):
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(1, 3, rows)
    target = (rng.random(rows) < probabilities).astype(float)
    return target, probabilities if rounded is None else np.round(probabilities, rounded)


@pytest.mark.parametrize("rounded", [None, 1])
def test_it_works_as_scikit_learn_does_with_and_without_ties(rounded):
    target, probabilities = sample(4000, rounded=rounded)
    found = dict(zip(Binary.names, Binary(target, probabilities, 0.3).metrics(), strict=True))
    assert 0 < found.pop("ece") < 0.03
    said = probabilities >= 0.3
    inside = np.clip(probabilities, 1e-7, 1 - 1e-7)
    assert found == pytest.approx(
        {
            "accuracy": reference.accuracy_score(target, said),
            "balanced_accuracy": reference.balanced_accuracy_score(target, said),
            "precision": reference.precision_score(target, said),
            "recall": reference.recall_score(target, said),
            "f1": reference.f1_score(target, said),
            "roc_auc": reference.roc_auc_score(target, probabilities),
            "pr_auc": reference.average_precision_score(target, probabilities),
            "log_loss": reference.log_loss(target, inside),
            "brier": reference.brier_score_loss(target, probabilities),
        }
    )


def test_weights_count_rows():
    target, probabilities = sample(300)
    weights = np.random.default_rng(1).poisson(1.0, 300).astype(float)
    repeated = np.repeat(np.arange(300), weights.astype(int))
    weighted = Binary(target, probabilities, 0.3).metrics(weights)
    again = Binary(target[repeated], probabilities[repeated], 0.3).metrics()
    assert weighted[:-1] == pytest.approx(again[:-1])
    assert weighted[-1] == pytest.approx(
        again[-1], abs=0.02
    )  # whose bins are those of the rows, however often each counts


def test_the_calibration_error_is_how_far_off_the_probabilities_are():
    target, probabilities = sample(100_000)
    place = Binary.names.index("ece")
    assert Binary(target, probabilities, 0.3).metrics()[place] < 0.01
    shifted = Binary(target, np.clip(probabilities + 0.1, 0, 1), 0.3).metrics()[place]
    assert shifted == pytest.approx(0.1, abs=0.005)
    constant = Binary(target, np.full(len(target), 0.5), 0.3).metrics()[place]
    assert constant == pytest.approx(0.5 - target.mean())


def test_the_interval_of_the_calibration_error_holds_it_where_chance_alone_makes_an_error():
    """A model that is calibrated has an error of some 0.04 on 500 rows, of which its interval says that it may be 0."""
    target, probabilities = sample(100_000)
    for off in (0.0, 0.03):
        told = np.clip(probabilities + off, 0, 1)
        truth = Binary(target, told, 0.3).metrics()[-1]
        held = 0
        for seed in range(40):
            picked = np.random.default_rng(seed).choice(len(target), 500, replace=False)
            scored = Binary(target[picked], told[picked], 0.3)
            [replicated] = drawn([scored], seed, 100)
            figure = estimates(scored, replicated)["ece"]
            held += figure.low <= truth <= figure.high
        assert held >= 38


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    target, probabilities = sample(200_000)
    truth = Binary(target, probabilities, 0.3).metrics()[Binary.names.index("roc_auc")]
    held = 0
    for seed in range(60):
        picked = np.random.default_rng(seed).choice(len(target), 800, replace=False)
        scored = Binary(target[picked], probabilities[picked], 0.3)
        replicated = np.array([one for [one] in replicates([scored], seed, 200)])
        figure = estimates(scored, replicated)["roc_auc"]
        held += figure.low <= truth <= figure.high
    assert 52 <= held <= 60


def test_a_model_against_itself_differs_by_nothing():
    target, probabilities = sample(500)
    model = Binary(target, probabilities, 0.3)
    figure = differences([model, model], drawn([model, model], 0, 100))["log_loss"]
    assert (figure.value, figure.low, figure.high) == (0.0, 0.0, 0.0)


def test_what_one_class_cannot_tell_is_not_told():
    scored = Binary(np.zeros(20), np.linspace(0, 1, 20), 0.5)
    told = estimates(scored, np.array([one for [one] in replicates([scored], 0, 50)]))
    assert np.isnan(told["roc_auc"].value)
    assert np.isnan(told["roc_auc"].low)
    assert np.isfinite(told["log_loss"].high)


def test_the_curves_begin_and_end_where_they_must():
    curves = Binary(*sample(1000), 0.3).curves()
    assert curves["roc"][0] == [0.0, 0.0]
    assert curves["roc"][-1] == [1.0, 1.0]
    assert curves["precision_recall"][-1][0] == 1.0


def test_the_confusion_counts_every_row():
    target, probabilities = sample(1000)
    confusion = Binary(target, probabilities, 0.3).confusion()
    assert sum(confusion.values()) == 1000
    assert confusion["true_positive"] + confusion["false_negative"] == target.sum()


def test_calibration_of_a_calibrated_model_lies_within_its_intervals():
    groups = Binary(*sample(20_000), 0.3).curves()["calibration"]
    assert sum(group["rows"] for group in groups) == 20_000
    assert sum(group["low"] <= group["predicted"] <= group["high"] for group in groups) >= 8


def test_wilson_is_the_published_interval():
    assert wilson(1, 10) == pytest.approx((0.0179, 0.4042), abs=1e-4)
