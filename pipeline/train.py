"""Train: let the finalists of the search learn from the whole training split, and export the best one."""

import contextlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from bundle.contract import Contract
from pipeline import arrays, contest, contracts, coverage, encoding, export, proof, working
from pipeline import threshold as thresholds
from pipeline.arrays import Arrays
from pipeline.encoding import Target
from pipeline.job import Job, Outcome
from pipeline.network import Batches, build
from pipeline.preprocessing import Encode, deriver
from pipeline.progress import track
from pipeline.seeds import fix_seeds

HOTTEST = 4.0
"""The highest temperature, and one by the lowest."""
SPREAD = 0.5
"""Of the logarithm of the temperature, before a row is seen."""


def train(job: Job) -> Outcome:
    """Write ``model/`` (the SavedModel, compiled beside it), ``contract.json``, ``history.json``, ``parity.json``.

    Raises:
        StageError: the exported model does not answer as the trained one does, or a process that learned died.
        DataError: nothing could be learned: no epoch has a finite loss.
    """
    encoded = job.inputs["encoded"]
    known = encoding.read(encoded)
    training, validation = arrays.read(encoded / "train"), arrays.read(encoded / "validation")
    seed, folder = job.problem.seed, working.folder(job.data, job.final)
    tuned = json.loads((job.inputs["tuned"] / "trials.json").read_text())
    finalists, as_it_was = contest.finalists(tuned, len(training), job.problem.training.epochs)
    best, history = contest.hold(finalists, as_it_was, known, training, validation, seed, folder)
    fix_seeds(seed)
    model = build(known, best.chosen, seed)
    contest.restore(model, folder / best.name)
    history["temperature"] = calibrate(model, validation, known.target)
    answers = predict(model, validation, known.target)
    threshold = None
    if known.target.task == "binary":
        threshold = thresholds.best(answers.astype("float32"), validation.target, job.problem.decision)
    contract = contracts.told(job.problem, known, threshold)
    derive, encode = deriver(job.problem, job.inputs, known), Encode(known)
    with track("exporting", None):
        export.save(job.output / "model", derive, encode, model, known, contract)
        with contextlib.suppress(export.NotConverted):  # then the SavedModel itself serves, and the notes say so
            export.compile_beside(job.output / "model", derive, encode, model, known, contract)
        compared = proof.places(len(answers))
        seen = proof.rows_at(job.inputs["split"] / "validation", compared, contract)
        asked, tolerance = coverage.known(known, derive), proof.tolerance(known.target)
        parity = proof.prove(job.output / "model", contract, seen, answers[compared], tolerance, asked)
    _write(job.output / "history.json", history)
    _write(job.output / "parity.json", parity)
    (job.output / "contract.json").write_text(contract.model_dump_json(indent=1) + "\n")
    shutil.rmtree(folder)
    notes = [
        _found(history),
        f"{model.count_params():,} parameters{_decided(contract)}",
        f"the compiled form differs by at most {parity['compiled']:.1e} and serves"
        if parity["runtime"] == "litert"
        else "there is no compiled form that answers alike, so the SavedModel itself serves",
    ]
    return Outcome(rows_in=len(training), notes=notes)


def calibrate(model: keras.Model, validation: Arrays, target: Target) -> float | None:
    """Set the temperature in the model that is best on these rows by the log loss; None for a number.

    How often each answer comes may be another there, as it is in another season, and does not count: each has a bias
    that is found along and left out. See Guo et al. 2017, "On Calibration of Modern Neural Networks". Few rows move the
    temperature little, so that who answered all of them rightly is not made ever surer.
    """
    if target.task == "regression":
        return None
    logits, answers = said(model, validation, target), np.asarray(validation.target)
    logits, answers = logits[answers >= 0], answers[answers >= 0].astype("int64")
    if not target.classes:
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    true = np.eye(logits.shape[1])[answers]

    def log_loss(power_and_biases: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        sharp = np.exp(power_and_biases[0])
        shares = log_softmax(logits * sharp + power_and_biases[1:], axis=1)
        off = np.exp(shares) - true
        slope = np.append((off * logits).sum(axis=1).mean() * sharp, off.mean(axis=0))
        slope[0] += power_and_biases[0] / SPREAD**2 / len(true)
        prior = power_and_biases[0] ** 2 / SPREAD**2 / 2 / len(true)
        return float(prior - (true * shares).sum(axis=1).mean()), slope

    start = np.zeros(1 + logits.shape[1])
    bounds = [(-np.log(HOTTEST), np.log(HOTTEST)), *[(-5.0, 5.0)] * logits.shape[1]]
    found = minimize(log_loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    temperature = float(np.exp(-found.x[0]))
    model.layers[-1].temperature.assign(temperature)
    return temperature


def predict(model: keras.Model, encoded: Arrays, target: Target) -> npt.NDArray[np.float64]:
    """The answer to each encoded row: the probability of yes, that of each class, or the number."""
    given = said(model, encoded, target)
    if target.mean is not None and target.scale is not None:
        return np.asarray(given * target.scale + target.mean)
    return np.asarray(softmax(given, axis=1) if target.classes else expit(given))


def said(model: keras.Model, encoded: Arrays, target: Target) -> npt.NDArray[np.float64]:
    """What the network says of each encoded row: logits, or a standardised number."""
    given = [model.predict_on_batch(inputs) for inputs, _ in Batches(encoded, target)]
    return np.concatenate(given).astype("float64")


def _found(history: Mapping[str, Any]) -> str:
    best = history["epochs"][history["best_epoch"]]
    epoch = f"epoch {history['best_epoch'] + 1} of {len(history['epochs'])}"
    others = len(history["finalists"]) - 1
    against = f", the best of {others + 1} finalists" if others else ""
    return f"trial {history['trial']}{against}: {epoch}, validation loss {best['val_loss']:.4f}"


def _decided(contract: Contract) -> str:
    if contract.threshold is not None:
        return f"; yes from a probability of {contract.threshold:.3f}"
    return f"; {len(contract.classes)} classes" if contract.classes else ""


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")
