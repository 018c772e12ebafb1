"""Metrics of predictions, with bootstrap intervals: one class for each kind of answer, all used alike.

The bootstrap draws how often each row counts (Efron 1979; the Poisson form of Chamandy et al. 2012), so that a
replicate is a weighting of rows that were sorted once; and so that two models weighted alike are compared pair by pair.
Rows of a group are not independent of each other, and so count alike (Field and Welsh 2007: the cluster bootstrap).
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from bundle.contract import Contract
from pipeline.metrics.binary import Binary
from pipeline.metrics.doubts import LEAST, too_few
from pipeline.metrics.groups import Groups
from pipeline.metrics.multiclass import Multiclass
from pipeline.metrics.regression import Regression
from pipeline.metrics.shares import Share, at_least
from pipeline.problem import BIASED, Metric
from pipeline.progress import track
from pipeline.significance import LEVEL

REPLICATES = 400
SLICE_REPLICATES = 200
FEWEST_DRAWS = 100
DRAWN_ROWS = 100_000_000
"""Rows times replicates, about: of more rows there are fewer replicates."""
AT_ONCE = 1 << 16
"""Rows times replicates that are weighed together, about: of few rows there are many replicates at once."""


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

    @property
    def told(self) -> dict[str, float] | None:
        """The same, or nothing where the rows are too few to tell it."""
        return self.as_dict() if math.isfinite(self.low) else None


class Scored(Protocol):
    """Rows with what came true of them and what was predicted.

    Attributes:
        names: the metrics, in the order in which ``metrics`` gives them.
        rows: how many rows there are.
        groups: which of them are not independent of each other; None where all are.
    """

    names: tuple[Metric, ...]
    rows: int
    groups: Groups | None

    def metrics(self, weights: Floats | None = None) -> Floats:
        """Every metric, NaN where it can't be told, [..., names]; ``weights`` counts each row, [..., rows]."""

    def shares(self) -> dict[Metric, list[Share]]:
        """Of what shares of rows a metric is the mean, for each that is one."""

    def doubts(self, *, apart: bool) -> dict[Metric, str]:
        """Why figures settle nothing, for those of which there is a reason; of differences where they are ``apart``."""

    def brief(self) -> dict[str, Any]:
        """What the rows answer, in a number or none."""

    def told(self) -> dict[str, Any]:
        """What the answers did, as plain values."""

    def losses(self) -> Floats:
        """How far off each row is, in the order in which the rows were given."""

    def curves(self) -> dict[str, Any]:
        """What can be drawn of a model, as plain values."""


def scored(
    contract: Contract, target: npt.NDArray[Any], predicted: npt.NDArray[Any], groups: Groups | None = None
) -> Scored:
    """Rows to measure: their ``target`` (1 or 0, the label, or the number), and the contract's first output of each."""
    if contract.task == "multiclass":
        return Multiclass(target, predicted, contract.classes, groups)
    if contract.threshold is None:
        return Regression(target, predicted, groups)
    return Binary(target, predicted, contract.threshold, groups)


def replicates(models: Sequence[Scored], seed: int, count: int) -> Iterator[list[Floats]]:
    """Bootstrap replicates: each weighs the rows anew, alike for all models, and gives the metrics of each."""
    random, groups, size = np.random.default_rng(seed), models[0].groups, units(models[0])
    together = max(1, AT_ONCE // max(1, models[0].rows))
    for start in range(0, count, together):
        weights = random.poisson(1.0, (min(together, count - start), size)).astype("float64")
        if groups:
            weights = weights.take(groups.numbers, axis=-1)
        yield from map(list, zip(*(model.metrics(weights) for model in models), strict=True))


def drawn(models: Sequence[Scored], seed: int, most: int, what: str | None = None) -> Floats:
    """The metrics of every model in as many replicates as there are for its rows, [models, replicates, metrics].

    ``what`` names them to who waits for many.
    """
    count = draws(models[0].rows, most)
    found = []
    with track(what, count) if what else nullcontext(_quietly) as advance:
        for replicate in replicates(models, seed, count):
            found.append(replicate)
            advance()
    return np.array(found).transpose(1, 0, 2)


def _quietly(steps: int = 1, detail: str = "") -> None:
    """What is over in no time needs no progress."""


def draws(rows: int, most: int) -> int:
    """How many replicates are drawn: fewer of many rows, whose figures hardly differ from one to the next."""
    return max(FEWEST_DRAWS, min(most, DRAWN_ROWS // max(1, rows)))


def units(model: Scored) -> int:
    """How many of its rows, or groups of rows, are independent of each other."""
    return model.groups.count if model.groups else model.rows


def figures(names: Sequence[Metric], values: Floats, drawn: Floats, units: int) -> dict[str, Figure]:
    """Figures with intervals, from metrics [names] and their replicates [replicates, names] of so many ``units``.

    They are the replicates' percentiles, of few units a little further out (Hesterberg 2015: the expanded percentile
    interval). Where chance alone makes a metric larger, the lower end is what is left once that is taken off, in
    squares, as noise adds: such an interval is wide rather than wrong.
    """
    count = max(units, 2)
    tail = norm.cdf(t.ppf((1 - LEVEL) / 2, count - 1) * math.sqrt(count / (count - 1)))
    told: dict[str, Figure] = {}
    for place, name in enumerate(names):
        column = drawn[:, place][np.isfinite(drawn[:, place])]
        enough = np.isfinite(values[place]) and len(column) >= len(drawn) / 2
        low, high = np.quantile(column, [tail, 1 - tail]) if enough else (np.nan, np.nan)
        if name in BIASED:
            low = np.sqrt(np.maximum(0.0, 2 * values[place] ** 2 - high**2))
        told[name] = Figure(float(values[place]), float(low), float(high))
    return told


def estimates(model: Scored, drawn: Floats) -> dict[str, Figure]:
    """The figures of a model; that of a share of rows has Wilson's interval at the least."""
    found = figures(model.names, model.metrics(), drawn, units(model))
    for name, several in model.shares().items():
        if math.isfinite(found[name].low):
            low, high = at_least(several)
            found[name] = replace(found[name], low=min(low, found[name].low), high=max(high, found[name].high))
    return found


def doubts(model: Scored, *, apart: bool = False) -> dict[Metric, str]:
    """Why figures of these rows settle nothing; of differences, where they are ``apart``."""
    if units(model) < LEAST:
        what = f"groups by {model.groups.column}" if model.groups else "rows"
        return dict.fromkeys(model.names, too_few(units(model), what, LEAST))
    return model.doubts(apart=apart)


def differences(pair: Sequence[Scored], drawn: Floats) -> dict[str, Figure]:
    """The metrics of the first model less those of the second, which were weighted alike.

    But for metrics that chance makes larger in each, not alike.
    """
    mine, theirs = pair
    found = figures(mine.names, mine.metrics() - theirs.metrics(), drawn[0] - drawn[1], units(mine))
    return {name: figure for name, figure in found.items() if name not in BIASED}
