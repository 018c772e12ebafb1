"""A trial that can't be the best is stopped, and one that can is not."""

import pytest

from pipeline.errors import DataError

pytestmark = pytest.mark.slow

OTHERS = [[0.9, 0.7, 0.5, 0.5], [0.8, 0.6, 0.4, 0.4], [0.7, 0.5, 0.3, 0.3]]


def epochs(curve, others, of=4):
    """After how many epochs a trial with this curve is stopped; as many as there are, if it is not."""
    from pipeline.tuning.trial import Judge

    judge = Judge(others, of, lambda _: None)
    for number, loss in enumerate(curve, 1):
        judge.hear(loss)
        if judge.stops:
            return number
    return len(curve)


def test_what_falls_behind_the_median_of_the_others_is_stopped():
    assert epochs([0.9, 0.7, 0.61, 0.4], OTHERS) == 3
    assert epochs([0.9, 0.7, 0.6, 0.4], OTHERS) == 4


def test_the_first_epochs_are_no_evidence():
    assert epochs([9.0, 9.0, 0.5, 0.4], OTHERS) == 4


def test_nor_is_a_single_other_trial():
    assert epochs([9.0, 9.0, 9.0, 9.0], OTHERS[:1]) == 4


def test_others_that_were_stopped_before_are_not_compared_with():
    assert epochs([0.9, 0.7, 9.0, 9.0], [OTHERS[0], *(one[:2] for one in OTHERS)]) == 4


def test_a_loss_must_be_finite():
    with pytest.raises(DataError, match="must be a finite number, and is nan"):
        epochs([0.9, float("nan")], OTHERS)
