"""How far a sample is from the reference: bins counted alike everywhere, and what is more than chance and habit.

A difference counts where it is large (the population stability index, Siddiqi 2006), larger than single days of the
reference are by themselves, and not by chance: Pearson's chi-squared test of the two samples, with the false discovery
rate over all features held down by the procedure of Benjamini and Hochberg (1995). With many rows a test alone finds
any difference, however small; the index alone finds differences that a few rows have by chance; and the two together
would still find every Monday, for no single day looks like a whole year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bundle import profile
from bundle.monitoring import Drift
from bundle.profile import Bins

LEAST_EXPECTED = 5
"""Bins that expect fewer rows are tested together (Cochran 1954)."""
RARE = 0.001
"""The share of the reference's rows that freak days may hold together: a day of snow with hardly a flight."""

BLOCK = 1000
"""About how many rows count as a day where rows have no time."""

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Days = dict[int, Counts]
"""The counts of each bin by day, in days since 1970."""


@dataclass(frozen=True)
class Rule:
    """From when on a difference is drift: the least index, and the false discovery rate."""

    max_psi: float
    level: float


def places(bins: Bins, values: npt.NDArray[Any]) -> Counts:
    """The bin of each value: of numbers (NaN is missing), or of texts (the empty text, None and NA are missing)."""
    missing = len(bins.labels()) - 1
    if bins.kind == "number":
        numbers = values.astype("float64")
        return np.where(np.isnan(numbers), missing, np.searchsorted(bins.edges, numbers, side="left"))
    texts = pd.Series(values, dtype=object).fillna("")
    found = pd.Index(bins.levels, dtype=object).get_indexer(pd.Index(texts))
    return np.where(texts == "", missing, np.where(found < 0, missing - 1, found))


def count(bins: Bins, values: npt.NDArray[Any]) -> Counts:
    """How many values are in each bin."""
    return np.bincount(places(bins, values), minlength=len(bins.labels()))


def count_by_day(bins: Bins, values: npt.NDArray[Any], days: Counts) -> Days:
    """How many values of each day are in each bin."""
    return by_day(places(bins, values), len(bins.labels()), np.unique(days, return_inverse=True))


def by_day(places: Counts, size: int, days: tuple[Counts, Counts]) -> Days:
    """How many rows of each day are in each of ``size`` bins; ``days`` are the days there are, and each row's."""
    seen, day = days
    table = np.bincount(day * size + places, minlength=len(seen) * size).reshape(len(seen), size)
    return dict(zip(seen.tolist(), table, strict=True))


def days_of(part: pd.DataFrame, time: str | None, first: int = 0, rows: int | None = None) -> Counts:
    """The day (UTC) of each row, in days since 1970; rows without a time have a day of their own.

    In a table without a column ``time`` a row's day is one of the samples that every n-th row makes, of about
    ``BLOCK`` rows each: ``first`` is the place of the part's first row among all ``rows`` of the table.
    """
    if time is None:
        samples = max(1, (len(part) if rows is None else rows) // BLOCK)
        return np.arange(first, first + len(part)) % samples
    return pd.to_datetime(part[time], utc=True).to_numpy("datetime64[D]").astype("int64")


def merge(parts: Sequence[Mapping[int, Counts]]) -> Days:
    """The counts of several parts together."""
    merged: Days = {}
    for part in parts:
        for day, counts in part.items():
            merged[day] = merged[day] + counts if day in merged else counts
    return merged


def usual(expected: Sequence[float], days: Mapping[int, Counts]) -> float | None:
    """The index that single days reach against the expected shares; None where there is no whole day."""
    if not days:
        return None
    counted = np.stack(list(days.values()))
    rows = counted.sum(axis=1)
    indices = profile.psi_of_each(expected, counted / np.maximum(rows, 1)[:, None])
    return furthest(dict(zip(days, zip(indices.tolist(), rows.tolist(), strict=True), strict=True)))


def furthest(days: Mapping[int, tuple[float, int]]) -> float | None:
    """What single days reach at most, from the value and the rows of each; None where there is no whole day.

    The first and the last day are left out, which may have been cut off within the day, and so are freak days.
    """
    ranked = sorted((days[day] for day in sorted(days)[1:-1]), reverse=True)
    left = RARE * sum(rows for _, rows in ranked)
    for value, rows in ranked:
        left -= rows
        if left < 0:
            return value
    return None


def compare(references: Sequence[tuple[Bins, Sequence[float]]], counted: Sequence[Counts], rule: Rule) -> list[Drift]:
    """Each reference (its bins and expected shares) held against what was counted, in the same order."""
    from scipy.stats import false_discovery_control

    if not references:
        return []
    chances = [
        by_chance(expected, bins.rows, counts) for (bins, expected), counts in zip(references, counted, strict=True)
    ]
    found = []
    for (bins, expected), counts, q in zip(references, counted, false_discovery_control(chances), strict=True):
        moved = profile.psi(expected, profile.shares(counts))
        found.append(
            Drift(
                name=bins.name,
                bins=bins.labels(),
                expected=tuple(expected),
                actual=profile.shares(counts),
                psi=moved,
                usual=bins.usual,
                q=float(q),
                drifted=bool(moved >= rule.max_psi and moved > (bins.usual or 0.0) and q < rule.level),
            )
        )
    return found


def by_chance(expected: Sequence[float], rows: int, counts: Counts | Floats) -> float:
    """The chance of such a difference between samples of one distribution: Pearson's chi-squared test of two samples.

    ``expected`` are the shares of the ``rows`` of the reference.
    """
    from scipy.stats import chi2_contingency

    table = np.array([np.asarray(expected) * rows, counts])
    enough = table.sum(0) * counts.sum() / table.sum() >= LEAST_EXPECTED
    pooled = np.column_stack([table[:, enough], table[:, ~enough].sum(1)])
    pooled = pooled[:, pooled.sum(0) > 0]
    if pooled.shape[1] < 2 or not pooled.sum(1).all():
        return 1.0
    return float(chi2_contingency(pooled, correction=False).pvalue)
