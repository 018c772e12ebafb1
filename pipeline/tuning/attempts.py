"""Trials under way, each in a process of its own: memory is given back, and one that dies is only a trial that failed.

The process that asks must have imported TensorFlow and never worked with it, for the others are forked from it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Protocol

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from pipeline import exits
from pipeline.apart import FORK, end_with_parent
from pipeline.errors import DiskError
from pipeline.tuning.oracle import LOSS, ended

SECONDS = 1.0
"""How long is waited before the clock is looked at, or an oracle asked again."""


@dataclass(frozen=True)
class Epoch:
    """What a trial tells after each epoch."""

    loss: float


@dataclass(frozen=True)
class Ended:
    """What a trial tells last.

    Attributes:
        failed: why it failed; None where it did not.
        refused: what the disk refused, which is no fault of the trial.
    """

    failed: str | None = None
    refused: str | None = None


Tell = Callable[[Epoch | Ended], None]


class Work(Protocol):
    """What a trial does."""

    def __call__(self, trial: Trial, others: list[Trial], tell: Tell) -> None:
        """Do it, in a process of its own; the others are those that were completed before."""

    def forget(self, trial: Trial) -> None:
        """Remove what is kept to go on from: the trial has ended."""


class Attempt:
    """A trial under way."""

    def __init__(self, trial: Trial, others: list[Trial], work: Work) -> None:
        self.trial, self._work = trial, work
        self.hears, tells = FORK.Pipe(duplex=False)
        self._process = FORK.Process(target=_begin, args=(work, trial, others, tells), daemon=True)
        self._process.start()
        tells.close()
        self._epochs = 0

    def hear(self, oracle: keras_tuner.Oracle) -> bool:
        """Tell the oracle what the trial told, or that its process died; whether it has ended.

        Raises:
            DiskError: the disk refused the trial's work.
        """
        try:
            told: Epoch | Ended = self.hears.recv()
        except EOFError:
            self._process.join()
            told = Ended(failed=f"Its process ended with {exits.why(self._process.exitcode or 0)}.")
        if isinstance(told, Epoch):
            oracle.update_trial(self.trial.trial_id, {LOSS: told.loss}, self._epochs)
            self._epochs += 1
            return False
        self.end()
        if told.refused:
            raise DiskError(told.refused)
        oracle.end_trial(ended(self.trial, TrialStatus.FAILED if told.failed else TrialStatus.COMPLETED, told.failed))
        self._work.forget(self.trial)
        return True

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.hears.close()


def run(oracle: keras_tuner.Oracle, workers: list[str], work: Work, is_over: Callable[[], bool]) -> int:
    """Run what the oracle proposes, one trial at a time for each worker, until it proposes no more; how many ended.

    Trials that are under way when the time is over are left off, but for the first of all.
    """
    running: dict[str, Attempt] = {}
    waiting, count = list(workers), 0
    try:
        while waiting or running:
            for worker in [name for name in waiting if name not in running]:
                trial = oracle.create_trial(worker)
                if trial.status == TrialStatus.STOPPED:
                    waiting.remove(worker)
                elif trial.status == TrialStatus.RUNNING:
                    running[worker] = Attempt(trial, _completed(oracle), work)
            _wait(running, waiting)
            for worker, attempt in list(running.items()):
                if attempt.hears.poll() and attempt.hear(oracle):
                    del running[worker]
                    count += 1
            if is_over():
                waiting.clear()  # an oracle would propose what was left off again
                for worker in [name for name, attempt in running.items() if int(attempt.trial.trial_id)]:
                    running.pop(worker).end()
    finally:
        for attempt in running.values():
            attempt.end()
    return count


def _wait(running: dict[str, Attempt], waiting: list[str]) -> None:
    """Wait until a trial tells something, or for a while; where nothing is waited for, not at all."""
    if running:
        connection.wait([attempt.hears for attempt in running.values()], SECONDS)
    elif waiting:
        time.sleep(SECONDS)  # for trials of workers elsewhere


def _completed(oracle: keras_tuner.Oracle) -> list[Trial]:
    """The trials that the oracle has taken in: of a round, those of the rounds before."""
    trials = oracle.get_best_trials(oracle.max_trials)
    return [trial for trial in trials if trial.status == TrialStatus.COMPLETED]


def _begin(work: Work, trial: Trial, others: list[Trial], tells: Connection) -> None:
    end_with_parent()
    work(trial, others, tells.send)
