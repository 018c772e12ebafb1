"""The metrics of several classes are those of scikit-learn, exactly; weights count rows, or nearly so."""

import numpy as np
import pytest
from sklearn import metrics as reference

from pipeline.metrics import estimates, replicates
from pipeline.metrics.multiclass import OTHERS, SHOWN, Multiclass

CLASSES = ("adelie", "chinstrap", "gentoo")


def sample(rows, seed=0, classes=CLASSES, rounded=None):
    """Labels that follow their probabilities, the first class being rare."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.3, *[1.0] * (len(classes) - 1)], rows)
    places = (probabilities.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    if rounded is not None:
        probabilities = np.round(probabilities, rounded) + 0.01
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    return np.array(classes, object)[places], probabilities


def told(scored, weights=None):
    return dict(zip(scored.names, scored.metrics(weights), strict=True))


@pytest.mark.parametrize("rounded", [None, 1])
def test_it_works_as_scikit_learn_does_with_and_without_ties(rounded):
    target, probabilities = sample(3000, rounded=rounded)
    said = np.array(CLASSES, object)[probabilities.argmax(axis=1)]
    inside = np.clip(probabilities, 1e-7, 1.0)
    squares = (probabilities - (target[:, None] == np.array(CLASSES, object))) ** 2
    found = told(Multiclass(target, probabilities, CLASSES))
    assert 0 < found.pop("ece") < 0.05
    assert found == pytest.approx(
        {
            "accuracy": reference.accuracy_score(target.astype(str), said.astype(str)),
            "balanced_accuracy": reference.balanced_accuracy_score(target.astype(str), said.astype(str)),
            "macro_f1": reference.f1_score(target.astype(str), said.astype(str), average="macro"),
            "roc_auc": reference.roc_auc_score(
                target.astype(str), probabilities, multi_class="ovr", average="macro", labels=CLASSES
            ),
            "log_loss": -np.log(inside[target[:, None] == np.array(CLASSES, object)]).mean(),
            "brier": squares.sum(axis=1).mean(),
        }
    )


def test_weights_count_rows_and_the_area_nearly_so():
    target, probabilities = sample(2000)
    weights = np.random.default_rng(1).poisson(1.0, 2000).astype(float)
    repeated = np.repeat(np.arange(2000), weights.astype(int))
    weighted = told(Multiclass(target, probabilities, CLASSES), weights)
    again = told(Multiclass(target[repeated], probabilities[repeated], CLASSES))
    assert weighted.pop("roc_auc") == pytest.approx(again.pop("roc_auc"), abs=0.001)
    assert weighted.pop("ece") == pytest.approx(again.pop("ece"), abs=0.02)
    assert weighted == pytest.approx(again)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    target, probabilities = sample(100_000)
    truth = told(Multiclass(target, probabilities, CLASSES))
    held = dict.fromkeys(truth, 0)
    for seed in range(60):
        picked = np.random.default_rng(seed).choice(len(target), 500, replace=False)
        scored = Multiclass(target[picked], probabilities[picked], CLASSES)
        drawn = np.array([one for [one] in replicates([scored], seed, 200)])
        for name, figure in estimates(scored, drawn).items():
            held[name] += figure.low <= truth[name] <= figure.high
    assert all(times >= 51 for times in held.values()), held


def test_a_label_that_training_has_not_counts_as_wrong():
    target, probabilities = sample(400)
    target[:100] = "emperor"
    found = told(Multiclass(target, probabilities, CLASSES))
    known = told(Multiclass(target[100:], probabilities[100:], CLASSES))
    assert found["accuracy"] == pytest.approx(known["accuracy"] * 0.75)
    assert np.isfinite(list(found.values())).all()
    shown = Multiclass(target, probabilities, CLASSES).told()["confusion"]
    assert shown["labels"] == [*CLASSES, OTHERS]
    assert sum(shown["counts"][-1]) == 100


def test_without_rows_of_two_classes_there_is_no_area():
    _, probabilities = sample(20)
    found = told(Multiclass(np.array(["gentoo"] * 20, object), probabilities, CLASSES))
    assert np.isnan(found["roc_auc"])
    assert np.isfinite(found["log_loss"])


def test_every_row_is_counted_in_the_confusion_however_many_classes_there_are():
    classes = tuple(f"c{number:02}" for number in range(40))
    target, probabilities = sample(2000, classes=classes)
    found = Multiclass(target, probabilities, classes).told()
    assert len(found["classes"]) == 40
    assert len(found["confusion"]["labels"]) == SHOWN + 1
    assert np.sum(found["confusion"]["counts"]) == 2000
    assert sum(one["rows"] for one in found["classes"]) == 2000


def test_precision_and_recall_of_a_class_are_those_of_scikit_learn():
    target, probabilities = sample(1000)
    said = np.array(CLASSES, object)[probabilities.argmax(axis=1)]
    for one in Multiclass(target, probabilities, CLASSES).told()["classes"]:
        mine, given = target == one["label"], said == one["label"]
        assert one["precision"] == pytest.approx(reference.precision_score(mine, given))
        assert one["recall"] == pytest.approx(reference.recall_score(mine, given))


def test_each_class_has_a_calibration_of_its_own():
    curves = Multiclass(*sample(20_000), CLASSES).curves()["calibration"]
    assert list(curves) == list(CLASSES)
    for groups in curves.values():
        assert sum(group["low"] <= group["predicted"] <= group["high"] for group in groups) >= 7
