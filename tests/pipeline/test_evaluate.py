"""What the hold-out leaves for the days to come: how answers are distributed, and what single days came to."""

import json

import numpy as np
import pandas as pd
import pytest

from bundle.contract import Contract, Output
from pipeline import evaluate
from pipeline.holdout import Answered
from pipeline.metrics import draws, scored
from pipeline.metrics.groups import Groups
from pipeline.slices import by_slice

ROWS = 1000
YES = Contract(inputs=(), outputs=(Output(name="probability", type="number", meaning=""),), threshold=0.5)
LABELS = Contract(
    inputs=(), outputs=(Output(name="probabilities", type="number", meaning="", size=3),), classes=("a", "b", "c")
)
NUMBER = Contract(inputs=(), outputs=(Output(name="prediction", type="number", meaning=""),))


def days(count):
    """Answers and outcomes that follow them, on so many days; on the day but one before the last they do not."""
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=ROWS * count)
    target = (rng.uniform(size=ROWS * count) < probabilities).astype(float)
    day = np.repeat(np.arange(count), ROWS)
    target[day == count - 2] = rng.integers(0, 2, ROWS)
    return target, probabilities, day


def worst(target, predicted, day, contract=YES):
    return evaluate.worst_days(lambda rows: scored(contract, target[rows], predicted[rows]), day)


def test_it_works():
    target, probabilities, day = days(6)
    reference = evaluate.answers(YES, probabilities, day)
    assert reference.name == "probability"
    assert reference.hold_out[:-1] == pytest.approx([0.1] * 10, abs=0.001)
    assert 0 < reference.usual < 0.1
    assert reference.rows == len(target)


def test_the_worst_day_is_the_worst_for_metrics_of_either_direction():
    target, probabilities, day = days(6)
    found = worst(target, probabilities, day)
    last = scored(YES, target[day == 4], probabilities[day == 4])
    bad = dict(zip(last.names, last.metrics(), strict=True))
    for metric in ("roc_auc", "accuracy", "log_loss", "brier"):
        assert found[metric] == pytest.approx(bad[metric])


def test_without_whole_days_there_is_no_worst():
    target, probabilities, day = days(2)
    assert worst(target, probabilities, day) == {}
    assert evaluate.answers(YES, probabilities, day).usual is None


def test_days_that_can_not_tell_a_metric_are_left_out():
    target, probabilities, day = days(5)
    target[day == 2] = 0.0
    found = worst(target, probabilities, day)
    assert found["roc_auc"] < 0.6
    assert np.isfinite(list(found.values())).all()


def labels(rows, seed=0):
    """Labels that follow their probabilities."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 2, 3], rows)
    places = [rng.choice(3, p=shares) for shares in probabilities]
    return np.array(LABELS.classes, object)[places], probabilities


def test_the_reference_of_labels_is_how_often_each_is_given():
    target, probabilities = labels(2000)
    reference = evaluate.answers(LABELS, probabilities, np.arange(2000) % 5)
    assert (reference.name, reference.kind) == ("decision", "category")
    given = np.array(LABELS.classes, object)[probabilities.argmax(axis=1)]
    shares = {level: (given == level).mean() for level in "abc"}
    assert dict(zip(reference.levels, reference.hold_out, strict=False)) == pytest.approx(shares)
    assert reference.usual < 0.1
    assert worst(target, probabilities, np.arange(2000) % 5, LABELS).keys() == set(scored(LABELS, *labels(9)).names)


def test_the_reference_of_a_number_has_its_deciles():
    predicted = np.random.default_rng(0).normal(100, 20, 3000)
    reference = evaluate.answers(NUMBER, predicted, np.arange(3000) % 5)
    assert reference.hold_out[:-1] == pytest.approx([0.1] * 10, abs=0.001)
    assert reference.edges[4] == pytest.approx(100, abs=2)


def test_several_classes_are_measured_beside_their_baselines():
    target, probabilities = labels(800)
    prior = np.repeat([[1 / 6, 2 / 6, 3 / 6]], 800, axis=0)
    found = evaluate.measure(scored(LABELS, target, probabilities), {"prior": scored(LABELS, target, prior)}, seed=0)
    assert found["against"]["prior"]["log_loss"]["high"] < 0
    assert found["baselines"]["prior"]["roc_auc"]["value"] == pytest.approx(0.5)
    assert [one["label"] for one in found["classes"]] == ["a", "b", "c"]


def sliced(target, probabilities, column):
    return by_slice(column, lambda rows: evaluate.measure_slice(scored(LABELS, target[rows], probabilities[rows]), 0))


def test_a_slice_of_one_row_has_no_intervals_it_can_not_have():
    many, one = sliced(*labels(300), pd.Series(["many"] * 299 + ["one"]))
    assert (many["rows"], one["rows"]) == (299, 1)
    assert one["metrics"]["roc_auc"] is None
    assert many["metrics"]["roc_auc"]["low"] < many["metrics"]["roc_auc"]["high"]


def test_slices_are_called_what_they_are_and_those_without_a_value_are_one():
    found = sliced(*labels(6), pd.Series([2.0, 1.5, None, 2.0, 1.5, 2.0]))
    assert [(one["value"], one["rows"]) for one in found] == [("2", 3), ("1.5", 2), ("(missing)", 1)]


def test_the_worst_slice_is_named_and_whether_it_is_worse_than_chance_makes_one():
    target, probabilities = labels(2400)
    column = pd.Series(np.arange(2400) % 8)
    assert not evaluate.worst_slice({"n": sliced(target, probabilities, column)}, "accuracy", 0.6)["worse"]
    target[(column == 5).to_numpy()] = "a"
    overall = scored(LABELS, target, probabilities).metrics()[0]
    worst = evaluate.worst_slice({"n": sliced(target, probabilities, column)}, "accuracy", overall)
    assert (worst["column"], worst["value"], worst["rows"], worst["worse"]) == ("n", "5", 300, True)


def test_a_slice_of_few_groups_is_no_worst_slice():
    target, probabilities = labels(2400)
    column = pd.Series(np.arange(2400) % 8)
    target[(column == 5).to_numpy()] = "a"
    groups = Groups.by("customer", np.where(column == 5, np.arange(2400) % 3, np.arange(2400)))

    def measure(rows):
        return evaluate.measure_slice(scored(LABELS, target[rows], probabilities[rows], groups.of(rows)), 0)

    found = by_slice(column, measure)
    [few] = [one for one in found if one["value"] == "5"]
    assert few["doubts"]["accuracy"] == "too few groups by customer: 3, and 30 are the least"
    assert evaluate.worst_slice({"n": found}, "accuracy", 0.6)["value"] != "5"


def test_each_baseline_says_yes_from_its_own_threshold(tmp_path):
    """That of the model is above all that the prior answers, which would find nothing."""
    target, probabilities, _ = days(2)
    for name, said in (("prior", np.full(2000, 0.3)), ("linear", probabilities), ("gradient_boosting", probabilities)):
        np.save(tmp_path / f"{name}.npy", said)
    thresholds = {"prior": 0.3, "linear": 0.5, "gradient_boosting": 0.9}
    (tmp_path / "thresholds.json").write_text(json.dumps(thresholds))
    read = Answered(probabilities, target, pd.DataFrame(), None)
    found = evaluate.baselines_of(tmp_path, read, YES)
    recall = {name: dict(zip(one.names, one.metrics(), strict=True))["recall"] for name, one in found.items()}
    assert recall["prior"] == 1.0
    assert recall["linear"] > recall["gradient_boosting"] > 0


def test_a_few_rows_that_were_all_answered_wrongly_are_no_worst_slice():
    target, probabilities = labels(603)
    target[600:] = np.array(LABELS.classes, object)[probabilities[600:].argmin(axis=1)]
    column = pd.Series(["many"] * 600 + ["few"] * 3)
    overall = scored(LABELS, target, probabilities).metrics()[0]
    worst = evaluate.worst_slice({"n": sliced(target, probabilities, column)}, "accuracy", overall)
    assert (worst["value"], worst["worse"]) == ("many", False)
    few = {"n": sliced(target[600:], probabilities[600:], column[600:])}
    assert evaluate.worst_slice(few, "accuracy", overall) is None


def test_many_rows_are_drawn_less_often():
    assert [draws(rows, 400) for rows in (10, 250_000, 500_000, 50_000_000)] == [400, 400, 200, 100]
