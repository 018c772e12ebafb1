"""Where there is a doubt about a figure, it is told why."""

import numpy as np
import pytest

from pipeline.metrics import doubts
from pipeline.metrics.binary import Binary
from pipeline.metrics.groups import Groups
from pipeline.metrics.multiclass import Multiclass
from pipeline.metrics.regression import Regression


def yes(positives, rows, groups=None):
    target = (np.arange(rows) < positives).astype(float)
    return Binary(target, np.linspace(0, 1, rows), 0.5, groups)


def test_it_works():
    assert doubts(yes(100, 200)) == doubts(yes(100, 200), apart=True) == {}


@pytest.mark.parametrize(("positives", "answer"), [(9, "yes"), (191, "no")])
def test_few_rows_of_an_answer_settle_no_ranking_and_no_difference(positives, answer):
    found = doubts(yes(positives, 200))
    assert found == dict.fromkeys(("f1", "roc_auc", "pr_auc"), f"too few rows of {answer}: 9, and 10 are the least")
    assert doubts(yes(positives, 200), apart=True).keys() == set(Binary.names)


@pytest.mark.parametrize("apart", [True, False])
def test_few_rows_or_groups_settle_nothing(apart):
    few = Regression(np.arange(29.0), np.zeros(29))
    assert set(doubts(few, apart=apart).values()) == {"too few rows: 29, and 30 are the least"}
    grouped = yes(100, 240, Groups.by("customer", np.arange(240) // 20))
    assert doubts(grouped, apart=apart).keys() == set(Binary.names)
    assert set(doubts(grouped, apart=apart).values()) == {"too few groups by customer: 12, and 30 are the least"}
    labels = Multiclass(np.array(["a", "b"] * 20, object), np.full((40, 2), 0.5), ("a", "b"))
    assert doubts(labels, apart=apart) == {}


def test_one_row_that_carries_much_of_the_squared_error_is_told():
    errors = np.ones(100)
    assert doubts(Regression(errors, np.zeros(100))) == {}
    errors[7] = 7.0
    found = doubts(Regression(errors, np.zeros(100)))
    why = "one row carries 33% of the squared error; ask for mae or p90_error"
    assert found == {"rmse": why, "r2": why}
    assert doubts(Regression(errors, np.zeros(100)), apart=True) == {}
    assert doubts(Regression(errors, errors)) == {}
