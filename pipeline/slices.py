"""Slices: the rows with one value of a column, and what is measured of each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.progress import track

MISSING = "(missing)"

Rows = npt.NDArray[np.int64]
Measure = Callable[[Rows], dict[str, Any]]
"""What is told of some rows, by their numbers."""


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


def _label(label: Any) -> str:
    return f"{label:g}" if isinstance(label, float) else str(label)
