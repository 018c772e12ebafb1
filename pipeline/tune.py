"""Tune: look for hyperparameters with Keras Tuner, the strong defaults first."""

import json

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from pipeline import arrays, encoding, working
from pipeline.errors import DataError
from pipeline.hyperparameters import space
from pipeline.job import Job, Outcome
from pipeline.progress import track
from pipeline.tuning import attempts
from pipeline.tuning.journal import Finished
from pipeline.tuning.oracle import Oracle
from pipeline.tuning.trial import CHECKPOINTS, Lesson

OBJECTIVES = {
    "binary": "validation log loss",
    "multiclass": "validation log loss",
    "regression": "validation squared error (in variances)",
}
TRIALS = "trials"
KERAS_TUNER = "keras_tuner"


def tune(job: Job) -> Outcome:
    """Write ``trials.json``: every trial, and the hyperparameters of the best.

    Raises:
        DataError: no trial was completed.
    """
    search, seed, encoded = job.problem.search, job.problem.seed, job.inputs["encoded"]
    every = {name: arrays.read(encoded / name) for name in ("train", "validation")}
    drawn = {name: rows.sample(search.rows, seed) for name, rows in every.items()}
    known = encoding.read(encoded)
    folder = working.folder(job.data, job.final)
    trials = run_trials(Lesson(known, drawn["train"], drawn["validation"], search, seed, folder))
    best = best_of(trials)
    objective = OBJECTIVES[known.target.task]
    found = {
        "objective": objective,
        "best": best.id,
        "hyperparameters": best.hyperparameters,
        "trials": [trial.model_dump(exclude={"seconds"}) for trial in trials],
    }
    (job.output / "trials.json").write_text(json.dumps(found, indent=1) + "\n")
    notes = [f"{_counted(trials, search.trials)}, {_gain(trials[0], best, objective)}"]
    notes += [
        f"drawn at random: {len(drawn[name]):,} of {len(every[name]):,} rows of {name}"
        for name in every
        if len(drawn[name]) < len(every[name])
    ]
    measured = {trial.id: trial.seconds for trial in trials}
    if len(trials) < search.trials:
        measured["trials before the clock stopped it"] = len(trials)
    return Outcome(rows_in=len(drawn["train"]), notes=notes, measured=measured)


def run_trials(lesson: Lesson) -> list[Finished]:
    """Every trial that ended, the first with the defaults; those that ended in a run before are taken from there."""
    search = lesson.search
    for name in (TRIALS, CHECKPOINTS):
        (lesson.folder / name).mkdir(parents=True, exist_ok=True)
    values = keras_tuner.HyperParameters()
    space(values)
    with track("tuning", search.trials * search.epochs) as advance:
        oracle = Oracle(values, search, lesson.seed, lesson.folder / TRIALS, advance)
        BaseTuner(oracle, directory=str(lesson.folder), project_name=KERAS_TUNER, overwrite=True)
        attempts.run(oracle, [f"tuner{number}" for number in range(search.workers)], lesson, oracle.is_over)
    return [oracle.finished[trial] for trial in sorted(oracle.finished)]


def best_of(trials: list[Finished]) -> Finished:
    """The trial with the lowest score.

    Raises:
        DataError: no trial was completed.
    """
    completed = [trial for trial in trials if trial.status == "COMPLETED"]
    if not completed:
        said = " ".join(str(trials[0].message).strip().splitlines()[-2:])
        raise DataError(
            f"At least one trial must be completed, and 0 of {len(trials)} trials were. The first said: {said}"
        )
    return min(completed, key=_score)


def _score(trial: Finished) -> float:
    return float("inf") if trial.score is None else trial.score


def _counted(trials: list[Finished], planned: int) -> str:
    done, stopped, failed = (
        sum(trial.status == status for trial in trials) for status in ("COMPLETED", "STOPPED", "FAILED")
    )
    told = [f"{done} of {planned} trials completed"]
    told += [f"{stopped} stopped early, behind the others"] if stopped else []
    told += [f"{failed} failed"] if failed else []
    told += [f"stopped by the clock after {len(trials)} of {planned} trials"] if len(trials) < planned else []
    return ", ".join(told)


def _gain(first: Finished, best: Finished, objective: str) -> str:
    if first.status != "COMPLETED":
        return "the defaults failed"
    gain = _score(first) - _score(best)
    return f"the best {gain:.4f} below the defaults in {objective}" if gain > 0 else "none better than the defaults"
