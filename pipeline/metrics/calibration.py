"""Whether probabilities can be taken at their word: predicted beside observed shares."""

import numpy as np
import numpy.typing as npt

BINS = 10
LEAST = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""

Floats = npt.NDArray[np.float64]


def calibration(target: Floats, probabilities: Floats, bins: int = BINS) -> list[dict[str, float]]:
    """Predicted and observed shares in groups of as many rows each, with Wilson's interval (1927)."""
    order = np.argsort(probabilities, kind="stable")
    groups = []
    for group in np.array_split(order, min(bins, len(order))):
        low, high = wilson(target[group].sum(), len(group))
        groups.append(
            {
                "predicted": float(probabilities[group].mean()),
                "observed": float(target[group].mean()),
                "low": low,
                "high": high,
                "rows": len(group),
            }
        )
    return groups


def wilson(hits: float, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share."""
    z = 1.959964
    middle = (hits + z * z / 2) / (rows + z * z)
    half = z / (rows + z * z) * np.sqrt(hits * (rows - hits) / rows + z * z / 4)
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
