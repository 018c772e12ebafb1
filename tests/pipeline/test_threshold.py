"""The threshold between yes and no."""

import numpy as np
import pytest

from pipeline import threshold
from pipeline.problem import Decision

PROBABILITIES = np.array([0.1, 0.4, 0.4, 0.6, 0.8, 0.9])
CAME_TRUE = np.array([0, 0, 1, 1, 0, 1], "float32")


@pytest.mark.parametrize(
    ("decision", "best"),
    [
        ({}, 0.4),
        ({"best": "accuracy"}, 0.9),
        ({"false_yes": 1, "false_no": 1}, 0.9),
        ({"false_yes": 1, "false_no": 5}, 0.4),
        ({"false_yes": 5, "false_no": 1}, 0.9),
    ],
)
def test_the_threshold_is_best_by_the_metric_or_by_what_mistakes_cost(decision, best):
    assert threshold.best(PROBABILITIES, CAME_TRUE, Decision(**decision)) == pytest.approx(best)


def test_where_a_yes_is_never_worth_its_cost_none_is_said():
    dear = Decision(false_yes=100, false_no=1)
    found = threshold.best(PROBABILITIES, 1 - CAME_TRUE, dear)
    assert found > PROBABILITIES.max()
    assert found == pytest.approx(100 / 101)
    sure = np.append(PROBABILITIES, 0.9999)
    assert threshold.best(sure, np.zeros(7, "float32"), dear) > 0.9999


@pytest.mark.parametrize("exact", ["float32", "float64"])
def test_who_answers_all_rows_alike_reaches_the_threshold(exact):
    """Of a third the nearest float32 is more than the nearest float64."""
    alike = np.full(6, 1 / 3, exact)
    assert (alike >= threshold.best(alike, CAME_TRUE, Decision())).all()
