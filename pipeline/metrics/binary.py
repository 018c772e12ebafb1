"""Metrics of yes-or-no predictions, all from one sorting of the rows."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.metrics.calibration import LEAST, calibration, calibration_error, error_bins
from pipeline.metrics.doubts import LEAST_ANSWERS, too_few
from pipeline.metrics.groups import Groups
from pipeline.metrics.shares import Share, shares
from pipeline.problem import METRICS, Metric

Floats = npt.NDArray[np.float64]
POINTS = 200
"""Of a curve, at most."""
RANKED: tuple[Metric, ...] = ("f1", "roc_auc", "pr_auc")
"""Metrics that are no share and need both answers."""


class Binary:
    """Rows with their answers and predicted probabilities of yes, sorted once."""

    names = METRICS["binary"]

    def __init__(
        self, target: npt.ArrayLike, probabilities: npt.ArrayLike, threshold: float, groups: Groups | None = None
    ) -> None:
        given = np.asarray(probabilities, "float64")
        self.threshold, self.rows, self.groups = threshold, len(given), groups
        self.order = np.argsort(-given, kind="stable")
        self.probabilities = given[self.order]
        self.target = np.asarray(target, "float64")[self.order]
        self.said_yes = self.probabilities >= threshold
        inside = np.clip(self.probabilities, LEAST, 1 - LEAST)
        self.log_losses = -np.where(self.target == 1, np.log(inside), np.log1p(-inside))
        self.gaps, self.bins = self.target - self.probabilities, error_bins(self.probabilities)
        self.squares = (self.probabilities - self.target) ** 2
        self.ends = np.flatnonzero(np.append(np.diff(self.probabilities) != 0, True))
        """The last row of each group of equal probabilities."""

    def metrics(self, weights: Floats | None = None) -> Floats:
        """Every metric, in the order of ``names``, [..., names].

        ``weights`` counts each row, in the order that it was given in: [..., rows], of any number of weightings.
        """
        counts = np.ones(self.rows) if weights is None else weights.take(self.order, axis=-1)
        yes = counts * self.target
        said = np.count_nonzero(self.said_yes)  # the first ones
        all_yes, everything = yes.sum(axis=-1), counts.sum(axis=-1)
        true_yes, called_yes = yes[..., :said].sum(axis=-1), counts[..., :said].sum(axis=-1)
        right = true_yes + (everything - called_yes) - (all_yes - true_yes)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = [
                right / everything,
                (true_yes / all_yes + 1 - (called_yes - true_yes) / (everything - all_yes)) / 2,
                true_yes / called_yes,
                true_yes / all_yes,
                2 * true_yes / (called_yes + all_yes),
                *self._areas(counts, yes),
                (counts * self.log_losses).sum(axis=-1) / everything,
                (counts * self.squares).sum(axis=-1) / everything,
                calibration_error(counts, self.gaps, self.bins),
            ]
        return np.stack(found, axis=-1)

    def _areas(self, counts: Floats, yes: Floats) -> tuple[Floats, Floats]:
        """The area under the ROC curve (ties count half), and the average precision."""
        hits = np.cumsum(yes, axis=-1).take(self.ends, axis=-1)
        misses = np.cumsum(counts, axis=-1).take(self.ends, axis=-1) - hits
        positives, negatives = hits[..., -1], misses[..., -1]
        gained = np.diff(hits, prepend=0.0)
        lost = np.diff(misses, prepend=0.0)
        roc = ((hits - gained / 2) * lost).sum(axis=-1) / (positives * negatives)
        right = np.where(hits + misses > 0, hits / (hits + misses), 0.0)
        return roc, (gained * right).sum(axis=-1) / positives

    def shares(self) -> dict[Metric, list[Share]]:
        """The rows that are right: of all, of those with either answer, of those that were said to be yes, of yes."""
        groups = self.groups and self.groups.of(self.order)
        yes, everything = self.target.astype("int64"), np.zeros(self.rows, "int64")
        right = self.said_yes == (yes == 1)
        kinds: dict[Metric, npt.NDArray[np.int64]] = {
            "accuracy": everything,
            "balanced_accuracy": yes,
            "precision": np.where(self.said_yes, 0, -1),
            "recall": yes - 1,
        }
        return {metric: shares(right, kind, 2, groups) for metric, kind in kinds.items()}

    def doubts(self, *, apart: bool) -> dict[Metric, str]:
        """Either answer may have too few rows."""
        positives = int(self.target.sum())
        count, answer = min((positives, "yes"), (self.rows - positives, "no"))
        if count >= LEAST_ANSWERS:
            return {}
        return dict.fromkeys(self.names if apart else RANKED, too_few(count, f"rows of {answer}", LEAST_ANSWERS))

    def brief(self) -> dict[str, Any]:
        """How many rows are yes."""
        return {"positives": int(self.target.sum())}

    def told(self) -> dict[str, Any]:
        """How many rows are yes, and what the threshold did."""
        return {**self.brief(), "threshold": self.threshold, "confusion": self.confusion()}

    def losses(self) -> Floats:
        """How unlikely what came true was held to be, in the order in which the rows were given."""
        found = np.empty(self.rows)
        found[self.order] = self.log_losses
        return found

    def curves(self) -> dict[str, Any]:
        """The ROC curve as [false positive rate, recall], the precision-recall curve as [recall, precision].

        And the calibration, in groups of as many rows each.
        """
        hits = np.cumsum(self.target)[self.ends]
        said = (self.ends + 1).astype("float64")
        positives, negatives = self.target.sum(), len(self.target) - self.target.sum()
        picked = np.unique(np.linspace(0, len(hits) - 1, POINTS).astype(int))
        roc = np.column_stack([(said - hits) / negatives, hits / positives])[picked]
        found = picked[hits[picked] > 0]
        precision_recall = np.column_stack([hits / positives, hits / said])[found]
        return {
            "roc": [[0.0, 0.0], *roc.tolist()],
            "precision_recall": precision_recall.tolist(),
            "calibration": calibration(self.target, self.probabilities),
        }

    def confusion(self) -> dict[str, int]:
        """How the decisions fell."""
        yes = self.target == 1
        return {
            "true_positive": int((self.said_yes & yes).sum()),
            "false_positive": int((self.said_yes & ~yes).sum()),
            "false_negative": int((~self.said_yes & yes).sum()),
            "true_negative": int((~self.said_yes & ~yes).sum()),
        }
