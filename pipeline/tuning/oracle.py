"""Which hyperparameters are tried: Keras Tuner's Bayesian optimization, from the defaults on, in rounds."""

import time
import warnings
from pathlib import Path
from typing import Any, Literal

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from pipeline.problem import Search
from pipeline.progress import Advance
from pipeline.tuning import journal
from pipeline.tuning.journal import CLOCK, Finished

LOSS = "val_loss"
SEARCH = "search"
"""What the digest of the search is called in a space that workers elsewhere see."""
RANDOM = 2
"""Trials before the oracle's own model has something to go by."""


class Oracle(keras_tuner.oracles.BayesianOptimizationOracle):  # type: ignore[misc]
    """Proposes trials in rounds, as many to a round as there are workers; the first of all is the defaults.

    What a round proposes depends on the seed and on the rounds before, and not on the order in which trials end: a
    round is taken in when all of it has ended, and until then who asks for more waits. Each trial that ends is noted
    down in ``folder``; one that was noted down before is not run, but told again.

    Args:
        epochs: of a trial that is not stopped.

    Attributes:
        finished: the trials that have ended, by id.
    """

    def __init__(
        self,
        space: keras_tuner.HyperParameters,
        search: Search,
        epochs: int,
        seed: int,
        folder: Path,
        advance: Advance,
    ) -> None:
        super().__init__(
            objective=keras_tuner.Objective(LOSS, "min"),
            max_trials=search.trials,
            num_initial_points=RANDOM,
            seed=seed + 1,  # 0 would be none
            hyperparameters=space,
            max_consecutive_failed_trials=search.trials + 1,  # we tell it ourselves, with what went wrong
        )
        self.verbose = 0
        self._search, self._epochs, self._folder, self._advance = search, epochs, folder, advance
        self._known = journal.read(folder)
        self._spent = sum(trial.seconds for trial in self._known.values()) / search.workers
        self._began, self._begun = time.monotonic(), dict[str, float]()
        self._ended: dict[str, Trial] = {}
        self._stopped = False
        self.finished: dict[str, Finished] = {}

    def is_over(self) -> bool:
        """Whether the time is over that was given, by the trials before this run too."""
        return self._spent + time.monotonic() - self._began > 60 * self._search.minutes

    @keras_tuner.synchronized  # type: ignore[untyped-decorator]
    def create_trial(self, tuner_id: str) -> Trial:
        """The next trial; its status may also tell to wait (IDLE), or that there is none (STOPPED)."""
        trial = super().create_trial(tuner_id)
        while trial.status == TrialStatus.RUNNING and trial.trial_id in self._known:
            self._tell_again(trial)
            trial = super().create_trial(tuner_id)
        self._begun.setdefault(trial.trial_id, time.monotonic())
        return trial

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The hyperparameters of a new trial."""
        chosen = self._choose(trial_id)
        if chosen["status"] == TrialStatus.STOPPED:
            self._stopped = True
            self._take_in()
        return chosen

    def _choose(self, trial_id: str) -> dict[str, Any]:
        started = len(self.start_order)
        if not started:
            return {"status": TrialStatus.RUNNING, "values": self.hyperparameters.values}
        if self.is_over():
            return {"status": TrialStatus.STOPPED}
        if started % self._search.workers == 0 and len(self.end_order) < started:
            return {"status": TrialStatus.IDLE}
        with warnings.catch_warnings(), threadpool_limits(1):  # threads wait for each other longer than they work
            warnings.simplefilter("ignore", ConvergenceWarning)  # the oracle's own model has few trials to fit
            chosen: dict[str, Any] = super().populate_space(trial_id)
        if chosen["values"] and self._duplicate(chosen["values"]):  # it would come to the same
            chosen = self._random_populate_space()
        return chosen

    @keras_tuner.synchronized  # type: ignore[untyped-decorator]
    def update_trial(self, trial_id: str, metrics: dict[str, float], step: int = 0) -> Trial:
        """Take note of an epoch, which is called ``step``."""
        told = len(self._curve(trial_id))
        trial = super().update_trial(trial_id, metrics, step)
        self._advance(len(self._curve(trial_id)) - told, f"trial {trial_id}, loss {metrics[LOSS]:.4f}")
        return trial

    @keras_tuner.synchronized  # type: ignore[untyped-decorator]
    def end_trial(self, trial: Trial) -> None:
        """Note the trial down, and take in its round if it was the last of it."""
        ended = self._known.get(trial.trial_id) or self._finished(trial)
        if trial.trial_id not in self._known:
            journal.write(self._folder, ended)
        self.finished[ended.id] = ended
        self._advance(self._epochs - len(ended.curve))
        self._ended[ended.id] = trial
        for worker, its in list(self.ongoing_trials.items()):
            if its.trial_id == ended.id:  # the worker is free for another
                self.ongoing_trials[f"ended {ended.id}"] = self.ongoing_trials.pop(worker)
        self._take_in()

    def _take_in(self) -> None:
        started = len(self.start_order)
        full = self._stopped or started == self.max_trials or started % self._search.workers == 0
        if full and len(self._ended) + len(self.end_order) == started:
            for trial in sorted(self._ended):
                super().end_trial(self._ended.pop(trial))

    def _tell_again(self, trial: Trial) -> None:
        known = self._known[trial.trial_id]
        for step, loss in enumerate(known.curve):
            self.update_trial(known.id, {LOSS: loss}, step)
        trial.hyperparameters.values = dict(known.hyperparameters)
        failed = known.status == TrialStatus.FAILED
        self.end_trial(ended(trial, TrialStatus.FAILED if failed else TrialStatus.COMPLETED, known.message))

    def left_off(self) -> dict[str, Finished]:
        """The trials that began and did not end before the time was over, by id."""
        begun = [trial for trial in self.trials.values() if trial.trial_id not in self.finished]
        return {trial.trial_id: self._finished(trial, CLOCK) for trial in begun}

    def _finished(
        self, trial: Trial, before_its_end: Literal["STOPPED", "STOPPED BY THE CLOCK"] = "STOPPED"
    ) -> Finished:
        curve, failed = self._curve(trial.trial_id), trial.status == TrialStatus.FAILED
        completed = not failed and len(curve) == self._epochs
        return Finished(
            id=trial.trial_id,
            status="COMPLETED" if completed else "FAILED" if failed else before_its_end,
            score=min(curve) if completed else None,
            message=trial.message or ("It failed on a worker, whose log tells why." if failed else None),
            hyperparameters={name: value for name, value in trial.hyperparameters.values.items() if name != SEARCH},
            curve=curve,
            seconds=round(time.monotonic() - self._begun[trial.trial_id], 1),
        )

    def _curve(self, trial_id: str) -> list[float]:
        return curve(self.trials[trial_id])


def curve(trial: Trial) -> list[float]:
    """The validation loss after each epoch that is known."""
    return [float(told.mean()) for told in trial.metrics.get_history(LOSS)] if trial.metrics.exists(LOSS) else []


def ended(trial: Trial, status: str, message: str | None = None) -> Trial:
    """The trial as its end is told to an oracle."""
    return Trial(trial.hyperparameters, trial.trial_id, status, message)
