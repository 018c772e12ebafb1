"""Doubts: why a figure settles nothing, whatever its interval says."""

import math

import numpy as np
import numpy.typing as npt

LEAST = 30
"""Of fewer rows, or groups of rows, the bootstrap's interval is too narrow (Hesterberg 2015, "What Teachers Should Know
About the Bootstrap")."""
LEAST_ANSWERS = 10
"""Rows of yes, and rows of no."""
MOST_OF_ONE_ROW, MOST_OF_ROWS = 0.1, 20
"""The share of the squared error that a single row may carry, or that of so many rows alike, if that is more: of heavy
tails the bootstrap's interval is too narrow (Athreya 1987), most of all where the hold-out lacks the largest errors."""
LEAST_INDEX, TAIL_ROWS = 3.0, 500
"""Of the tail of the errors, where so many rows tell it. Below 4 the variance of their squares is not finite; and an
estimate may be too low by 1."""
FEWEST_LARGEST = 10
"""Errors that the index is estimated from, or the square root of their number, if that is more."""


def tail_index(errors: npt.NDArray[np.float64]) -> float:
    """How fast the largest errors become rarer, as the power of their size: Hill's estimate (1975)."""
    count = max(FEWEST_LARGEST, int(math.sqrt(len(errors))))
    largest = np.sort(errors)[-count - 1 :]
    spread = np.log(largest[1:] / largest[0]).mean() if largest[0] > 0 else 0.0
    return float(1 / spread) if spread > 0 else math.inf


def too_few(count: int, what: str, least: int) -> str:
    """The reason where there are too few of something."""
    return f"too few {what}: {count}, and {least} are the least"
