"""Metrics that are a share of rows, or the mean of several: what their intervals are at the least.

Where all rows are right, or none, no weighting of them differs from another, and the bootstrap's interval has no width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.metrics.calibration import wilson
from pipeline.metrics.groups import Groups


@dataclass(frozen=True)
class Share:
    """How many ``rows`` count, how many of them are ``hits``, and of how many ``groups`` they are."""

    hits: int
    rows: int
    groups: int

    def interval(self) -> tuple[float, float, float]:
        """The share and Wilson's interval; where all rows are alike, those of a group count as one."""
        rows = self.rows if 0 < self.hits < self.rows else self.groups
        value = self.hits / self.rows
        return value, *wilson(value * rows, rows)


def shares(
    right: npt.NDArray[np.bool_], kinds: npt.NDArray[np.int64], count: int, groups: Groups | None
) -> list[Share]:
    """Of each of so many ``kinds`` of rows the share that is right, but of those without a row; -1 is no kind."""
    counted = kinds >= 0
    kinds, right = kinds[counted], right[counted]
    rows, hits = np.bincount(kinds, minlength=count), np.bincount(kinds, right, count).astype("int64")
    apart = rows
    if groups:
        apart = np.bincount(np.unique(groups.numbers[counted] * count + kinds) % count, minlength=count)
    return [Share(*one) for one in np.stack([hits, rows, apart], axis=1).tolist() if one[1]]


def at_least(shares: Sequence[Share]) -> tuple[float, float]:
    """The interval of the mean of several shares, from Wilson's of each (Zou and Donner 2008)."""
    value, low, high = np.array([one.interval() for one in shares]).T
    middle, count = value.mean(), len(shares)
    return middle - np.sqrt(((value - low) ** 2).sum()) / count, middle + np.sqrt(((high - value) ** 2).sum()) / count
