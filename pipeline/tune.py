"""Tune: look for hyperparameters with Keras Tuner, the strong defaults first."""

import json
import math
import tempfile
import time
import warnings
from typing import Any

import keras
import keras_tuner
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from pipeline import arrays, encoding
from pipeline.arrays import Arrays
from pipeline.encoding import Encoding
from pipeline.errors import DataError
from pipeline.hyperparameters import space
from pipeline.job import Job, Outcome
from pipeline.network import Batches, build, compile_for
from pipeline.problem import Search
from pipeline.progress import track
from pipeline.seeds import fix_seeds

OBJECTIVES = {
    "binary": "validation log loss",
    "multiclass": "validation log loss",
    "regression": "validation squared error (in variances)",
}


def tune(job: Job) -> Outcome:
    """Write ``trials.json``: every trial, and the hyperparameters of the best.

    Raises:
        DataError: no trial was completed.
    """
    search, seed = job.problem.search, job.problem.seed
    encoded = job.inputs["encoded"]
    every = {name: arrays.read(encoded / name) for name in ("train", "validation")}
    drawn = {name: rows.sample(search.rows, seed) for name, rows in every.items()}
    known = encoding.read(encoded)
    objective = OBJECTIVES[known.target.task]
    trials, seconds = run_trials(known, drawn["train"], drawn["validation"], search, seed)
    best = best_of(trials)
    found = {"objective": objective, "best": best["id"], "hyperparameters": best["hyperparameters"], "trials": trials}
    (job.output / "trials.json").write_text(json.dumps(found, indent=1) + "\n")
    gain = float(trials[0]["score"] or np.nan) - float(best["score"])
    told = f"the best {gain:.4f} below the defaults in {objective}" if gain > 0 else "none better than the defaults"
    done = sum(trial["status"] == "COMPLETED" for trial in trials)
    notes = [f"{done} of {len(trials)} trials completed, {told}"]
    notes += [
        f"drawn at random: {len(drawn[name]):,} of {len(every[name]):,} rows of {name}"
        for name in every
        if len(drawn[name]) < len(every[name])
    ]
    return Outcome(rows_in=len(drawn["train"]), notes=notes, measured=seconds)


def run_trials(
    known: Encoding, train: Arrays, validation: Arrays, search: Search, seed: int
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Every trial as plain values, the first with the defaults; and how many seconds each took, by its id."""
    with tempfile.TemporaryDirectory() as folder, track("tuning", search.trials * search.epochs) as advance:
        oracle = DefaultsFirst(
            objective=keras_tuner.Objective("val_loss", "min"),
            max_trials=search.trials,
            max_consecutive_failed_trials=search.trials + 1,  # we tell it ourselves, with what went wrong
            num_initial_points=2,
            seed=seed,
        )
        tuner = Tuner(known, train, validation, search.epochs, seed, advance, oracle, folder)
        with warnings.catch_warnings():
            # The oracle's own small model has few trials to fit.
            warnings.simplefilter("ignore", ConvergenceWarning)
            tuner.search(verbose=0)
        trials = [describe(trial, tuner.curves.get(trial.trial_id, [])) for trial in oracle.trials.values()]
        return trials, tuner.seconds


def best_of(trials: list[dict[str, Any]]) -> dict[str, Any]:
    """The trial with the lowest score.

    Raises:
        DataError: no trial was completed.
    """
    completed = [trial for trial in trials if trial["status"] == "COMPLETED"]
    if not completed:
        said = " ".join(str(trials[0]["message"]).strip().splitlines()[-2:])
        raise DataError(
            f"At least one trial must be completed, and 0 of {len(trials)} trials were. The first said: {said}"
        )
    return min(completed, key=lambda trial: float(trial["score"]))


class DefaultsFirst(keras_tuner.oracles.BayesianOptimizationOracle):  # type: ignore[misc]
    """Bayesian optimization whose first trial is the defaults."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if len(self.start_order) == 0:
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": defaults()}
        chosen: dict[str, Any] = super().populate_space(trial_id)
        return chosen


class Tuner(keras_tuner.Tuner):  # type: ignore[misc]
    """A tuner whose trial is one fit of our network; it saves no models, only what was learned of them."""

    def __init__(
        self,
        known: Encoding,
        train: Arrays,
        validation: Arrays,
        epochs: int,
        seed: int,
        advance: Any,
        oracle: Any,
        folder: str,
    ) -> None:
        self.known, self.train, self.validation = known, train, validation
        self.epochs, self.seed, self.advance = epochs, seed, advance
        self.curves: dict[str, list[float]] = {}
        self.seconds: dict[str, float] = {}
        super().__init__(oracle, keras_tuner_space, directory=folder, project_name="search", overwrite=True)

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
        """Train once; the validation loss after the last epoch, where the learning rate has come to rest.

        Raises:
            DataError: that loss is no finite number; the search goes on without this trial.
        """
        keras.backend.clear_session()
        fix_seeds(self.seed)
        chosen = space(trial.hyperparameters)
        started = time.monotonic()
        target = self.known.target
        batches = Batches(self.train, target, self.seed)
        model = build(self.known, chosen, self.seed)
        compile_for(model, target, chosen, len(batches) * self.epochs)
        history = model.fit(
            batches,
            validation_data=Batches(self.validation, target),
            epochs=self.epochs,
            verbose=0,
            callbacks=[
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda _, logs: self.advance(1, f"loss {logs['val_loss']:.4f}")
                )
            ],
        )
        curve = [float(loss) for loss in history.history["val_loss"]]
        self.curves[trial.trial_id] = curve
        self.seconds[trial.trial_id] = round(time.monotonic() - started, 1)
        if not math.isfinite(curve[-1]):
            raise DataError(f"The validation loss must be a finite number, and is {curve[-1]}.")
        return curve[-1]


def keras_tuner_space(values: keras_tuner.HyperParameters) -> keras.Model:
    """The space as Keras Tuner wants to see it: a function that builds some model with it."""
    space(values)
    return keras.Sequential()


def defaults() -> dict[str, Any]:
    """The values of the first trial."""
    values = keras_tuner.HyperParameters()
    space(values)
    found: dict[str, Any] = values.values
    return found


def describe(trial: Any, curve: list[float]) -> dict[str, Any]:
    """A trial as plain values."""
    return {
        "id": trial.trial_id,
        "status": str(trial.status),
        "score": trial.score,
        "message": trial.message,
        "hyperparameters": trial.hyperparameters.values,
        "curve": curve,
    }
