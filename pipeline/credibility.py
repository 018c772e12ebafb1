"""How far the mean of a group's rows is to be believed: Bühlmann's credibility (1967), that of random effects."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def lean(rows: Floats, total: Floats, squares: Floats) -> float:
    """So many rows of the overall mean are to be added to those of each group; infinitely many if groups do not differ.

    ``rows``, ``total`` and ``squares`` [groups] are how many rows a group has, their sum and that of their squares. It
    is the variance inside of groups by that between them, estimated without bias for groups of any size (Bühlmann and
    Straub 1970).
    """
    used = rows > 0
    rows, total, squares = rows[used], total[used], squares[used]
    groups, every = len(rows), rows.sum()
    if groups < 2 or every == groups:
        return math.inf
    inside = (squares - total**2 / rows).sum() / (every - groups)
    around = (rows * (total / rows - total.sum() / every) ** 2).sum()
    between = (around - inside * (groups - 1)) / (every - (rows**2).sum() / every)
    return float(max(inside, 0.0) / between) if between > 0 else math.inf


def means(rows: Floats, total: Floats, squares: Floats) -> Floats:
    """The credible mean of each group, [groups]: that of all rows for one without any, or if groups do not differ."""
    overall, leaning = total.sum() / max(rows.sum(), 1.0), lean(rows, total, squares)
    if not math.isfinite(leaning):
        return np.full(len(rows), overall)
    alone = np.divide(total, rows, out=np.full(len(rows), overall), where=rows > 0)
    believed = np.divide(rows, rows + leaning, out=np.zeros(len(rows)), where=rows > 0)
    return np.asarray(overall + believed * (alone - overall))
