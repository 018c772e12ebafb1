"""Slices: the rows with one value of a column, and what is measured of each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.problem import LOWER_IS_BETTER
from pipeline.progress import track
from pipeline.significance import MIN_ROWS, chance, holm

MISSING = "(missing)"

Rows = npt.NDArray[np.int64]
Measure = Callable[[Rows], dict[str, Any]]
"""What is told of some rows, by their numbers."""
Told = Mapping[str, Any]
"""A slice: its ``value``, how many ``rows`` it has, its ``metrics``."""


def by_slice(labels: pd.Series, measure: Measure) -> list[dict[str, Any]]:
    """What ``measure`` tells of each slice, the largest first, with its ``value`` and how many ``rows`` it has."""
    found = []
    every = groups(labels)
    with track("slices", len(every)) as advance:
        for label, rows in every:
            found.append({"value": label, "rows": len(rows), **measure(rows)})
            advance()
    return sorted(found, key=lambda one: (-one["rows"], one["value"]))


def groups(labels: pd.Series) -> list[tuple[str, Rows]]:
    """The rows of each label, as it is shown."""
    coded = labels.astype("category").cat
    shown = np.array([*map(_label, coded.categories), MISSING], object)
    texts, place = np.unique(shown, return_inverse=True)
    places = place[coded.codes]  # the last is that of the missing
    order = np.argsort(places, kind="stable")
    edges = np.searchsorted(places[order], np.arange(len(texts) + 1))
    return [
        (str(text), order[start:end]) for text, start, end in zip(texts, edges, edges[1:], strict=False) if end > start
    ]


def surest(by_column: Mapping[str, Sequence[Told]], metric: str, overall: float) -> list[tuple[float, str, Told]]:
    """Slices of ``MIN_ROWS``, each with its p-value and column, the most surely worse than all rows together first.

    Among so many slices one is the worst by chance: the p-values are raised by Holm's procedure.
    """
    at_most = metric in LOWER_IS_BETTER
    found = [
        (likely, column, one)
        for column, groups in by_column.items()
        for one in groups
        if one["rows"] >= MIN_ROWS and metric not in one["doubts"] and (figure := one["metrics"][metric])
        if (likely := chance(figure, overall, at_most=at_most)) is not None
    ]
    found.sort(key=lambda one: (one[0], -one[2]["rows"]))
    raised = holm([likely for likely, _, _ in found])
    return [(likely, column, one) for likely, (_, column, one) in zip(raised, found, strict=True)]


def _label(label: Any) -> str:
    return str(label).removesuffix(".0") if isinstance(label, float) else str(label)
