"""The hold-out as a model sees it: its answer to each row, what came true, and single rows as they are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import union_categoricals

from bundle.contract import Columns, Contract, as_bytes
from bundle.model import Model
from pipeline import row_hash, tables
from pipeline.errors import DataError, StageError
from pipeline.metrics import Floats, Scored, scored
from pipeline.metrics.groups import Groups
from pipeline.problem import Split
from pipeline.progress import track

ANSWERS = "answers.npy"
"""The answers of the evaluated model, in the order of the rows."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answered:
    """The rows of the hold-out, in order.

    Attributes:
        predicted: the model's first output, [rows] or [rows, classes].
        target: what came true, [rows].
        told: the columns that were asked for.
        groups: which rows belong together, by the column that ``[split]`` names; None where it names none.
    """

    predicted: Floats
    target: npt.NDArray[Any]
    told: pd.DataFrame
    groups: Groups | None

    def scored(self, contract: Contract, predicted: Floats, rows: Rows | slice = slice(None)) -> Scored:
        """Some of the rows to measure, by what was ``predicted`` for all."""
        groups = self.groups and self.groups.of(rows)
        return scored(contract, self.target[rows], predicted[rows], groups)


def model(exported: Path) -> Model:
    """The model that Train left in a folder, in the form that serves."""
    return Model(exported / "model", contract(exported), json.loads((exported / "parity.json").read_text())["runtime"])


def contract(exported: Path) -> Contract:
    """What that model takes and answers."""
    return Contract.model_validate_json((exported / "contract.json").read_bytes())


def seal(split: Path) -> str:
    """The seal of the hold-out that Split left in a folder.

    Raises:
        StageError: it has none.
    """
    windows = json.loads((split / "windows.json").read_text())
    found: str | None = next((one["seal"] for one in windows if one["seal"]), None)
    if found is None:
        raise StageError(f"The hold-out in {split} must have its seal, and has none.")
    return found


def answer(model: Model, test: Path, labels: Sequence[str], split: Split) -> Answered:
    """What the model answers to each row; with the columns ``labels``, as categories, and the time of the split.

    Raises:
        DataError: an answer is no finite number.
    """
    predicted, target, parts, times, groups = [], [], [], [], []
    time, group = split.time, split.group
    inputs = [one.name for one in model.contract.inputs]
    more = [*labels, *([time] if time else []), tables.TARGET]
    files = tables.parts(test)
    with track("evaluating", len(files)) as advance:
        for file in files:
            part = tables.frame(file, list(dict.fromkeys([*inputs, *more])))
            if len(part):
                predicted.append(model.predict(columns(part, model.contract))[model.contract.answer])
                target.append(part[tables.TARGET].to_numpy(object if model.contract.classes else "float64"))
                parts.append(part[list(labels)].astype("category"))
                times.append(part[[time] if time else []])
                groups += [row_hash.of_rows(tables.load(file, [group]), [group])] if group else []
            advance()
    found = np.concatenate(predicted).astype("float64")
    if not np.isfinite(found).all():
        raise DataError(
            f"Every answer must be a finite number, and {(~np.isfinite(found)).sum():,} of {found.size:,} are not."
        )
    together = {name: union_categoricals([one[name] for one in parts]) for name in labels}
    when = pd.concat(times, ignore_index=True)
    told = when.assign(**{name: together[name] for name in labels if name != time})
    together_by = Groups.by(group, np.concatenate(groups)) if group else None
    return Answered(found, np.concatenate(target), told, together_by)


def rows(test: Path, numbers: Rows, names: list[str]) -> pd.DataFrame:
    """The rows with these numbers, which are sorted, as they are."""
    taken, start = [], 0
    for file in tables.parts(test):
        end = start + pq.read_metadata(file).num_rows
        here = numbers[(numbers >= start) & (numbers < end)] - start
        if len(here):
            taken.append(tables.to_pandas(tables.load(file, names).take(pa.array(here))))
        start = end
    return pd.concat(taken, ignore_index=True)


def columns(part: pd.DataFrame, contract: Contract) -> Columns:
    """A part of a table as the columns that the model takes."""
    found: dict[str, npt.NDArray[Any]] = {}
    for one in contract.inputs:
        values = part[one.name]
        if one.type == "number":
            found[one.name] = values.to_numpy("float32")
        elif one.type == "time":
            found[one.name] = values.to_numpy("datetime64[s]")
        else:
            found[one.name] = as_bytes(values.fillna("").tolist())
    return found
