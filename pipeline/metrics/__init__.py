"""Metrics of predictions, with bootstrap intervals: one class for each kind of answer, all used alike.

The bootstrap draws how often each row counts (Efron 1979; the Poisson form of Chamandy et al. 2012), so that a
replicate is a weighting of rows that were sorted once; and so that two models weighted alike are compared pair by pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bundle.contract import Contract
from pipeline.metrics.binary import Binary
from pipeline.metrics.multiclass import Multiclass
from pipeline.metrics.regression import Regression
from pipeline.problem import Metric

LEVEL = 0.95
REPLICATES = 400

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


class Scored(Protocol):
    """Rows with what came true of them and what was predicted.

    Attributes:
        names: the metrics, in the order in which ``metrics`` gives them.
        rows: how many rows there are.
    """

    names: tuple[Metric, ...]
    rows: int

    def metrics(self, weights: Floats | None = None) -> Floats:
        """Every metric, NaN where it can't be told; ``weights`` counts each row."""

    def brief(self) -> dict[str, Any]:
        """What the rows answer, in a number or none."""

    def told(self) -> dict[str, Any]:
        """What the answers did, as plain values."""

    def curves(self) -> dict[str, Any]:
        """What can be drawn of a model, as plain values."""


def scored(contract: Contract, target: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> Scored:
    """Rows to measure: their ``target`` (1 or 0, the label, or the number), and the contract's first output of each."""
    if contract.task == "multiclass":
        return Multiclass(target, predicted, contract.classes)
    if contract.threshold is None:
        return Regression(target, predicted)
    return Binary(target, predicted, contract.threshold)


def replicates(models: Sequence[Scored], seed: int, count: int = REPLICATES) -> Iterator[list[Floats]]:
    """Bootstrap replicates: each weighs the rows anew, alike for all models, and gives the metrics of each."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        weights = random.poisson(1.0, models[0].rows).astype("float64")
        yield [model.metrics(weights) for model in models]


def figures(names: Sequence[Metric], values: Floats, drawn: Floats) -> dict[str, Figure]:
    """Figures with percentile intervals, from metrics [names] and their replicates [replicates, names]."""
    tail = (1 - LEVEL) / 2
    told: dict[str, Figure] = {}
    for place, name in enumerate(names):
        column = drawn[:, place][np.isfinite(drawn[:, place])]
        enough = np.isfinite(values[place]) and len(column) >= len(drawn) / 2
        low, high = np.quantile(column, [tail, 1 - tail]) if enough else (np.nan, np.nan)
        told[name] = Figure(float(values[place]), float(low), float(high))
    return told
