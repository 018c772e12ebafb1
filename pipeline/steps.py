"""The steps in which float32 has numbers: it has 24 bits, so that the larger a number, the farther the next one."""

from typing import Any

import numpy as np
import numpy.typing as npt

COARSE = 0.01
"""Steps above this part of the standard deviation are too large to tell values apart by."""


def coarse(largest: float, deviation: float) -> float | None:
    """The step at the largest number, where it is too large for numbers that deviate so; they may all be equal."""
    step = float(np.spacing(np.float32(abs(largest))))
    return step if 0 < COARSE * deviation < step else None


def deviation(
    rows: npt.NDArray[Any], means: npt.NDArray[np.float64], variances: npt.NDArray[np.float64] | float = 0.0
) -> tuple[float, float]:
    """The mean and the standard deviation of groups of rows together, by the mean and the variance of each."""
    mean = np.average(means, weights=rows)
    return float(mean), float(np.sqrt(np.average((means - mean) ** 2 + variances, weights=rows)))
