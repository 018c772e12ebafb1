"""Where there is a doubt about a figure, it is told why."""

import numpy as np
import pytest

from pipeline.metrics import doubts, drawn, estimates
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


@pytest.mark.parametrize("rows", [1000, 5000])
def test_where_errors_have_a_heavy_tail_the_rmse_passes_seldom_at_its_true_limit(rows):
    """Without the doubt it does in 4 of 10 hold-outs: those that lack the largest errors."""
    shape, truth, passed = 2.5, np.sqrt(2.5 / 0.5), 0
    for seed in range(40):
        one = Regression(np.zeros(rows), np.random.default_rng(seed).pareto(shape, rows) + 1)
        if "rmse" not in doubts(one):
            [replicated] = drawn([one], seed, 100)
            passed += estimates(one, replicated)["rmse"].high <= truth
    assert passed <= 0.15 * 40


@pytest.mark.parametrize(
    ("draw", "rows"), [("normal", 30), ("normal", 100), ("normal", 1000), ("laplace", 60), ("laplace", 1000)]
)
def test_errors_without_a_heavy_tail_are_not_doubted(draw, rows):
    errors = [getattr(np.random.default_rng(seed), draw)(size=rows) for seed in range(100)]
    assert sum(bool(doubts(Regression(one, np.zeros(rows)))) for one in errors) <= 8


def test_the_reason_tells_the_tail():
    errors = np.random.default_rng(1).pareto(2.0, 20_000) + 1
    [why] = set(doubts(Regression(np.clip(errors, 0, 60), np.zeros(20_000))).values())
    assert why.startswith("the largest errors have a heavy tail, of index 2.")
    assert why.endswith("; ask for mae or p90_error")
