"""The threshold between yes and no."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PROBABILITIES = np.array([0.1, 0.4, 0.4, 0.6, 0.8, 0.9])
CAME_TRUE = np.array([0, 0, 1, 1, 0, 1], "float32")


@pytest.mark.parametrize(
    ("decision", "threshold"),
    [
        ({}, 0.4),
        ({"best": "accuracy"}, 0.9),
        ({"false_yes": 1, "false_no": 1}, 0.9),
        ({"false_yes": 1, "false_no": 5}, 0.4),
        ({"false_yes": 5, "false_no": 1}, 0.9),
    ],
)
def test_the_threshold_is_best_by_the_metric_or_by_what_mistakes_cost(decision, threshold):
    from pipeline import train
    from pipeline.problem import Decision

    assert train.best_threshold(PROBABILITIES, CAME_TRUE, Decision(**decision)) == pytest.approx(threshold)


def test_where_a_yes_is_never_worth_its_cost_none_is_said():
    from pipeline import train
    from pipeline.problem import Decision

    dear = Decision(false_yes=100, false_no=1)
    found = train.best_threshold(PROBABILITIES, 1 - CAME_TRUE, dear)
    assert np.float32(found) > np.float32(PROBABILITIES.max())
    assert found == pytest.approx(100 / 101)
    sure = np.append(PROBABILITIES, 0.9999)
    assert np.float32(train.best_threshold(sure, np.zeros(7, "float32"), dear)) > np.float32(0.9999)
