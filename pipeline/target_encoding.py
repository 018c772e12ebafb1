"""Target encoding: what training answers with each level of a category, as a number of its own.

Where levels have few rows each, as ids have, an embedding learns these rows by heart; their mean, drawn towards that of
all rows by how far levels differ beyond chance, says what can be known (Micci-Barreca 2001, "A preprocessing scheme for
high-cardinality categorical attributes"). A row of training must not find its own answer in it: it sees the means of
the other folds (Pargent and others 2022, "Regularized target encoding outperforms traditional methods in supervised
machine learning with high cardinality features"). A fold holds all rows of a group.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import credibility, row_hash, scaling, seen, tables
from pipeline.encoding import RESERVED, Encoding, Mean, Target
from pipeline.problem import Problem

FOLDS = 5

Floats = npt.NDArray[np.float64]
Crossed = dict[str, list[npt.NDArray[np.float32]]]
"""Of each category its means, each [codes, folds], as the rows of training see them."""


@dataclass(frozen=True)
class Sums:
    """Of each code and fold: how many rows there are, and of each output the sum of it and that of its squares.

    Attributes:
        rows: [codes, folds].
        totals: [outputs, codes, folds].
        squares: [outputs, codes, folds].
    """

    rows: Floats
    totals: Floats
    squares: Floats

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.rows + other.rows, self.totals + other.totals, self.squares + other.squares)


def learn(known: Encoding, train: Path, load: seen.Load, problem: Problem) -> tuple[Encoding, Crossed]:
    """The encoding with the means of those categories that have levels which are not embedded, and ``Crossed``."""
    from pipeline.preprocessing import Encode

    sizes = {
        one.name: RESERVED + len(one.vocabulary)
        for one in known.categories
        if one.embedded is not None and one.embedded < len(one.vocabulary)
    }
    if not sizes:
        return known, {}
    encoder, starts, group = Encode(known), tables.starts(train), problem.split.group
    names = list(dict.fromkeys([*sizes, tables.TARGET, *([group] if group else [])]))

    def work(number: int, part: tables.Part) -> dict[str, Sums]:
        rows = load(part, names)
        answers = known.target.encoded(rows.select([tables.TARGET]).to_pandas()[tables.TARGET])
        told, of_fold = outputs(answers, known.target), folds(rows, starts[number], group)
        found = {}
        for name, size in sizes.items():
            codes, places = encoder.levels(name, rows[name])
            found[name] = summed(codes.astype("int64")[places], of_fold, size, told)
        return found

    sums = tables.added(tables.slices(train), work, _both, "target encoding")
    encoded = {name: encode(name, one) for name, one in sums.items()}
    categories = tuple(
        one.model_copy(update={"means": tuple(mean for mean, _ in encoded.get(one.name, ()))})
        for one in known.categories
    )
    crossed = {name: [of_fold for _, of_fold in each] for name, each in encoded.items()}
    return known.model_copy(update={"categories": categories}), crossed


def outputs(answers: npt.NDArray[np.float32], target: Target) -> Floats:
    """[outputs, rows]: yes or no as 1 or 0, whether it is each class, or the standardised number."""
    if target.task == "multiclass":
        return np.equal(answers, np.arange(len(target.classes))[:, None]).astype("float64")
    if target.mean is not None and target.scale is not None:
        return ((answers.astype("float64") - target.mean) / target.scale)[None]
    return answers.astype("float64")[None]


def folds(rows: pa.Table, first: int, group: str | None) -> npt.NDArray[np.int64]:
    """The fold of each row of a part, [rows]; ``first`` is the place of its first row among all."""
    hashed = row_hash.of_column(rows[group]) if group else np.arange(first, first + len(rows), dtype=np.uint64)
    return (row_hash.mixed(hashed) % np.uint64(FOLDS)).astype("int64")


def summed(codes: npt.NDArray[np.int64], folds: npt.NDArray[np.int64], size: int, told: Floats) -> Sums:
    """The sums of rows with ``codes`` below ``size``; ``told`` are their outputs."""
    cells, shape = codes * FOLDS + folds, (size, FOLDS)

    def added(weights: Floats) -> Floats:
        return np.bincount(cells, weights, size * FOLDS).reshape(shape).astype("float64")

    return Sums(added(np.ones(len(codes))), np.stack([*map(added, told)]), np.stack([*map(added, told**2)]))


def encode(name: str, sums: Sums) -> list[tuple[Mean, npt.NDArray[np.float32]]]:
    """Each output in which levels differ beyond chance, as all rows and as the rows of training see it."""
    found = []
    for place, (total, squares) in enumerate(zip(sums.totals, sums.squares, strict=True), 1):
        by_fold = np.stack([sums.rows, total, squares])
        every = by_fold.sum(axis=2)
        if not math.isfinite(credibility.lean(*every)):
            continue
        others = [credibility.means(*(every - by_fold[:, :, fold])) for fold in range(FOLDS)]
        crossed = np.stack(others, axis=1).astype("float32")
        values, at = np.unique(crossed, return_inverse=True)
        times = np.bincount(at.ravel(), sums.rows.ravel(), len(values))
        met = times > 0
        number = scaling.number(f"{name}[{place}]", (values[met].astype("float64"), times[met].astype("int64")))
        by_code = credibility.means(*every).astype("float32")
        found.append((Mean(number=number, by_code=tuple(map(float, by_code))), crossed))
    return found


def _both(one: dict[str, Sums], other: dict[str, Sums]) -> dict[str, Sums]:
    return {name: one[name] + other[name] for name in one}
