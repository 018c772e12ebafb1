"""What one feature alone tells of the answer: a model of its bins, made from training and scored on validation.

The model gives each bin the answers that training has there. Its score is 1 where the answer is told without a fault
and 0 where nothing is: of yes or no, and of labels (each against the rest, the mean over them), the area under the ROC
curve, rescaled; of a number the explained share of the variance of its rank, for which a few large ones count no more
than others. A feature that comes near 1 is hardly known before the answer is.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bundle.profile import Bins
from pipeline import credibility
from pipeline.encoding import Target
from pipeline.seen import Numbers, Seen, Texts

FINE = 60
"""So many bins hold about as many rows each; tails are told finer, for rare answers lie there."""
TAILS = (0.0005, 0.001, 0.002, 0.005, 0.01)
MOST_LEVELS = 1000
TABLE = 50_000
"""The most cells, bins by answers, that one feature is counted in."""

Floats = npt.NDArray[np.float64]


def bins_of(name: str, seen: Seen, target: Target) -> Bins:
    """Fine bins of a feature, from what training holds."""
    if isinstance(seen, Texts):
        most = min(MOST_LEVELS, TABLE // max(len(target.classes), 1))
        return Bins(name=name, kind="category", levels=tuple(level for level, _ in seen.ranked(most)))
    return Bins(name=name, kind="number", edges=_edges(seen))


def _edges(seen: Numbers) -> tuple[float, ...]:
    from bundle import profile

    if not seen.distinct:
        return ()
    at = np.unique([*(np.arange(1, FINE) / FINE), *TAILS, *(1 - np.array(TAILS))])
    highest = seen.counts[0][-1]
    return tuple(float(edge) for edge in np.unique(profile.quantiles(seen.counts, at)) if edge < highest)


def comparable(answers: npt.NDArray[np.float32], held: Seen, target: Target) -> Floats:
    """A number as where it stands among those of training, 0 to 1; any other answer as it is."""
    if target.task != "regression" or not isinstance(held, Numbers):
        return answers.astype("float64")
    values, times = held.counts
    return np.asarray(np.interp(answers, values, (np.cumsum(times) - times / 2) / times.sum()))


def table(places: npt.NDArray[np.int64], size: int, answers: Floats, target: Target) -> Floats:
    """What the rows in each bin answer: [bins, classes] how many; of numbers [bins, 3] count, sum and squares."""
    if target.task == "regression":
        there = answers - 0.5
        return np.stack([np.bincount(places, weights, size) for weights in (there**0, there, there**2)], axis=1)
    classes = max(len(target.classes), 2)
    known = answers >= 0
    cells = places[known] * classes + answers[known].astype("int64")
    return np.bincount(cells, minlength=size * classes).reshape(size, classes).astype("float64")


def score(training: Floats, validation: Floats, target: Target) -> float:
    """How much of the answer the feature tells, 0 to 1."""
    if target.task == "regression":
        return _explained(training, validation)
    return average(by_answer(training, validation, target))


def average(told: dict[int, float]) -> float:
    """How much of the answer a feature tells that tells so well of each."""
    return max(0.0, float(np.mean([*told.values()]))) if told else 0.0


def by_answer(training: Floats, validation: Floats, target: Target) -> dict[int, float]:
    """How well the feature tells yes, or each label, from the rest: 1 for without a fault, 0 for not at all."""
    prior = training.sum(0) / max(training.sum(), 1)
    shares = (training + prior) / (training.sum(1, keepdims=True) + 1)
    told = range(1, 2) if target.task == "binary" else range(training.shape[1])
    areas = {one: _area(shares[:, one], validation[:, one], validation.sum(1) - validation[:, one]) for one in told}
    return {one: 2 * area - 1 for one, area in areas.items() if area is not None}


def _area(scores: Floats, hits: Floats, misses: Floats) -> float | None:
    """The area under the ROC curve of rows in bins, each with a score."""
    if not hits.sum() or not misses.sum():
        return None
    order = np.argsort(scores, kind="stable")
    hits, misses = hits[order], misses[order]
    below = np.cumsum(misses) - misses / 2
    return float((hits * below).sum() / (hits.sum() * misses.sum()))


def _explained(training: Floats, validation: Floats) -> float:
    guesses = credibility.means(*training.T)
    rows, sums, squares = validation.T
    left = (squares - 2 * guesses * sums + guesses**2 * rows).sum()
    around = squares.sum() - sums.sum() ** 2 / max(rows.sum(), 1)
    return max(0.0, float(1 - left / around)) if around > 0 else 0.0


def reason(alone: float, seen: Seen, limit: float) -> str:
    """Why a feature is no honest one; empty where it is."""
    if alone > limit:
        return f"it alone tells {alone:.3f} of the answer, above {limit:g}"
    if seen.is_id():
        return "it names rows: hardly a value comes twice"
    return ""


def together(parts: Sequence[Floats]) -> Floats:
    """The tables of several parts as one."""
    return np.asarray(np.sum(parts, axis=0))
