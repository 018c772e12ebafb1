"""Evaluate: measure the exported model through the code that will serve it, and the baselines beside it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bundle import profile
from bundle.contract import Columns, Contract, as_bytes
from bundle.model import Model
from bundle.profile import AnswerProfile, Bins
from pipeline import drift, tables
from pipeline.drift import Counts
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.metrics import LEVEL, LOWER_IS_BETTER, METRICS, REPLICATES, Figure, Floats, Scored, figures, replicates
from pipeline.progress import track

BASELINES = ("prior", "gradient_boosting")
SLICE_REPLICATES = 200


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
    labelled = [*slices, *([time] if time else [])]
    probabilities, target, labels = predict(model, job.inputs["split"] / "test", labelled)
    baselines = {name: np.load(job.inputs["baseline"] / f"{name}.npy", allow_pickle=False) for name in BASELINES}
    found = measure(target, probabilities, baselines, contract.threshold, job.problem.seed)
    found["runtime"] = runtime
    found["slices"] = {
        name: by_slice(target, probabilities, labels[name], contract.threshold, job.problem.seed) for name in slices
    }
    (job.output / "evaluation.json").write_text(json.dumps(_plain(found), indent=1, allow_nan=False) + "\n")
    days = drift.days_of(pd.DataFrame(labels, index=range(len(target))), time)
    answered = answers(contract.outputs[0].name, probabilities, days).model_copy(
        update={"worst": worst_days(target, probabilities, days, contract.threshold)}
    )
    (job.output / "answers.json").write_text(answered.model_dump_json(indent=1) + "\n")
    metrics = found["metrics"]
    note = ", ".join(f"{name} {metrics[name]['value']:.4f}" for name in ("roc_auc", "log_loss", "brier"))
    return Outcome(rows_in=len(target), notes=[f"{note}, answered by {runtime}"])


def predict(model: Model, test: Path, slices: list[str]) -> tuple[Floats, Floats, dict[str, npt.NDArray[Any]]]:
    """The probability and the answer of each row of the hold-out, and its label in each slicing column."""
    probabilities, answers, labels = [], [], []
    files = tables.parts(test)
    inputs = [one.name for one in model.contract.inputs]
    with track("evaluating", len(files)) as advance:
        for file in files:
            part = tables.frame(file, list(dict.fromkeys([*inputs, *slices, tables.TARGET])))
            if len(part):
                probabilities.append(model.predict(columns_of_part(part, model.contract))["probability"])
                answers.append(part[tables.TARGET].to_numpy("float64"))
                labels.append(part[slices].astype(object).where(part[slices].notna(), None))
            advance()
    found = np.concatenate(probabilities).astype("float64")
    if not np.isfinite(found).all():
        raise DataError(
            f"Every answer must be a finite number, and {(~np.isfinite(found)).sum():,} of {len(found):,} are not."
        )
    every = pd.concat(labels, ignore_index=True)
    return found, np.concatenate(answers), {name: every[name].to_numpy(object) for name in slices}


def columns_of_part(part: pd.DataFrame, contract: Contract) -> Columns:
    """A part of a table as the columns that the model takes."""
    return {
        one.name: part[one.name].to_numpy("float32")
        if one.type == "number"
        else as_bytes(part[one.name].fillna("").tolist())
        for one in contract.inputs
    }


def answers(name: str, probabilities: Floats, days: Counts) -> AnswerProfile:
    """The reference for the answers to come: those of the hold-out, and how far its single days are from it."""
    edges = profile.decile_edges(np.unique(probabilities, return_counts=True))
    bins = Bins(name=name, kind="number", edges=edges, rows=len(probabilities))
    shares = profile.shares(drift.count(bins, probabilities))
    usual = drift.usual(shares, drift.count_by_day(bins, probabilities, days))
    return AnswerProfile(**bins.model_dump(exclude={"usual"}), usual=usual, hold_out=shares)


def worst_days(target: Floats, probabilities: Floats, days: Counts, threshold: float) -> dict[str, float]:
    """The worst that each metric came to on single days; those that a day can't tell are left out."""
    found = [
        (
            int(day),
            int((days == day).sum()),
            Scored(target[days == day], probabilities[days == day], threshold).metrics(),
        )
        for day in np.unique(days)
    ]
    worst = {}
    for place, metric in enumerate(METRICS):
        sign = 1.0 if metric in LOWER_IS_BETTER else -1.0
        told = {day: (sign * values[place], rows) for day, rows, values in found if np.isfinite(values[place])}
        reached = drift.furthest(told)
        if reached is not None:
            worst[str(metric)] = float(sign * reached)
    return worst


def measure(
    target: Floats, probabilities: Floats, baselines: dict[str, Floats], threshold: float, seed: int
) -> dict[str, Any]:
    """Metrics with intervals of the model and the baselines, their paired differences, and the curves."""
    model = Scored(target, probabilities, threshold)
    others = {name: Scored(target, baseline, threshold) for name, baseline in baselines.items()}
    drawn = []
    everyone = [model, *others.values()]
    with track("bootstrap", REPLICATES) as advance:
        for replicate in replicates(everyone, seed):
            drawn.append(replicate)
            advance()
    by_model = np.array(drawn).transpose(1, 0, 2)  # [models, replicates, metrics]
    values = [scored.metrics() for scored in everyone]
    found: dict[str, Any] = {
        "rows": len(target),
        "positives": int(target.sum()),
        "threshold": threshold,
        "level": LEVEL,
        "metrics": _figures(figures(values[0], by_model[0])),
        "baselines": {},
        "against": {},
        "confusion": model.confusion(),
        "curves": {},
    }
    for place, (name, other) in enumerate(others.items(), start=1):
        found["baselines"][name] = _figures(figures(values[place], by_model[place]))
        found["against"][name] = _figures(figures(values[0] - values[place], by_model[0] - by_model[place]))
        if name != "prior":
            found["curves"][name] = {**other.curves(), "calibration": other.calibration()}
    found["curves"]["model"] = {**model.curves(), "calibration": model.calibration()}
    return found


def by_slice(
    target: Floats, probabilities: Floats, labels: npt.NDArray[Any], threshold: float, seed: int
) -> list[dict[str, Any]]:
    """The metrics of each slice, the largest first; a metric that the slice is too small to tell is None."""
    found = []
    for label, rows in _groups(labels):
        scored = Scored(target[rows], probabilities[rows], threshold)
        drawn = np.array([metrics for [metrics] in replicates([scored], seed, SLICE_REPLICATES)])
        found.append(
            {
                "value": label,
                "rows": len(rows),
                "positives": int(target[rows].sum()),
                "metrics": {name: _told(figure) for name, figure in figures(scored.metrics(), drawn).items()},
            }
        )
    return sorted(found, key=lambda one: (-one["rows"], one["value"]))


def _groups(labels: npt.NDArray[Any]) -> list[tuple[str, npt.NDArray[np.int64]]]:
    texts = pd.Series([_label(label) for label in labels])
    return [(str(label), np.asarray(rows, np.int64)) for label, rows in texts.groupby(texts).indices.items()]


def _label(label: Any) -> str:
    if label is None:
        return "(missing)"
    return f"{label:g}" if isinstance(label, float) else str(label)


def _told(figure: Figure) -> dict[str, float] | None:
    return figure.as_dict() if math.isfinite(figure.low) else None


def _figures(told: dict[str, Figure]) -> dict[str, dict[str, float]]:
    return {name: told[name].as_dict() for name in METRICS}


def _plain(value: Any) -> Any:
    """The same, with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
