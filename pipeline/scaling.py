"""How the network is told a number: by what it is scaled, and between which edges its embedding bends."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bundle import profile
from bundle.profile import Counts
from pipeline.encoding import Number

MAX_BINS = 64
"""Of a number, between which its piecewise-linear embedding may bend."""
LEAST = 1e-30
"""The least distance that numbers are told apart by: a float32 holds what comes of dividing by it."""
WIDEST = 1e15
"""So many times as wide as its scale a number may reach: a float32 holds its square."""


def number(name: str, counts: Counts, winsorise: tuple[float, float] | None = None, *, missing: bool = False) -> Number:
    """What is known of a number of which these values came; ``missing`` says that others did not."""
    low, median, high = profile.quantiles(counts, [0.25, 0.5, 0.75])
    values, times = counts
    clip = None
    if winsorise:
        first, last = profile.quantiles(counts, winsorise)
        values, clip = np.clip(values, first, last), (float(first), float(last))
    reach = values[-1] - values[0]
    spread = max(high - low or reach / 2 or 1.0, reach / WIDEST, LEAST)
    return Number(
        name=name, median=float(median), scale=float(spread), missing=missing, edges=edges(values, times), clip=clip
    )


def edges(values: npt.NDArray[np.floating[Any]], times: npt.NDArray[np.int64]) -> tuple[float, ...]:
    """The edges of at most ``MAX_BINS`` bins: the values themselves where they are few, else quantiles.

    A value weighs the square root of how often it came, which lies between quantiles of the rows and of the different
    values: the few large amounts beside many zeros have bins, too. No two edges are nearer than ``LEAST``.
    """
    reached = np.cumsum(np.sqrt(times))
    places = np.searchsorted(reached, np.linspace(0, 1, MAX_BINS + 1) * reached[-1] - 1e-9)
    found = values if len(values) <= MAX_BINS else values[[0, *places[1:]]]
    different = [float(found[0])]
    for value in found[1:]:
        if value - different[-1] >= LEAST:
            different.append(float(value))
    return tuple(different) if len(different) > 1 else (different[0], different[0] + max(1.0, abs(different[0]) / 1000))
