"""Tuning begins with the defaults, gives the same answer twice, and never takes failed trials for a result."""

import numpy as np
import pytest

from pipeline.arrays import Arrays
from pipeline.encoding import Category, Encoding, Number, Target
from pipeline.errors import DataError
from pipeline.problem import Search

pytestmark = pytest.mark.slow

KNOWN = Encoding(
    target=Target(task="binary", shares=(0.5,)),
    numbers=(Number(name="x", median=0.0, scale=1.0, missing=True),),
    categories=(Category(name="c", vocabulary=("a", "b")),),
)


def rows(count, seed, codes=4):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(count, 1)).astype("float32")
    target = (rng.random(count) < 1 / (1 + np.exp(-2 * numbers[:, 0]))).astype("float32")
    return Arrays(numbers, rng.integers(0, codes, (count, 1)).astype("int32"), target)


def test_it_works_and_twice_the_same():
    from pipeline import tune
    from pipeline.hyperparameters import Hyperparameters

    search = Search(trials=3, epochs=1, rows=2000)
    (first, seconds), (second, _) = (
        tune.run_trials(KNOWN, rows(3000, 0), rows(500, 1), search, seed=5) for _ in range(2)
    )
    assert [trial["status"] for trial in first] == ["COMPLETED"] * 3
    assert first[0]["hyperparameters"] == Hyperparameters().as_dict()
    assert first == second
    assert set(seconds) == {trial["id"] for trial in first}
    assert tune.best_of(first)["score"] == min(trial["score"] for trial in first)


def test_when_every_trial_fails_the_run_stops_with_what_the_first_said():
    from pipeline import tune

    broken = rows(3000, 0, codes=1000)  # codes that the embedding does not have
    trials, _ = tune.run_trials(KNOWN, broken, rows(500, 1), Search(trials=4, epochs=1, rows=2000), seed=5)
    with pytest.raises(DataError, match=r"0 of 4 trials were\. The first said: .*indices"):
        tune.best_of(trials)


def test_a_sample_is_drawn_once_and_keeps_the_order():

    train = rows(1000, 0)
    drawn = train.sample(100, seed=3)
    again = train.sample(100, seed=3)
    assert np.array_equal(drawn.numbers, again.numbers)
    places = [int(np.flatnonzero(train.numbers[:, 0] == value)[0]) for value in drawn.numbers[:, 0]]
    assert places == sorted(places)
    assert len(set(places)) == 100


def test_case_08_a_loss_that_is_not_finite_is_no_result():
    from pipeline import network, train, tune
    from pipeline.hyperparameters import Hyperparameters

    known = KNOWN.model_copy(update={"target": Target(task="regression", mean=0.0, scale=1.0)})
    sound = rows(200, 0)
    broken = Arrays(sound.numbers, sound.categories, np.full(200, np.inf, "float32"))
    trials, _ = tune.run_trials(known, broken, broken, Search(trials=2, epochs=1, rows=200), seed=5)
    with pytest.raises(DataError, match=r"0 of 2 trials were\. The first said: .*must be a finite number"):
        tune.best_of(trials)
    model = network.build(known, Hyperparameters(), seed=0)
    with pytest.raises(DataError, match="must be a finite number in some epoch"):
        train.fit(model, known.target, Hyperparameters(), broken, broken, 1, 0)


def test_a_small_table_is_passed_over_several_times_in_an_epoch():
    from pipeline import network

    few, many = (network.Batches(rows(count, 0), KNOWN.target, seed=1) for count in (140, 200_000))
    assert (few.size, len(few)) == (network.SMALLEST_BATCH, 66)
    assert (many.size, len(many)) == (network.BATCH, 196)
    seen = np.concatenate([few[number][1] for number in range(len(few))])
    assert len(seen) == 15 * 140
