"""Metrics of yes-or-no predictions, with bootstrap intervals, all from one sorting of the rows.

The bootstrap draws how often each row counts (Efron 1979; the Poisson form of Chamandy et al. 2012), so that a
replicate is a weighting of the sorted rows and needs no sorting of its own; and so that two models weighted alike are
compared pair by pair.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.problem import METRICS as TASK_METRICS

METRICS = TASK_METRICS["binary"]
LOWER_IS_BETTER = frozenset({"log_loss", "brier"})
LEVEL = 0.95
REPLICATES = 400
LEAST = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A figure and its interval at ``LEVEL``; NaN where it can't be told."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """As plain values."""
        return {"value": self.value, "low": self.low, "high": self.high}


class Scored:
    """Rows with their answers and predicted probabilities, sorted once."""

    def __init__(self, target: npt.ArrayLike, probabilities: npt.ArrayLike, threshold: float) -> None:
        given = np.asarray(probabilities, "float64")
        self.order = np.argsort(-given, kind="stable")
        self.probabilities = given[self.order]
        self.target = np.asarray(target, "float64")[self.order]
        self.said_yes = self.probabilities >= threshold
        inside = np.clip(self.probabilities, LEAST, 1 - LEAST)
        self.log_losses = -np.where(self.target == 1, np.log(inside), np.log1p(-inside))
        self.squares = (self.probabilities - self.target) ** 2
        self.ends = np.flatnonzero(np.append(np.diff(self.probabilities) != 0, True))
        """The last row of each group of equal probabilities."""

    def metrics(self, weights: Floats | None = None) -> Floats:
        """Every metric, in the order of ``METRICS``; ``weights`` counts each row, in the order that it was given in."""
        counts = np.ones(len(self.target)) if weights is None else weights[self.order]
        yes = counts * self.target
        all_yes, everything = yes.sum(), counts.sum()
        true_yes, called_yes = yes[self.said_yes].sum(), counts[self.said_yes].sum()
        right = true_yes + (everything - called_yes) - (all_yes - true_yes)
        with np.errstate(divide="ignore", invalid="ignore"):
            roc_auc, pr_auc = self._areas(counts, yes)
            found: Floats = np.array(
                [
                    right / everything,
                    true_yes / called_yes,
                    true_yes / all_yes,
                    2 * true_yes / (called_yes + all_yes),
                    roc_auc,
                    pr_auc,
                    (counts * self.log_losses).sum() / everything,
                    (counts * self.squares).sum() / everything,
                ]
            )
        return found

    def _areas(self, counts: Floats, yes: Floats) -> tuple[float, float]:
        """The area under the ROC curve (ties count half), and the average precision."""
        hits = np.cumsum(yes)[self.ends]
        misses = np.cumsum(counts)[self.ends] - hits
        positives, negatives = hits[-1], misses[-1]
        gained = np.diff(hits, prepend=0.0)
        lost = np.diff(misses, prepend=0.0)
        roc = ((hits - gained / 2) * lost).sum() / (positives * negatives)
        precision = (gained * np.where(hits + misses > 0, hits / (hits + misses), 0.0)).sum() / positives
        return float(roc), float(precision)

    def curves(self, points: int = 200) -> dict[str, list[list[float]]]:
        """The ROC curve as [false positive rate, recall], the precision-recall curve as [recall, precision]."""
        hits = np.cumsum(self.target)[self.ends]
        said = (self.ends + 1).astype("float64")
        positives, negatives = self.target.sum(), len(self.target) - self.target.sum()
        picked = np.unique(np.linspace(0, len(hits) - 1, points).astype(int))
        roc = np.column_stack([(said - hits) / negatives, hits / positives])[picked]
        found = picked[hits[picked] > 0]
        precision_recall = np.column_stack([hits / positives, hits / said])[found]
        return {"roc": [[0.0, 0.0], *roc.tolist()], "precision_recall": precision_recall.tolist()}

    def calibration(self, bins: int = 10) -> list[dict[str, float]]:
        """Predicted and observed shares of yes in groups of as many rows each, with Wilson's interval (1927)."""
        groups = []
        for group in np.array_split(np.arange(len(self.target))[::-1], min(bins, len(self.target))):
            low, high = wilson(self.target[group].sum(), len(group))
            groups.append(
                {
                    "predicted": float(self.probabilities[group].mean()),
                    "observed": float(self.target[group].mean()),
                    "low": low,
                    "high": high,
                    "rows": len(group),
                }
            )
        return groups

    def confusion(self) -> dict[str, int]:
        """How the decisions fell."""
        yes = self.target == 1
        return {
            "true_positive": int((self.said_yes & yes).sum()),
            "false_positive": int((self.said_yes & ~yes).sum()),
            "false_negative": int((~self.said_yes & yes).sum()),
            "true_negative": int((~self.said_yes & ~yes).sum()),
        }


def replicates(models: list[Scored], seed: int, count: int = REPLICATES) -> Iterator[list[Floats]]:
    """Bootstrap replicates: each weighs the rows anew, alike for all models, and gives the metrics of each."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        weights = random.poisson(1.0, len(models[0].target)).astype("float64")
        yield [model.metrics(weights) for model in models]


def figures(values: Floats, drawn: Floats) -> dict[str, Figure]:
    """Figures with percentile intervals, from metrics [METRICS] and their replicates [replicates, METRICS]."""
    tail = (1 - LEVEL) / 2
    told: dict[str, Figure] = {}
    for place, name in enumerate(METRICS):
        column = drawn[:, place][np.isfinite(drawn[:, place])]
        enough = np.isfinite(values[place]) and len(column) >= len(drawn) / 2
        low, high = np.quantile(column, [tail, 1 - tail]) if enough else (np.nan, np.nan)
        told[name] = Figure(float(values[place]), float(low), float(high))
    return told


def wilson(hits: float, rows: int) -> tuple[float, float]:
    """Wilson's interval for a share, at ``LEVEL``."""
    z = 1.959964
    middle = (hits + z * z / 2) / (rows + z * z)
    half = z / (rows + z * z) * np.sqrt(hits * (rows - hits) / rows + z * z / 4)
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
