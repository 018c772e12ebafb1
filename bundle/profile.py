"""The reference profile of a model: how each feature was distributed in training, and how far off a sample is."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

NAME = "profile.json"
BINS = 10
LEVELS = 20
"""The most frequent levels of a category that have a bin of their own."""
FLOOR = 1e-4
"""The least share that a bin counts as, so that an empty bin has a finite index."""

Counts = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]
"""Distinct values in ascending order, and how often each occurs."""


class Bins(BaseModel):
    """What a feature or an answer is sorted into.

    A number has a bin between each two of its ``edges`` and one on either side; a category one for each of its
    ``levels`` and one for all others. The last bin is that of missing values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    rows: int = 0
    """How many rows of the reference the expected shares are of."""
    usual: float | None = None
    """The index that single days of the reference reach against its expected shares."""

    def labels(self) -> tuple[str, ...]:
        """What each bin is called, as a person reads it."""
        if self.kind == "category":
            return (*self.levels, "all others", "missing")
        edges = [f"{edge:.6g}" for edge in self.edges]
        if not edges:
            return ("any", "missing")
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        return (f"to {edges[0]}", *between, f"above {edges[-1]}", "missing")


class FeatureProfile(Bins):
    """One candidate feature: its shares in training and in validation, and whether the model uses it."""

    training: tuple[float, ...]
    validation: tuple[float, ...]
    psi: float
    missing: float
    kept: bool
    reason: str
    alone: float | None = None
    """How much of the answer it tells by itself, 0 to 1."""
    leak: str = ""
    """Why it can hardly be known before the answer, or names rows."""
    waived: str = ""
    """Why it may be used nevertheless."""


class AnswerProfile(Bins):
    """The model's answer: its shares on the hold-out, and the worst that each metric came to on single days of it."""

    hold_out: tuple[float, ...]
    worst: dict[str, float] = {}


class Profile(BaseModel):
    """Every candidate feature, the limit that the drift screen held them to, and what the model answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    max_psi: float
    features: tuple[FeatureProfile, ...]
    answer: AnswerProfile | None = None
    """Told once there is a model: in a published version."""


def psi(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """The population stability index of two distributions over the same bins, given as shares.

    0 is the same distribution; 0.1 is usually called a small shift and 0.25 a large one (Siddiqi 2006).
    """
    [index] = psi_of_each(expected, np.atleast_2d(np.asarray(actual, float)))
    return float(index)


def psi_of_each(expected: npt.ArrayLike, actual: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The population stability index of several distributions, each a row of shares, against the same."""
    a, b = (np.maximum(np.asarray(one, float), FLOOR) for one in (expected, actual))
    found: npt.NDArray[np.float64] = ((b - a) * np.log(b / a)).sum(axis=1)
    return found


def decile_edges(counts: Counts) -> tuple[float, ...]:
    """The inner edges of ten bins that hold about as many values each; fewer where values repeat."""
    if len(counts[0]) == 0:
        return ()
    return tuple(float(edge) for edge in np.unique(quantiles(counts, np.arange(1, BINS) / BINS)))


def quantiles(counts: Counts, at: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Exact quantiles (the lowest value that at least that share does not exceed) of counted values."""
    values, frequency = counts
    reached = np.cumsum(frequency)
    found: npt.NDArray[np.float64] = values[np.searchsorted(reached, np.asarray(at) * reached[-1] - 1e-9)]
    return found


def number_shares(counts: Counts, missing: int, edges: Sequence[float]) -> tuple[float, ...]:
    """The share of each bin between and beside ``edges``, and last that of missing values."""
    values, frequency = counts
    inside = np.bincount(np.searchsorted(edges, values, side="left"), weights=frequency, minlength=len(edges) + 1)
    return shares([*inside, missing])


def category_shares(counts: Mapping[str, int], levels: Sequence[str]) -> tuple[float, ...]:
    """The share of each level, then of all others together, and last that of missing values (the level "")."""
    known = [counts.get(level, 0) for level in levels]
    missing = counts.get("", 0)
    return shares([*known, sum(counts.values()) - sum(known) - missing, missing])


def shares(counts: Sequence[float] | npt.NDArray[Any]) -> tuple[float, ...]:
    """Counts of bins as shares of all that was counted."""
    total = max(sum(counts), 1)
    return tuple(float(count) / total for count in counts)
