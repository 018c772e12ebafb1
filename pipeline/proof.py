"""Proof: the exported forms answer as the trained network does, and golden rows that hold every later load to that."""

import math
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bundle import golden
from bundle.contract import Columns, Contract, columns_of
from bundle.model import COMPILED, Model
from pipeline import coverage, export, tables
from pipeline.encoding import Target
from pipeline.errors import StageError

TOLERANCE = 1e-5
"""How far two forms of the same model may differ in a probability, or in a number by its standard deviations."""
ROUNDING = 1e-6
"""How far besides, as a part of a number: it has 24 bits."""
COMPARED_ROWS = 2000
GOLDEN_ROWS = 32
"""Real rows among the golden ones."""
EDGE_ROWS = 4
"""Golden rows on either side of the threshold, as near to it as there are."""


def tolerance(target: Target) -> float:
    """How far two forms of the same model may differ."""
    if target.mean is None or target.scale is None:
        return TOLERANCE
    return TOLERANCE * target.scale + ROUNDING * abs(target.mean)


def places(rows: int) -> npt.NDArray[np.int64]:
    """The rows of a split to compare, evenly from the first to the last."""
    return np.unique(np.linspace(0, rows - 1, min(rows, COMPARED_ROWS)).round().astype("int64"))


def rows_at(split: Path, wanted: npt.NDArray[np.int64], contract: Contract) -> list[dict[str, Any]]:
    """Rows of a split as a client would send them; ``wanted`` says which, in order."""
    names = [one.name for one in contract.inputs]
    taken, start = [], 0
    for path in tables.parts(split):
        part = tables.frame(path, names)
        here = wanted[(wanted >= start) & (wanted < start + len(part))] - start
        taken.append(part.iloc[here])
        start += len(part)
    rows = pd.concat(taken)
    plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return [
        {str(name): value.isoformat() if isinstance(value, pd.Timestamp) else value for name, value in row.items()}
        for row in plain
    ]


def prove(
    folder: Path,
    contract: Contract,
    rows: list[dict[str, Any]],
    trained: npt.NDArray[np.float64],
    tolerance: float = TOLERANCE,
    known: coverage.Known = MappingProxyType({}),
) -> dict[str, Any]:
    """Show that the exported forms answer as the trained network does; leave golden rows beside the model.

    ``known`` is what the model knows of its columns, and is asked by the golden rows.

    Raises:
        StageError: the SavedModel's answers are not those of the trained network.
    """
    asked = [*rows, *coverage.covering(rows, contract, known), *export.odd_rows(contract)]
    columns = columns_of(asked, contract)
    saved = Model(folder, contract, "savedmodel").predict(columns)
    answers = saved[contract.answer]
    difference = export.largest_difference(answers[: len(rows)], trained)
    if difference > tolerance:
        raise StageError(f"The SavedModel must answer as the trained network does, and differs by {difference:.1e}.")
    parity = compiled_difference(folder, contract, columns, answers)
    if parity > tolerance:
        (folder / COMPILED).unlink(missing_ok=True)
    picked = _picked(answers, len(rows), contract)
    kept = golden.Golden(
        rows=tuple(asked[place] for place in picked),
        answers={name: tuple(golden.plain(given[picked])) for name, given in saved.items()},
        tolerance=tolerance,
    )
    kept.write(folder)
    return {
        "runtime": "litert" if parity <= tolerance else "savedmodel",
        "saved_model": difference,
        "compiled": parity if math.isfinite(parity) else None,
        "rows": len(asked),
        "tolerance": tolerance,
    }


def _picked(answers: npt.NDArray[Any], real: int, contract: Contract) -> list[int]:
    """The places of the golden rows: some real ones, those on the edge of a decision, and all that were made."""
    clear = np.flatnonzero(_clear(answers, contract))
    seen = clear[clear < real]
    picked = {*seen[:: max(1, len(seen) // GOLDEN_ROWS)][:GOLDEN_ROWS], *clear[clear >= real]}
    if contract.threshold is not None:
        above = answers[clear] >= contract.threshold
        for side in (clear[above], clear[~above]):
            nearest = np.argsort(np.abs(answers[side] - contract.threshold), kind="stable")
            picked |= {*side[nearest[:EDGE_ROWS]]}
    return sorted(int(place) for place in picked)


def _clear(answers: npt.NDArray[Any], contract: Contract) -> npt.NDArray[np.bool_]:
    """The rows on whose decision both forms must agree.

    On the threshold itself, or between two classes, the last bit decides, and two forms need not have it in common.
    """
    if contract.classes:
        best = np.sort(answers, axis=1)[:, -2:]
        return np.asarray(best[:, 1] - best[:, 0] > 2 * TOLERANCE)
    if contract.threshold is not None:
        return np.asarray(np.abs(answers - contract.threshold) > TOLERANCE)
    return np.ones(len(answers), bool)


def compiled_difference(folder: Path, contract: Contract, columns: Columns, saved: npt.NDArray[Any]) -> float:
    """How far the compiled form is from the ``saved`` answers; infinite where there is none that answers."""
    try:
        compiled = Model(folder, contract, "litert").predict(columns)
    except (FileNotFoundError, RuntimeError, ValueError):
        return math.inf
    return export.largest_difference(compiled[contract.answer], saved)
