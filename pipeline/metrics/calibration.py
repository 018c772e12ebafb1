"""Whether probabilities can be taken at their word: predicted beside observed shares."""

import numpy as np
import numpy.typing as npt

BINS = 10
ERROR_BINS = 15
"""Those that the expected calibration error is told by."""
LEAST = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""

Floats = npt.NDArray[np.float64]


def error_bins(ordered: Floats) -> npt.NDArray[np.int64]:
    """The bin of each of the probabilities, which are sorted: about as many in each, and equal ones together."""
    first = np.append(True, np.diff(ordered) != 0)
    starts = np.flatnonzero(first)[np.cumsum(first) - 1]
    return np.asarray(starts * ERROR_BINS // max(1, len(ordered)))


def calibration_error(counts: Floats, gaps: Floats, bins: npt.NDArray[np.int64]) -> Floats:
    """The expected calibration error (Naeini et al. 2015), [...], of rows that count so often each, [..., rows].

    Args:
        gaps: what came true less what was predicted, [rows].
        bins: those of ``error_bins``, [rows].
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.abs(summed(counts * gaps, bins, ERROR_BINS)).sum(axis=-1) / counts.sum(axis=-1)
    return found


def summed(values: Floats, places: npt.NDArray[np.int64], size: int) -> Floats:
    """The sums of what the rows have, [..., rows], at each of so many places, [..., size].

    Args:
        places: that of each row, [rows].
    """
    several = values.reshape(-1, values.shape[-1])
    apart = np.arange(len(several))[:, None] * size + places
    found = np.bincount(apart.ravel(), several.ravel(), len(several) * size)
    return found.reshape(*values.shape[:-1], size).astype("float64", copy=False)


def calibration(target: Floats, probabilities: Floats) -> list[dict[str, float]]:
    """Predicted and observed shares in groups of as many rows each, with Wilson's interval (1927)."""
    order = np.argsort(probabilities, kind="stable")
    groups = []
    for group in np.array_split(order, min(BINS, len(order))):
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
