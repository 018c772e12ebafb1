"""How well one column alone tells the target, on a sample of rows."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

BINS = 20
NUMERIC = ("number", "integer")
ENOUGH = 200
"""Rows of the sample with a target below which nothing is told."""


def scores(rows: pd.DataFrame, kinds: dict[str, str], target: pd.Series, task: str) -> dict[str, float]:
    """From 0 (no better than without it) to 1 (it tells the target), by column.

    The mean target of each bin of a column is learned from every other row, and scored on the rows between:
    the area under the ROC curve less its half (binary), the share of wrong guesses that are gone (multiclass), R2.
    """
    told = target.notna().to_numpy()
    rows, target = rows[told].reset_index(drop=True), target[told].reset_index(drop=True)
    if len(rows) < ENOUGH:
        return {}
    score = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}[task]
    found = {name: max(0.0, score(_bins(rows[name], kind), target)) for name, kind in kinds.items()}
    if task == "regression":  # bins are too coarse for a copy
        copies = {name: _same_order(rows[name], target) for name, kind in kinds.items() if kind in NUMERIC}
        found |= {name: max(found[name], score) for name, score in copies.items()}
    return found


def _same_order(column: pd.Series, target: pd.Series) -> float:
    """The square of Spearman's rank correlation, less the share of rows that it does not cover."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.nunique() < 2:
        return 0.0
    return float(numbers.rank().corr(target.rank()) ** 2 * numbers.notna().mean())


def _bins(column: pd.Series, kind: str) -> npt.NDArray[np.int64]:
    """A bin for each value; the last is for those that are missing."""
    if kind in NUMERIC:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy("float64")
        known = numbers[np.isfinite(numbers)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
        return np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right"), len(edges) + 1)
    levels = column.astype("str").str.strip()
    codes = {level: place for place, level in enumerate(levels.value_counts().index[: BINS * 5])}
    return np.asarray(levels.map(codes).fillna(len(codes)), np.int64)


def _halves(bins: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """For the rows between: the mean of their bin, by the other rows, and their own value."""
    learn, judge = slice(0, None, 2), slice(1, None, 2)
    size = int(bins.max()) + 1
    times = np.bincount(bins[learn], minlength=size)
    sums = np.bincount(bins[learn], weights=values[learn], minlength=size)
    overall = values[learn].mean()
    means = np.where(times > 0, sums / np.maximum(times, 1), overall)
    return means[bins[judge]], values[judge]


def _binary(bins: npt.NDArray[np.int64], target: pd.Series) -> float:
    guesses, truth = _halves(bins, target.to_numpy("float64"))
    ranks = pd.Series(guesses).rank().to_numpy()
    yes = truth == 1
    if not yes.any() or yes.all():
        return 0.0
    area = (ranks[yes].sum() - yes.sum() * (yes.sum() + 1) / 2) / (yes.sum() * (~yes).sum())
    return float(2 * area - 1)


def _multiclass(bins: npt.NDArray[np.int64], target: pd.Series) -> float:
    codes, _ = pd.factorize(target, sort=True)
    guesses = np.stack([_halves(bins, (codes == place).astype("float64"))[0] for place in range(codes.max() + 1)])
    truth = codes[1::2]
    wrong, blind = (guesses.argmax(axis=0) != truth).mean(), 1 - np.bincount(truth).max() / len(truth)
    return float(1 - wrong / blind) if blind else 0.0


def _regression(bins: npt.NDArray[np.int64], target: pd.Series) -> float:
    guesses, truth = _halves(bins, target.to_numpy("float64"))
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(1 - ((truth - guesses) ** 2).sum() / spread) if spread else 0.0
