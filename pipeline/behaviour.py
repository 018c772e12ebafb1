"""How a model behaves on the hold-out: what it rests on, how its answers follow that, and where it is most wrong.

All of it is asked of the exported model by raw columns, so that a column stands for all that the model makes of it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from bundle.contract import Columns, Contract
from pipeline import apart
from pipeline.metrics import Floats, scored
from pipeline.progress import track

SAMPLE, FEWEST = 5000, 100
"""The most rows that are drawn, and the least where a table is wide."""
CELLS = 100_000_000
"""Values that are given to the model while columns are shuffled, about."""
WIDE = 1.959964
"""Standard errors on either side, for 95 %."""
FOLLOWED = 8
"""So many columns, the most important ones, are told how answers follow them."""
FOLLOWED_ROWS = 500
POINTS, LEVELS = 15, 10
"""Of a number or a time, and of a category."""
MIDDLE = (0.025, 0.975)
"""The quantiles between which a number or a time is followed."""
ERRORS = 20
THREADS = 4
"""The most that ask the model at a time: for each it has memory of its own."""

Rows = npt.NDArray[np.int64]
Predict = Callable[[Columns], Floats]
"""The answers to raw columns, [rows] or [rows, classes]."""


class Part(BaseModel):
    """A part of the evaluation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Importance(Part):
    """By how much the mean loss rises when the values of a raw column are shuffled (Breiman 2001), with its interval.

    The loss of a row is that of ``Mistake``.
    """

    column: str
    value: float
    low: float
    high: float


class Point(Part):
    """The mean answer, by what the answer is called, where every row has the value ``at``; in text for a time."""

    at: float | str
    answers: dict[str, float]


class Dependence(Part):
    """How the answer follows a raw column, all others being as they are: partial dependence (Friedman 2001)."""

    column: str
    type: str
    points: tuple[Point, ...]


class Mistake(Part):
    """A row that the model is most sure and most wrong about.

    Attributes:
        answer: the probability of yes, the label, or the number that it gave.
        probability: that of the label.
        loss: minus the logarithm of the probability of what came true; of a number how far it is off.
        row: the raw columns, as a client sends them.
    """

    answer: float | str
    probability: float | None
    actual: float | str
    loss: float
    row: dict[str, float | str | None]


def sample(rows: int, columns: int, seed: int) -> Rows:
    """The numbers of some rows, sorted: all that there are, or as many as can be asked about in a short time."""
    most = max(FEWEST, min(SAMPLE, CELLS // max(1, columns**2)))
    return np.sort(np.random.default_rng(seed).choice(rows, min(rows, most), replace=False))


def importance(
    predict: Predict, columns: Columns, target: npt.NDArray[Any], contract: Contract, seed: int
) -> list[Importance]:
    """What each raw column is worth to the model, the most important first; the intervals are those of a mean.

    The model is asked about several at a time, where there are processors for it.
    """
    random = np.random.default_rng(seed)

    def losses(given: Columns) -> Floats:
        return scored(contract, target, predict(given)).losses()

    shuffled = [{name: random.permutation(values)} for name, values in columns.items()]
    before, found = losses(columns), []
    with (
        track("shuffling columns", len(columns)) as advance,
        ThreadPoolExecutor(min(THREADS, apart.share(1))) as threads,
    ):
        after = threads.map(lambda one: losses({**columns, **one}), shuffled)
        for name, those in zip(columns, after, strict=True):
            risen = those - before
            value, half = float(risen.mean()), float(WIDE * risen.std() / np.sqrt(len(risen)))
            found.append(Importance(column=name, value=value, low=value - half, high=value + half))
            advance()
    return sorted(found, key=lambda one: (-one.value, one.column))


def dependence(predict: Predict, columns: Columns, contract: Contract, names: list[str]) -> list[Dependence]:
    """How the answer follows each of the named raw columns, for some of the rows."""
    some = {name: values[:: -(-len(values) // FOLLOWED_ROWS)] for name, values in columns.items()}
    types = {one.name: one.type for one in contract.inputs}
    found = []
    with track("following columns", len(names)) as advance:
        for name in names:
            values = some[name]
            answers = {value: predict({**some, name: np.full_like(values, value)}) for value in _grid(columns[name])}
            points = tuple(Point(at=_shown(at), answers=_mean(given, contract)) for at, given in answers.items())
            found.append(Dependence(column=name, type=types[name], points=points))
            advance()
    return found


def worst(losses: Floats, target: npt.NDArray[Any], contract: Contract) -> Rows:
    """The numbers of the rows with the largest losses, the largest first; of yes and no half of them each."""
    groups = [target == answer for answer in (0, 1)] if contract.task == "binary" else [np.ones(len(losses), bool)]
    order = np.argsort(-losses, kind="stable")
    picked = np.concatenate([order[group[order]][: ERRORS // len(groups)] for group in groups])
    return np.asarray(picked[np.argsort(-losses[picked], kind="stable")])


def mistake(row: dict[str, Any], predicted: Any, actual: Any, loss: float, contract: Contract) -> Mistake | None:
    """A row with its answer; None where the answer is right after all."""
    told = {str(name): _plain(value) for name, value in row.items()}
    probability = None
    answer: float | str
    if contract.task == "multiclass":
        said = int(np.argmax(predicted))
        answer, probability = contract.classes[said], float(predicted[said])
        right = answer == actual
    else:
        answer, actual = float(predicted), float(actual)
        right = loss == 0 if contract.threshold is None else (answer >= contract.threshold) == bool(actual)
    if right:
        return None
    return Mistake(answer=answer, probability=probability, actual=actual, loss=float(loss), row=told)


def _grid(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values that the column has: over its whole range but for the ends, or its most frequent levels."""
    if values.dtype.kind == "O":
        levels, counts = np.unique(values[values != b""], return_counts=True)
        return levels[np.argsort(-counts, kind="stable")[:LEVELS]]
    ordered = np.sort(values[~np.isnat(values) if values.dtype.kind == "M" else ~np.isnan(values)])
    if not len(ordered):
        return ordered
    return np.unique(ordered[(np.linspace(*MIDDLE, POINTS) * (len(ordered) - 1)).astype("int64")])


def _mean(answers: Floats, contract: Contract) -> dict[str, float]:
    mean = np.atleast_1d(answers.astype("float64").mean(axis=0))
    names = contract.classes or (contract.answer,)
    return dict(zip(names, mean.tolist(), strict=True))


def _shown(value: Any) -> float | str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value) if isinstance(value, np.datetime64) else float(value)


def _plain(value: Any) -> float | str | None:
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value if isinstance(value, str) else float(value)
