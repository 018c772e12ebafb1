"""Evaluate: measure the exported model through the code that will serve it, and the baselines beside it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bundle import profile
from bundle.contract import Contract
from bundle.digest import files_below
from bundle.model import Model
from bundle.profile import AnswerProfile, Bins
from pipeline import behaviour, drift, holdout, ledger, plain, receipts, threshold
from pipeline.drift import Counts
from pipeline.errors import StageError
from pipeline.holdout import Answered
from pipeline.job import Job, Outcome
from pipeline.metrics import (
    REPLICATES,
    SLICE_REPLICATES,
    Figure,
    Floats,
    Scored,
    differences,
    doubts,
    drawn,
    draws,
    estimates,
)
from pipeline.problem import BASELINES, JUDGED, LOWER_IS_BETTER, Baseline
from pipeline.significance import CHANCE, LEVEL
from pipeline.slices import Rows, by_slice, surest

NOTED = {
    "binary": ("roc_auc", "log_loss", "brier"),
    "multiclass": ("accuracy", "roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
CALLS, WARMING = 500, 50
"""How often the model is asked for a row, and how often before it is timed."""

Score = Callable[[Rows], Scored]
"""Some rows of the hold-out, to measure."""


def evaluate(job: Job) -> Outcome:
    """Write ``evaluation.json``: every metric with its interval, against the baselines, by slice, and the curves.

    Beside it ``answers.npy``, the answers themselves; and ``answers.json``: how they are distributed, and how far
    single days are from that. How long an answer takes is measured, and so told by the receipt alone.
    """
    model = holdout.model(job.inputs["model"])
    contract, test = model.contract, job.inputs["split"] / "test"
    slices, split = list(job.problem.slices), job.problem.split
    reads = read_by(job)
    read = holdout.answer(model, test, slices, split)
    baselines = baselines_of(job.inputs["baseline"], read, contract)
    whole = read.scored(contract, read.predicted)
    measured = measure(whole, baselines, job.problem.seed)

    def score(rows: Rows) -> Scored:
        return read.scored(contract, read.predicted, rows)

    def of_slice(rows: Rows) -> dict[str, Any]:
        return measure_slice(score(rows), job.problem.seed)

    by_column = {name: by_slice(read.told[name], of_slice) for name in slices}
    judged = JUDGED[contract.task]
    found = {
        "task": contract.task,
        **measured,
        "runtime": model.runtime,
        "size_mb": size(job.inputs["model"] / "model") / 1e6,
        "slices": by_column,
        "worst_slice": worst_slice(by_column, judged, measured["metrics"][judged]["value"]),
        **behave(model, test, read, job.problem.seed),
        "mistakes": mistakes(model, test, read, whole),
    }
    plain.write(job.output / "evaluation.json", found)
    np.save(job.output / holdout.ANSWERS, read.predicted)
    days = drift.days_of(read.told, split.time)
    answered = answers(contract, read.predicted, days).model_copy(update={"worst": worst_days(score, days)})
    (job.output / "answers.json").write_text(answered.model_dump_json(indent=1) + "\n")
    return Outcome(
        rows_in=whole.rows, notes=notes(found, reads), measured={**reads, **latency(model, test, whole.rows)}
    )


def notes(found: Mapping[str, Any], reads: Mapping[str, int]) -> list[str]:
    """What a person should read at once."""
    told = ", ".join(f"{name} {found['metrics'][name]['value']:.4f}" for name in NOTED[found["task"]])
    by = "one model" if reads["models"] == 1 else f"{reads['models']} models"
    times = "once" if reads["reads"] == 1 else f"{reads['reads']} times, by {by}"
    count = draws(found["rows"], REPLICATES)
    few = [f"the intervals are of {count} draws, for there are many rows"] if count < REPLICATES else []
    worst = found["worst_slice"]
    worse = worst and worst["worse"]
    where = [f"{worst['metric']} is worst where {worst['column']} is {worst['value']}"] if worse else []
    return [f"{told}, answered by {found['runtime']}", f"this hold-out was read {times}", *few, *where]


def read_by(job: Job) -> dict[str, int]:
    """Record that the hold-out is read: how often it was by then (``reads``), and by how many models.

    Raises:
        StageError: the model or the hold-out does not tell what it is.
    """
    exported = receipts.read(job.inputs["model"])
    if exported is None:
        raise StageError("The model must have its receipt, and it is not there.")
    readings = ledger.record(job.data, holdout.seal(job.inputs["split"]), job.final.name, exported.content)
    return {"reads": len(readings), "models": len({one.model for one in readings})}


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


def baselines_of(folder: Path, read: Answered, contract: Contract) -> dict[Baseline, Scored]:
    """What the baselines answered to the same rows, yes from each one's own threshold."""
    thresholds = plain.read(folder / threshold.OF_BASELINES)
    return {
        name: read.scored(
            contract.model_copy(update={"threshold": thresholds.get(name)}),
            np.load(folder / f"{name}.npy", allow_pickle=False),
        )
        for name in BASELINES[contract.task]
    }


def measure(model: Scored, baselines: dict[Baseline, Scored], seed: int) -> dict[str, Any]:
    """Metrics with intervals of the model and the baselines, their paired differences, and the curves."""
    everyone = [model, *baselines.values()]
    by_model = drawn(everyone, seed, REPLICATES, "bootstrap")

    def told(figured: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
        return {name: figure.as_dict() for name, figure in figured.items()}

    found: dict[str, Any] = {
        "rows": model.rows,
        "level": LEVEL,
        "metrics": told(estimates(model, by_model[0])),
        "baselines": {},
        "against": {},
        "curves": {},
        "doubts": {"metrics": doubts(model), "against": doubts(model, apart=True)},
        **model.told(),
    }
    for place, (name, other) in enumerate(baselines.items(), start=1):
        found["baselines"][name] = told(estimates(other, by_model[place]))
        found["against"][name] = told(differences([model, other], by_model[[0, place]]))
        if name == "gradient_boosting":
            found["curves"][name] = other.curves()
    found["curves"]["model"] = model.curves()
    return found


def measure_slice(one: Scored, seed: int) -> dict[str, Any]:
    """The metrics of a slice; one that it is too small to tell is None."""
    [replicated] = drawn([one], seed, SLICE_REPLICATES)
    metrics = {name: figure.told for name, figure in estimates(one, replicated).items()}
    return {**one.brief(), "metrics": metrics, "doubts": doubts(one)}


def worst_slice(by_column: Mapping[str, list[dict[str, Any]]], metric: str, overall: float) -> dict[str, Any] | None:
    """The slice that is most surely worse than all rows together; ``worse`` where that is more than chance."""
    found = surest(by_column, metric, overall)
    if not found:
        return None
    likely, column, one = found[0]
    named = {"column": column, "value": one["value"], "rows": one["rows"], "metric": metric}
    return {**named, "figure": one["metrics"][metric], "overall": overall, "p": likely, "worse": likely < CHANCE}


def behave(model: Model, test: Path, read: Answered, seed: int) -> dict[str, Any]:
    """What the model rests on, and how its answers follow it, by some rows that are drawn."""
    names = [one.name for one in model.contract.inputs]
    numbers = behaviour.sample(len(read.target), len(names), seed)
    columns = holdout.columns(holdout.rows(test, numbers, names), model.contract)

    def predict(given: Mapping[str, npt.NDArray[Any]]) -> Floats:
        return model.predict(given)[model.contract.answer].astype("float64")

    important = behaviour.importance(predict, columns, read.target[numbers], model.contract, seed)
    followed = [one.column for one in important[: behaviour.FOLLOWED]]
    dependence = behaviour.dependence(predict, columns, model.contract, followed)
    return {
        "drawn": len(numbers),
        "importance": [one.model_dump() for one in important],
        "dependence": [one.model_dump() for one in dependence],
    }


def mistakes(model: Model, test: Path, read: Answered, whole: Scored) -> list[dict[str, Any]]:
    """The rows that the model is most sure and most wrong about, the worst first."""
    losses = whole.losses()
    numbers = behaviour.worst(losses, read.target, model.contract)
    order = np.sort(numbers)
    rows = holdout.rows(test, order, [one.name for one in model.contract.inputs]).astype(object).to_dict("records")
    by_number = dict(zip(order.tolist(), rows, strict=True))
    found = [
        behaviour.mistake(by_number[at], read.predicted[at], read.target[at], losses[at], model.contract)
        for at in numbers.tolist()
    ]
    return [one.model_dump() for one in found if one]


def latency(model: Model, test: Path, rows: int) -> dict[str, float]:
    """Milliseconds of an answer to a single row: the median, with the interval of its order statistics."""
    columns = holdout.columns(
        holdout.rows(test, np.arange(min(rows, CALLS)), [one.name for one in model.contract.inputs]), model.contract
    )
    single = [{name: values[at : at + 1] for name, values in columns.items()} for at in range(min(rows, CALLS))]
    times = []
    for number in range(-WARMING, CALLS):
        began = time.perf_counter()
        model.predict(single[number % len(single)])
        times.append(1e3 * (time.perf_counter() - began))
    ordered = sorted(times[WARMING:])
    half = 0.98 * CALLS**0.5  # of a binomial count, at 95 %: 1.96 standard deviations
    low, high = int(CALLS / 2 - half), int(CALLS / 2 + half)
    edges = {"value": ordered[CALLS // 2], "low": ordered[low], "high": ordered[high]}
    return {f"latency_ms {edge}": value for edge, value in edges.items()}


def size(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum((folder / name).stat().st_size for name in files_below(folder))
