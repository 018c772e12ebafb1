"""What a model is measured against: a guess, a line and trees learn what there is, and answer for every class."""

import numpy as np
import pytest

from pipeline import baseline
from pipeline.arrays import Arrays
from pipeline.encoding import Category, Encoding, Number, Target

ROWS = 2000
NUMBER = Number(name="weight", median=0.0, scale=1.35, missing=True, edges=(-1.0, 1.0))
COLOUR = Category(name="colour", vocabulary=("red", "blue"))
YES = Target(task="binary", shares=(0.5,))
LABELS = Target(task="multiclass", classes=("a", "b", "c"), shares=(0.4, 0.4, 0.2))
AMOUNT = Target(task="regression", mean=0.0, scale=1.0)


def known(target):
    return Encoding(target=target, numbers=(NUMBER,), categories=(COLOUR,))


def rows(answer, seed=0):
    """Rows whose answer is made from the weight, a tenth of which is missing, and whether the colour is red."""
    rng = np.random.default_rng(seed)
    weight, colour = rng.normal(size=ROWS), rng.integers(2, 4, ROWS)
    answers = answer(weight, colour == 2, rng)
    weight[::10] = np.nan
    return Arrays(weight[:, None].astype("float32"), colour[:, None].astype("int32"), answers.astype("float32"))


def yes(weight, red, rng):
    return rng.uniform(size=ROWS) < 1 / (1 + np.exp(-2 * weight - red))


def amount(weight, red, rng):
    return weight + red + rng.normal(0, 0.1, ROWS)


def label(weight, red, rng):
    return np.where(weight > 0.5, 2, red)


def red_alone(_, red, __):
    return red


def test_a_line_learns_probabilities_from_numbers_and_categories():
    training, test = rows(yes), rows(yes, seed=1)
    told = baseline.line(training, known(YES))(test)
    assert told.shape == (ROWS,)
    guess = np.full(ROWS, test.target.mean())
    assert brier(told, test) < 0.8 * brier(guess, test)
    red = test.categories[:, 0] == 2
    assert told[red].mean() > told[~red].mean() + 0.05


def test_a_line_learns_a_number():
    test = rows(amount, seed=1)
    there = ~np.isnan(test.numbers[:, 0])
    told = baseline.line(rows(amount), known(AMOUNT))(test)
    assert np.sqrt(np.mean((told - test.target)[there] ** 2)) < 0.2


@pytest.mark.parametrize("learn", [baseline.line, lambda given, seen: baseline.boost(given, given, seen, seed=0)[0]])
def test_of_a_class_that_the_drawn_rows_lack_the_probability_is_nothing(learn):
    training, test = rows(red_alone), rows(label, seed=1)
    told = learn(training, known(LABELS))(test)
    assert told.shape == (ROWS, 3)
    assert told.sum(axis=1) == pytest.approx(1.0)
    assert (told[:, 2] == 0).all()


def test_where_the_drawn_rows_have_one_answer_a_line_gives_it():
    training = rows(yes)
    training.target[:] = 0
    assert (baseline.line(training, known(YES))(rows(yes)) == 0).all()


def test_the_same_rows_give_the_same_answers():
    training, test = rows(yes), rows(yes, seed=1)
    once, again = (baseline.line(training, known(YES))(test) for _ in range(2))
    assert (once == again).all()


def brier(told, test):
    return np.mean((told - test.target) ** 2)
