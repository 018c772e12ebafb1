"""Evaluate: measure the exported model through the code that will serve it, and the baselines beside it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from bundle import profile
from bundle.contract import Columns, Contract, as_bytes
from bundle.model import Model
from bundle.profile import AnswerProfile, Bins
from pipeline import drift, ledger, receipts, tables
from pipeline.drift import Counts
from pipeline.errors import DataError, StageError
from pipeline.job import Job, Outcome
from pipeline.metrics import LEVEL, REPLICATES, Figure, Floats, Scored, figures, replicates, scored
from pipeline.problem import BASELINES, LOWER_IS_BETTER, Baseline
from pipeline.progress import track

SLICE_REPLICATES = 200
FEWEST_DRAWS = 100
DRAWN_ROWS = 100_000_000
"""Rows times replicates, about: of more rows there are fewer replicates."""
MISSING = "(missing)"
NOTED = {
    "binary": ("roc_auc", "log_loss", "brier"),
    "multiclass": ("accuracy", "roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}

Rows = npt.NDArray[np.int64]
Score = Callable[[Rows], Scored]
"""Some rows of the hold-out, to measure."""


def evaluate(job: Job) -> Outcome:
    """Write ``evaluation.json``: every metric with its interval, against the baselines, by slice, and the curves.

    Beside it ``answers.json``: how the answers are distributed, and how far single days are from that.
    """
    exported = job.inputs["model"]
    contract = Contract.model_validate_json((exported / "contract.json").read_bytes())
    runtime = json.loads((exported / "parity.json").read_text())["runtime"]
    model = Model(exported / "model", contract, runtime)
    slices = list(job.problem.slices)
    time = job.problem.split.time
    reads = read_by(job)
    predicted, target, told = predict(model, job.inputs["split"] / "test", slices, time)
    baselines = {
        name: scored(contract, target, np.load(job.inputs["baseline"] / f"{name}.npy", allow_pickle=False))
        for name in BASELINES[contract.task]
    }
    measured = measure(scored(contract, target, predicted), baselines, job.problem.seed)

    def score(rows: Rows) -> Scored:
        return scored(contract, target[rows], predicted[rows])

    by_column = {name: by_slice(score, told[name], job.problem.seed) for name in slices}
    found = {"task": contract.task, **measured, "runtime": runtime, "slices": by_column}
    (job.output / "evaluation.json").write_text(json.dumps(_plain(found), indent=1, allow_nan=False) + "\n")
    days = drift.days_of(told, time)
    answered = answers(contract, predicted, days).model_copy(update={"worst": worst_days(score, days)})
    (job.output / "answers.json").write_text(answered.model_dump_json(indent=1) + "\n")
    note = ", ".join(f"{name} {measured['metrics'][name]['value']:.4f}" for name in NOTED[contract.task])
    count = draws(len(target), REPLICATES)
    few = [f"the intervals are of {count} draws, for there are many rows"] if count < REPLICATES else []
    times = "once" if reads["reads"] == 1 else f"{reads['reads']} times, by {reads['models']} models"
    read = f"this hold-out was read {times}"
    return Outcome(rows_in=len(target), notes=[f"{note}, answered by {runtime}", read, *few], measured={**reads})


def read_by(job: Job) -> dict[str, int]:
    """Record that the hold-out is read: how many evaluations (``reads``), of how many models, had read it by then.

    Raises:
        StageError: the model or the hold-out does not tell what it is.
    """
    exported = receipts.read(job.inputs["model"])
    windows = json.loads((job.inputs["split"] / "windows.json").read_text())
    seal = next((one["seal"] for one in windows if one["seal"]), None)
    if exported is None or seal is None:
        raise StageError("The model must have its receipt and the hold-out its seal, and one of them is not there.")
    readings = ledger.record(job.data, seal, job.final.name, exported.content)
    return {"reads": len(readings), "models": len({one.model for one in readings})}


def predict(
    model: Model, test: Path, slices: list[str], time: str | None
) -> tuple[Floats, npt.NDArray[Any], pd.DataFrame]:
    """What was predicted for and what came true of each row of the hold-out, and its slicing columns and time.

    Raises:
        DataError: a prediction is no finite number.
    """
    predicted, target, labels, times = [], [], [], []
    files = tables.parts(test)
    inputs = [one.name for one in model.contract.inputs]
    more = [*slices, *([time] if time else []), tables.TARGET]
    with track("evaluating", len(files)) as advance:
        for file in files:
            part = tables.frame(file, list(dict.fromkeys([*inputs, *more])))
            if len(part):
                predicted.append(model.predict(columns_of_part(part, model.contract))[model.contract.answer])
                target.append(part[tables.TARGET].to_numpy(object if model.contract.classes else "float64"))
                labels.append(part[slices].astype("category"))
                times.append(part[[time] if time else []])
            advance()
    found = np.concatenate(predicted).astype("float64")
    if not np.isfinite(found).all():
        raise DataError(
            f"Every answer must be a finite number, and {(~np.isfinite(found)).sum():,} of {found.size:,} are not."
        )
    told = {name: union_categoricals([one[name] for one in labels]) for name in slices}
    when = pd.concat(times, ignore_index=True)
    return found, np.concatenate(target), when.assign(**{name: told[name] for name in slices if name != time})


def columns_of_part(part: pd.DataFrame, contract: Contract) -> Columns:
    """A part of a table as the columns that the model takes."""
    columns: dict[str, npt.NDArray[Any]] = {}
    for one in contract.inputs:
        values = part[one.name]
        if one.type == "number":
            columns[one.name] = values.to_numpy("float32")
        elif one.type == "time":
            columns[one.name] = values.to_numpy("datetime64[s]")
        else:
            columns[one.name] = as_bytes(values.fillna("").tolist())
    return columns


def answers(contract: Contract, predicted: Floats, days: Counts) -> AnswerProfile:
    """The reference for the answers to come: those of the hold-out, and how far its single days are from it."""
    if contract.classes:
        values = np.array(contract.classes, object)[predicted.argmax(axis=1)]
        levels = tuple(str(label) for label in pd.Series(values).value_counts(sort=True).index[: profile.LEVELS])
        bins = Bins(name="decision", kind="category", levels=levels, rows=len(values))
    else:
        values = predicted
        edges = profile.decile_edges(np.unique(values, return_counts=True))
        bins = Bins(name=contract.answer, kind="number", edges=edges, rows=len(values))
    shares = profile.shares(drift.count(bins, values))
    usual = drift.usual(shares, drift.count_by_day(bins, values, days))
    return AnswerProfile(**bins.model_dump(exclude={"usual"}), usual=usual, hold_out=shares)


def worst_days(score: Score, days: Counts) -> dict[str, float]:
    """The worst that each metric came to on single days; those that a day can't tell are left out."""
    seen = {int(day): score(np.flatnonzero(days == day)) for day in np.unique(days)}
    found = {day: (one.rows, dict(zip(one.names, one.metrics(), strict=True))) for day, one in seen.items()}
    worst = {}
    for metric in next(iter(seen.values())).names:
        sign = 1.0 if metric in LOWER_IS_BETTER else -1.0
        told = {day: (sign * values[metric], rows) for day, (rows, values) in found.items()}
        reached = drift.furthest({day: value for day, value in told.items() if np.isfinite(value[0])})
        if reached is not None:
            worst[str(metric)] = float(sign * reached)
    return worst


def measure(model: Scored, baselines: dict[Baseline, Scored], seed: int) -> dict[str, Any]:
    """Metrics with intervals of the model and the baselines, their paired differences, and the curves."""
    drawn = []
    everyone = [model, *baselines.values()]
    count = draws(model.rows, REPLICATES)
    with track("bootstrap", count) as advance:
        for replicate in replicates(everyone, seed, count):
            drawn.append(replicate)
            advance()
    by_model = np.array(drawn).transpose(1, 0, 2)  # [models, replicates, metrics]
    values = [one.metrics() for one in everyone]

    def told(values: Floats, drawn: Floats) -> dict[str, dict[str, float]]:
        return {name: figure.as_dict() for name, figure in figures(model.names, values, drawn).items()}

    found: dict[str, Any] = {
        "rows": model.rows,
        "level": LEVEL,
        "metrics": told(values[0], by_model[0]),
        "baselines": {},
        "against": {},
        "curves": {},
        **model.told(),
    }
    for place, (name, other) in enumerate(baselines.items(), start=1):
        found["baselines"][name] = told(values[place], by_model[place])
        found["against"][name] = told(values[0] - values[place], by_model[0] - by_model[place])
        if name == "gradient_boosting":
            found["curves"][name] = other.curves()
    found["curves"]["model"] = model.curves()
    return found


def by_slice(score: Score, labels: pd.Series, seed: int) -> list[dict[str, Any]]:
    """The metrics of each slice, the largest first; a metric that the slice is too small to tell is None."""
    found = []
    for label, rows in _groups(labels):
        one = score(rows)
        drawn = np.array([metrics for [metrics] in replicates([one], seed, draws(len(rows), SLICE_REPLICATES))])
        found.append(
            {
                "value": label,
                "rows": len(rows),
                **one.brief(),
                "metrics": {name: _told(figure) for name, figure in figures(one.names, one.metrics(), drawn).items()},
            }
        )
    return sorted(found, key=lambda one: (-one["rows"], one["value"]))


def draws(rows: int, most: int) -> int:
    """How many replicates are drawn: fewer of many rows, whose figures hardly differ from one to the next."""
    return max(FEWEST_DRAWS, min(most, DRAWN_ROWS // max(1, rows)))


def _groups(labels: pd.Series) -> list[tuple[str, Rows]]:
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


def _told(figure: Figure) -> dict[str, float] | None:
    return figure.as_dict() if math.isfinite(figure.low) else None


def _plain(value: Any) -> Any:
    """The same, with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
