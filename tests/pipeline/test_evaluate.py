"""What the hold-out leaves for the days to come: how answers are distributed, and what single days came to."""

import numpy as np
import pytest

from pipeline import evaluate
from pipeline.metrics import METRICS, Scored

ROWS = 1000


def days(count):
    """Answers and outcomes that follow them, on so many days; on the day but one before the last they do not."""
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=ROWS * count)
    target = (rng.uniform(size=ROWS * count) < probabilities).astype(float)
    day = np.repeat(np.arange(count), ROWS)
    target[day == count - 2] = rng.integers(0, 2, ROWS)
    return target, probabilities, day


def test_it_works():
    target, probabilities, day = days(6)
    reference = evaluate.answers("probability", probabilities, day)
    assert reference.name == "probability"
    assert reference.hold_out[:-1] == pytest.approx([0.1] * 10, abs=0.001)
    assert 0 < reference.usual < 0.1
    assert reference.rows == len(target)


def test_the_worst_day_is_the_worst_for_metrics_of_either_direction():
    target, probabilities, day = days(6)
    worst = evaluate.worst_days(target, probabilities, day, 0.5)
    bad = dict(zip(METRICS, Scored(target[day == 4], probabilities[day == 4], 0.5).metrics(), strict=True))
    for metric in ("roc_auc", "accuracy", "log_loss", "brier"):
        assert worst[metric] == pytest.approx(bad[metric])


def test_without_whole_days_there_is_no_worst():
    target, probabilities, day = days(2)
    assert evaluate.worst_days(target, probabilities, day, 0.5) == {}
    assert evaluate.answers("probability", probabilities, day).usual is None


def test_days_that_can_not_tell_a_metric_are_left_out():
    target, probabilities, day = days(5)
    target[day == 2] = 0.0
    worst = evaluate.worst_days(target, probabilities, day, 0.5)
    assert worst["roc_auc"] < 0.6
    assert np.isfinite(list(worst.values())).all()
