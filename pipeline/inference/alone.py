"""How well one column alone tells the target: the score of the leak screen, on a sample of rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline import leaks, seen
from pipeline.cells import LARGEST
from pipeline.encoding import Target
from pipeline.problem import Task

NUMERIC = ("number", "integer")
ENOUGH = 200
"""Rows of the sample with a target below which nothing is told."""
SURE = 0.999
"""The score from which on a column tells a label from all others."""


@dataclass(frozen=True)
class Alone:
    """How well a column alone tells the target, from 0 (no better than without it) to 1; and which label it tells."""

    score: float
    label: str = ""


def scores(rows: pd.DataFrame, kinds: dict[str, str], answers: pd.Series, task: Task) -> dict[str, Alone]:
    """What each column alone tells: learned from every other row, and scored on the rows between."""
    told = answers.notna().to_numpy()
    rows, answers = rows[told], answers[told]
    if len(rows) < ENOUGH:
        return {}
    target = _target(answers, task)
    codes = target.encoded(answers)
    compared = leaks.comparable(codes, seen.of_numbers(codes), target)
    return {name: _score(name, _column(rows[name], kind), compared, target) for name, kind in kinds.items()}


def _target(answers: pd.Series, task: Task) -> Target:
    return Target(task=task, classes=tuple(sorted(answers.unique())) if task == "multiclass" else ())


def _column(column: pd.Series, kind: str) -> pa.ChunkedArray:
    """The numbers, NaN where there is none, or the texts."""
    if kind in NUMERIC:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy("float64")
        return pa.chunked_array([pa.array(np.where(np.abs(numbers) <= LARGEST, numbers, np.nan))])
    texts = column.astype("str").str.strip().mask(column.isna(), None)
    return pa.chunked_array([pa.array(texts, pa.string())])


def _score(name: str, column: pa.ChunkedArray, answers: leaks.Floats, target: Target) -> Alone:
    kind = "category" if pa.types.is_string(column.type) else "number"
    halves = [
        (column.take(pa.array(half)), answers[half]) for half in (np.arange(start, len(answers), 2) for start in (0, 1))
    ]
    bins = leaks.bins_of(name, seen.of_column(halves[0][0], kind), target)
    size = len(bins.labels())
    learned, judged = (leaks.table(seen.places([bins], part)[0], size, told, target) for part, told in halves)
    if not target.classes:
        return Alone(leaks.score(learned, judged, target))
    labels = leaks.by_answer(learned, judged, target)
    sure = [target.classes[one] for one, told in labels.items() if told > SURE]
    return Alone(leaks.average(labels), sure[0] if sure else "")
