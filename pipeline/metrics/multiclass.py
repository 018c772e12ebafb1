"""Metrics of predictions of one label out of several."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from pipeline.metrics.calibration import LEAST, calibration, calibration_error, error_bins, summed
from pipeline.metrics.groups import Groups
from pipeline.metrics.shares import Share, shares
from pipeline.problem import METRICS, Metric

SHOWN = 12
"""The most frequent classes that have a place of their own in pictures; all others share one."""
OTHERS = "all others"

Floats = npt.NDArray[np.float64]


class Multiclass:
    """Rows with their labels and the predicted probability of each class, [rows, classes].

    A label that is none of the ``classes``, which training has not seen, can't be predicted: such a row counts as
    wrong, and in ``roc_auc`` as one of the rest.
    """

    names = METRICS["multiclass"]

    def __init__(
        self,
        labels: npt.NDArray[Any],
        probabilities: npt.ArrayLike,
        classes: Sequence[str],
        groups: Groups | None = None,
    ) -> None:
        self.classes, self.groups = tuple(classes), groups
        self.probabilities = np.asarray(probabilities, "float64")
        self.rows, count = self.probabilities.shape
        self.target = pd.Index(self.classes, dtype=object).get_indexer(pd.Index(labels, dtype=object))
        self.said = self.probabilities.argmax(axis=1)
        self.known = self.target >= 0
        self.places = np.where(self.known, self.target, 0)
        own = np.where(self.known, self._own(self.probabilities), 0.0)
        self.log_losses: Floats = -np.log(np.clip(own, LEAST, 1.0))
        self.squares = (self.probabilities**2).sum(axis=1) - 2 * own + 1.0
        sure = self.probabilities.max(axis=1)
        self.gaps = (self.said == self.target) - sure
        self.bins = np.empty(self.rows, "int64")
        order = np.argsort(sure, kind="stable")
        self.bins[order] = error_bins(sure[order])
        """By the probability of the label that is given, as its calibration is told (Guo et al. 2017)."""
        self.above = np.column_stack([self._placements(place) for place in range(count)])
        self.own_above = np.where(self.known, self._own(self.above), 0.0)
        actual = np.bincount(self.places, self.known, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.areas = np.bincount(self.places, self.own_above, count) / actual
            """The area under the ROC curve of each class against all others."""

    def _own(self, table: Floats) -> Floats:
        """Of each row the value of its own class."""
        return table[np.arange(self.rows), self.places]

    def _placements(self, place: int) -> Floats:
        """For a row of the class the share of the others below it, for any other row that of the class above it."""
        mine = self.target == place
        yes, no = int(mine.sum()), int((~mine).sum())
        if not yes or not no:
            return np.full(self.rows, np.nan)
        scores = self.probabilities[:, place]
        ranks = rankdata(scores)
        found = np.empty(self.rows)
        found[mine] = (ranks[mine] - rankdata(scores[mine])) / no
        found[~mine] = 1.0 - (ranks[~mine] - rankdata(scores[~mine])) / yes
        return found

    def metrics(self, weights: Floats | None = None) -> Floats:
        """Every metric, in the order of ``names``, [..., names]; ``weights`` counts each row, [..., rows].

        The areas under the ROC curves are weighted by their structural components (DeLong et al. 1988), which is exact
        without weights and needs no sorting with them.
        """
        counts = np.ones(self.rows) if weights is None else weights
        size, everything = len(self.classes), counts.sum(axis=-1)
        actual = summed(counts * self.known, self.places, size)
        called = summed(counts, self.said, size)
        right = summed(counts * (self.said == self.target), self.said, size)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = [
                right.sum(axis=-1) / everything,
                _mean(right / actual),
                _mean(2 * right / (actual + called)),
                _mean(self._weighted_areas(counts, actual)),
                (counts * self.log_losses).sum(axis=-1) / everything,
                (counts * self.squares).sum(axis=-1) / everything,
                calibration_error(counts, self.gaps, self.bins),
            ]
        return np.stack(found, axis=-1)

    def _weighted_areas(self, counts: Floats, actual: Floats) -> Floats:
        yes = summed(counts * self.own_above, self.places, len(self.classes))
        no = counts.sum(axis=-1)[..., None] - actual
        found: Floats = yes / actual + (counts @ self.above - yes) / no - self.areas
        return found

    def shares(self) -> dict[Metric, list[Share]]:
        """The rows that are right: of all, and of those of each class."""
        right, everything = self.said == self.target, np.zeros(self.rows, "int64")
        return {
            "accuracy": shares(right, everything, 1, self.groups),
            "balanced_accuracy": shares(right, self.target, len(self.classes), self.groups),
        }

    def doubts(self, *, apart: bool) -> dict[Metric, str]:  # noqa: ARG002 - a class may be rare
        """None of its own."""
        return {}

    def brief(self) -> dict[str, Any]:
        """Nothing: no one number says what the rows answer."""
        return {}

    def told(self) -> dict[str, Any]:
        """Each class with its precision and recall, and which labels were taken for which."""
        shown = self._shown()
        size = len(self.classes)
        actual = np.bincount(self.places, self.known, size)
        called, right = (
            np.bincount(self.said, minlength=size),
            np.bincount(self.said[self.said == self.target], minlength=size),
        )
        told = [
            {
                "label": label,
                "rows": int(actual[place]),
                "said": int(called[place]),
                "precision": float(right[place] / called[place]) if called[place] else None,
                "recall": float(right[place] / actual[place]) if actual[place] else None,
            }
            for place, label in enumerate(self.classes)
        ]
        place_of = np.full(size + 1, len(shown))  # the last is that of unknown labels
        place_of[shown] = np.arange(len(shown))
        labels = [self.classes[place] for place in shown]
        if len(shown) < size or not self.known.all():
            labels.append(OTHERS)
        counts = np.zeros((len(labels), len(labels)), int)
        np.add.at(counts, (place_of[self.target], place_of[self.said]), 1)
        return {"classes": told, "confusion": {"labels": labels, "counts": counts.tolist()}}

    def losses(self) -> Floats:
        """How unlikely what came true was held to be."""
        return self.log_losses

    def curves(self) -> dict[str, Any]:
        """The calibration of each class, of the most frequent ones."""
        return {
            "calibration": {
                self.classes[place]: calibration((self.target == place).astype("float64"), self.probabilities[:, place])
                for place in self._shown()
            }
        }

    def _shown(self) -> list[int]:
        """The places of the most frequent classes, in the order of their labels."""
        actual = np.bincount(self.places, self.known, len(self.classes))
        return sorted(np.argsort(-actual, kind="stable")[:SHOWN].tolist())


def _mean(values: Floats) -> Floats:
    """The mean of those that can be told, [..., classes] -> [...]."""
    told = np.isfinite(values)
    found: Floats = np.where(told, values, 0.0).sum(axis=-1) / told.sum(axis=-1)
    return found
