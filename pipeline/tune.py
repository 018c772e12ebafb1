"""Tune: look for hyperparameters with Keras Tuner, the strong defaults first."""

import json
from dataclasses import replace
from pathlib import Path

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from pipeline import apart, arrays, encoding, working
from pipeline.errors import DataError
from pipeline.hyperparameters import space
from pipeline.job import Job, Outcome
from pipeline.network import trial_epochs_for
from pipeline.problem import Search
from pipeline.progress import track
from pipeline.tuning import attempts, distributed
from pipeline.tuning.journal import CLOCK, Finished
from pipeline.tuning.oracle import SEARCH, Oracle
from pipeline.tuning.trial import CHECKPOINTS, Lesson

OBJECTIVES = {
    "binary": "validation log loss",
    "multiclass": "validation log loss",
    "regression": "validation squared error (in variances)",
}
TRIALS = "trials"
KERAS_TUNER = "keras_tuner"


def tune(job: Job) -> Outcome:
    """Write ``trials.json``: every trial, and which is the best.

    Raises:
        DataError: no trial was completed.
    """
    search, encoded = job.problem.search, job.inputs["encoded"]
    lesson = lesson_of(encoded, search, job.problem.seed, working.folder(job.data, job.final))
    trials = run_trials(lesson, search, job.final.name)
    best = best_of(trials)
    objective = OBJECTIVES[lesson.known.target.task]
    found = {
        "objective": objective,
        "best": best.id,
        "trials": [trial.model_dump(exclude={"seconds"}) for trial in trials],
    }
    (job.output / "trials.json").write_text(json.dumps(found, indent=1) + "\n")
    notes = [f"{_counted(trials, search.trials)}, {_gain(trials[0], best, objective)}"]
    for name, drawn in (("train", lesson.train), ("validation", lesson.validation)):
        every = arrays.read(encoded / name)
        if len(drawn) < len(every):
            notes.append(f"drawn at random: {len(drawn):,} of {len(every):,} rows of {name}")
    measured = {trial.id: trial.seconds for trial in trials}
    if (ended := _ended(trials)) < search.trials:
        measured["trials before the clock stopped it"] = ended
    return Outcome(rows_in=len(lesson.train), notes=notes, measured=measured)


def take_part(encoded: Path, search: Search, seed: int, folder: Path) -> int:
    """Run trials for a search elsewhere, which is called as the folder is; how many they were.

    Raises:
        StageError: there is no such search.
    """
    return distributed.take_part(folder.name, search.trials, lesson_of(encoded, search, seed, folder), folder)


def lesson_of(encoded: Path, search: Search, seed: int, folder: Path) -> Lesson:
    """What every trial of a search learns from."""
    train, validation = (arrays.read(encoded / name).sample(search.rows, seed) for name in ("train", "validation"))
    for name in (TRIALS, CHECKPOINTS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    epochs = search.epochs or trial_epochs_for(len(train))
    return Lesson(encoding.read(encoded), train, validation, epochs, seed, folder)


def run_trials(lesson: Lesson, search: Search, key: str) -> list[Finished]:
    """Every trial that began, the first with the defaults; those that ended in a run before are taken from there."""
    values, is_chief = keras_tuner.HyperParameters(), distributed.is_chief()
    space(values, lesson.known.target.task)
    if is_chief:
        values.Fixed(SEARCH, key)
    with track("tuning", search.trials * lesson.epochs) as advance:
        oracle = Oracle(values, search, lesson.epochs, lesson.seed, lesson.folder / TRIALS, advance)
        tuner = BaseTuner(oracle, directory=str(lesson.folder), project_name=KERAS_TUNER, overwrite=True)
        if is_chief:
            tuner.search(verbose=0)
        else:
            names = [f"tuner{number}" for number in range(search.workers)]
            attempts.run(oracle, names, replace(lesson, threads=apart.share(search.workers)), oracle.is_over)
    trials = oracle.finished | oracle.left_off()
    return [trials[trial] for trial in sorted(trials)]


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


def _ended(trials: list[Finished]) -> int:
    return sum(trial.status != CLOCK for trial in trials)


def _counted(trials: list[Finished], planned: int) -> str:
    done, stopped, failed = (
        sum(trial.status == status for trial in trials) for status in ("COMPLETED", "STOPPED", "FAILED")
    )
    told = [f"{done} of {planned} trials completed"]
    told += [f"{stopped} stopped early, behind the others"] if stopped else []
    told += [f"{failed} failed"] if failed else []
    ended = _ended(trials)
    told += [f"stopped by the clock after {ended} of {planned} trials"] if ended < planned else []
    return ", ".join(told)


def _gain(first: Finished, best: Finished, objective: str) -> str:
    if first.status != "COMPLETED":
        return "the defaults failed"
    gain = _score(first) - _score(best)
    return f"the best {gain:.4f} below the defaults in {objective}" if gain > 0 else "none better than the defaults"
