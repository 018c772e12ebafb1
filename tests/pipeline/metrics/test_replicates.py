"""Replicates: many are weighed at once, and each is what it would be by itself."""

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.binary import Binary
from pipeline.metrics.groups import Groups
from pipeline.metrics.multiclass import Multiclass
from pipeline.metrics.regression import Regression

ROWS, COUNT = 90, 150


def some():
    """Rows of each kind of answer; of yes and no with ties, and with groups of which there are two rows to three."""
    rng = np.random.default_rng(3)
    yes, said = (rng.random(ROWS) < 0.2).astype(float), rng.random(ROWS).round(1)
    labels, shares = rng.choice(["a", "b", "never seen"], ROWS), rng.dirichlet([1, 1, 1], ROWS)
    groups = Groups.by("who", rng.integers(0, 60, ROWS))
    return [
        Binary(yes, said, 0.3, groups),
        Multiclass(labels, shares, ("a", "b", "c")),
        Regression(said + yes, said, groups),
    ]


@pytest.mark.parametrize("scored", some(), ids=lambda one: type(one).__name__)
def test_each_of_many_at_once_is_what_it_is_alone(scored, monkeypatch):
    together = metrics.drawn([scored, scored], 5, COUNT)
    monkeypatch.setattr(metrics, "AT_ONCE", 1)
    alone = metrics.drawn([scored, scored], 5, COUNT)
    assert together.shape == (2, COUNT, len(scored.names))
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    assert np.array_equal(together[0], together[1], equal_nan=True)


@pytest.mark.parametrize("scored", some(), ids=lambda one: type(one).__name__)
def test_where_no_row_counts_no_metric_can_be_told(scored):
    weights = np.stack([np.zeros(ROWS), np.ones(ROWS)])
    nothing, everything = scored.metrics(weights)
    assert np.isnan(nothing).all()
    np.testing.assert_allclose(everything, scored.metrics(), rtol=1e-12)
