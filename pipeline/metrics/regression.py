"""Metrics of predictions of a number."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.metrics.doubts import LEAST_INDEX, MOST_OF_ONE_ROW, MOST_OF_ROWS, TAIL_ROWS, tail_index
from pipeline.metrics.groups import Groups
from pipeline.metrics.shares import Share
from pipeline.problem import METRICS, Metric

POINTS = 1000
GROUPS = 10
BARS = 40
QUANTILES = (0.5, 0.9)
SQUARED: tuple[Metric, ...] = ("rmse", "r2")
"""Metrics of which the largest errors decide."""

Floats = npt.NDArray[np.float64]


class Regression:
    """Rows with their numbers and those predicted."""

    names = METRICS["regression"]

    def __init__(self, target: npt.ArrayLike, predicted: npt.ArrayLike, groups: Groups | None = None) -> None:
        self.target, self.predicted = np.asarray(target, "float64"), np.asarray(predicted, "float64")
        self.rows, self.groups = len(self.target), groups
        self.residuals = self.predicted - self.target
        self.errors: Floats = np.abs(self.residuals)
        self.order = np.argsort(self.errors, kind="stable")
        self.parts = self.errors / np.abs(self.target) if (self.target != 0).all() else np.full(self.rows, np.nan)

    def metrics(self, weights: Floats | None = None) -> Floats:
        """Every metric, in the order of ``names``, [..., names]; ``weights`` counts each row, [..., rows]."""
        counts = np.ones(self.rows) if weights is None else weights
        everything = counts.sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = (counts * self.residuals**2).sum(axis=-1)
            mean = (counts * self.target).sum(axis=-1) / everything
            spread = (counts * (self.target - mean[..., None]) ** 2).sum(axis=-1)
            found = [
                np.sqrt(squares / everything),
                (counts * self.errors).sum(axis=-1) / everything,
                *self._quantiles(counts),
                (counts * self.parts).sum(axis=-1) / everything,
                np.where(spread > 0, 1.0 - squares / spread, np.nan),
            ]
        return np.stack(found, axis=-1)

    def _quantiles(self, counts: Floats) -> list[Floats]:
        """The errors that half and nine tenths of the rows do not exceed, each [...]."""
        reached = np.cumsum(counts.take(self.order, axis=-1), axis=-1)
        everything, ordered = reached[..., -1:], self.errors[self.order]
        found = []
        for quantile in QUANTILES:
            sides = (reached < quantile * everything).sum(axis=-1), (reached <= quantile * everything).sum(axis=-1)
            middle = ordered[np.minimum(sides, self.rows - 1)].mean(axis=0)
            found.append(np.where(everything[..., 0] > 0, middle, np.nan))
        return found

    def shares(self) -> dict[Metric, list[Share]]:
        """None is one."""
        return {}

    def doubts(self, *, apart: bool) -> dict[Metric, str]:
        """Few errors may decide, those that are not in the hold-out too; that makes no difference look surer."""
        squares = self.errors**2
        index = tail_index(self.errors) if self.rows >= TAIL_ROWS else math.inf
        most = squares.max() / squares.sum() if squares.any() else 0.0
        alone = most > max(MOST_OF_ONE_ROW, MOST_OF_ROWS / self.rows)
        if apart or not (alone or index < LEAST_INDEX):
            return {}
        why = f"one row carries {most:.0%} of the squared error"
        if not alone:
            why = f"the largest errors have a heavy tail, of index {index:.1f}, and {LEAST_INDEX:g} is the least"
        return dict.fromkeys(SQUARED, f"{why}; ask for mae or p90_error")

    def brief(self) -> dict[str, Any]:
        """The mean of the rows."""
        return {"mean": float(self.target.mean())}

    def told(self) -> dict[str, Any]:
        """The mean of the rows and what lies around it, and the errors in groups by what was predicted."""
        low, high = float(self.target.min()), float(self.target.max())
        groups = [
            {
                "predicted": float(self.predicted[group].mean()),
                "actual": float(self.target[group].mean()),
                "mae": float(self.errors[group].mean()),
                "bias": float(self.residuals[group].mean()),
                "rows": len(group),
            }
            for group in np.array_split(np.argsort(self.predicted, kind="stable"), min(GROUPS, self.rows))
        ]
        return {**self.brief(), "low": low, "high": high, "deciles": groups}

    def losses(self) -> Floats:
        """How far off each row is."""
        return self.errors

    def curves(self) -> dict[str, Any]:
        """Some rows as [predicted, actual], and how many rows have which residual (predicted less actual)."""
        picked = np.unique(np.linspace(0, self.rows - 1, POINTS).astype(int))
        edges = np.quantile(self.residuals, [0.005, 0.995])
        inside = np.clip(self.residuals, *edges)
        counts, edges = np.histogram(inside, min(BARS, max(5, int(np.sqrt(self.rows)))))
        return {
            "points": np.column_stack([self.predicted, self.target])[picked].tolist(),
            "residuals": {"edges": edges.tolist(), "counts": counts.tolist()},
        }
