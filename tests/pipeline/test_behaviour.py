"""What a model rests on is found, how its answers follow it is told, and so is where it is most wrong."""

import numpy as np
import pytest

from bundle.contract import Contract, Input, Output
from pipeline import behaviour

ROWS = 1000
INPUTS = tuple(
    Input(name=name, type=kind)
    for name, kind in (("weight", "number"), ("colour", "category"), ("seen", "time"), ("noise", "number"))
)
YES = Contract(inputs=INPUTS, outputs=(Output(name="probability", type="number", meaning=""),), threshold=0.5)
NUMBER = Contract(inputs=INPUTS, outputs=(Output(name="prediction", type="number", meaning=""),))
LABELS = Contract(
    inputs=INPUTS, outputs=(Output(name="probabilities", type="number", meaning="", size=2),), classes=("a", "b")
)


def columns():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=ROWS).astype("float32")
    weight[:50] = np.nan
    days = rng.integers(0, 100, ROWS).astype("timedelta64[D]")
    return {
        "weight": weight,
        "colour": rng.choice(np.array([b"red", b"red", b"blue", b""], object), ROWS),
        "seen": np.datetime64("2026-01-01", "s") + days,
        "noise": rng.normal(size=ROWS).astype("float32"),
    }


def predict(given):
    """More with the weight, a little more for red."""
    score = 2 * np.nan_to_num(given["weight"].astype("float64")) + 0.5 * (given["colour"] == b"red")
    return 1 / (1 + np.exp(-score))


def both(given):
    return np.column_stack([1 - predict(given), predict(given)])


def outcomes(given):
    return (np.random.default_rng(1).random(ROWS) < predict(given)).astype(float)


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass"])
def test_what_matters_comes_first_and_what_does_not_is_worth_nothing(task):
    given = columns()
    contract, answer = {"binary": (YES, predict), "regression": (NUMBER, predict), "multiclass": (LABELS, both)}[task]
    target = {"regression": predict(given)}.get(task, outcomes(given))
    target = np.array(["a", "b"], object)[target.astype(int)] if task == "multiclass" else target
    weight, colour, *others = behaviour.importance(answer, given, target, contract, seed=0)
    assert (weight.column, colour.column) == ("weight", "colour")
    assert weight.low > colour.high
    assert colour.low > 0
    assert {one.column for one in others} == {"noise", "seen"}
    assert [(one.value, one.low, one.high) for one in others] == [pytest.approx((0, 0, 0), abs=1e-12)] * 2


def test_the_same_seed_gives_the_same_importance():
    given = columns()
    once, again = (behaviour.importance(predict, given, outcomes(given), YES, seed=3) for _ in range(2))
    assert once == again


def test_answers_follow_a_column_over_the_values_that_it_has():
    weight, colour, seen = behaviour.dependence(predict, columns(), YES, ["weight", "colour", "seen"])
    followed = [point.answers["probability"] for point in weight.points]
    assert len(followed) == behaviour.POINTS
    assert followed == sorted(followed)
    assert -2.5 < weight.points[0].at < -1.5
    assert [point.at for point in colour.points] == ["red", "blue"]
    assert colour.points[0].answers["probability"] > colour.points[1].answers["probability"]
    assert seen.points[0].at.startswith("2026-01-0")
    [point, *_] = behaviour.dependence(both, columns(), LABELS, ["weight"])[0].points
    assert sum(point.answers.values()) == pytest.approx(1.0)


def test_of_a_column_without_any_value_nothing_is_told():
    given = {**columns(), "weight": np.full(ROWS, np.nan, "float32")}
    assert behaviour.dependence(predict, given, YES, ["weight"])[0].points == ()


def test_a_wide_table_is_asked_about_in_fewer_rows():
    assert len(behaviour.sample(10_000, 20, 0)) == behaviour.SAMPLE
    assert behaviour.FEWEST <= len(behaviour.sample(10_000, 300, 0)) < behaviour.SAMPLE
    assert behaviour.sample(3, 20, 0).tolist() == [0, 1, 2]


def test_the_surest_mistakes_of_yes_and_of_no_are_told():
    target, predicted = np.array([1.0, 0.0] * 50), np.full(100, 0.5)
    predicted[[4, 7]] = 0.01, 0.99
    losses = -np.log(np.where(target == 1, predicted, 1 - predicted))
    numbers = behaviour.worst(losses, target, YES)
    assert set(numbers[:2].tolist()) == {4, 7}
    assert len(numbers) == behaviour.ERRORS
    assert target[numbers].mean() == 0.5
    row = {"weight": np.float32("nan"), "colour": "red", "seen": None, "noise": 1.0}
    told = behaviour.mistake(row, predicted[4], target[4], losses[4], YES)
    assert (told.answer, told.actual, told.row) == (
        0.01,
        1.0,
        {"weight": None, "colour": "red", "seen": None, "noise": 1.0},
    )
    assert behaviour.mistake(row, 0.9, 1.0, 0.1, YES) is None


def test_a_wrong_label_is_told_with_how_sure_it_was():
    told = behaviour.mistake({}, np.array([0.9, 0.1]), "b", 2.3, LABELS)
    assert (told.answer, told.probability, told.actual) == ("a", 0.9, "b")
    assert behaviour.mistake({}, np.array([0.9, 0.1]), "a", 0.1, LABELS) is None
    assert behaviour.mistake({}, 3.0, 5.0, 2.0, NUMBER).loss == 2.0
