"""One trial: the network learns with some hyperparameters, as long as it keeps up with the trials before it."""

import math
import shutil
import statistics
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras_tuner.engine.trial import Trial
from tensorboard.plugins.hparams import api as hparams

from pipeline import disk, working
from pipeline.arrays import Arrays
from pipeline.checkpoint import Checkpoint
from pipeline.encoding import Encoding
from pipeline.errors import DataError
from pipeline.hyperparameters import Hyperparameters, space
from pipeline.network import Batches, build, compile_for, prepare
from pipeline.tuning.attempts import Ended, Epoch, Tell
from pipeline.tuning.oracle import LOSS, curve

CHECKPOINTS = "checkpoints"
GRACE = 1 / 2
"""The share of the epochs in which no trial is held to have fallen behind."""
ENOUGH = 2
"""How many trials must have come as far, for another to have fallen behind them."""


@dataclass(frozen=True)
class Lesson:
    """What every trial learns from and is judged by, and the folder of the search.

    The seed is the same for all, so that trials differ by their hyperparameters and not by their luck.
    """

    known: Encoding
    train: Arrays
    validation: Arrays
    epochs: int
    seed: int
    folder: Path
    threads: int | None = None
    """Of the processors; None for as many as there are."""

    def __call__(self, trial: Trial, others: list[Trial], tell: Tell) -> None:
        """Learn, and tell each epoch and how it ended."""
        try:
            self.learn(trial, [curve(other) for other in others], tell)
        except Exception as error:  # whatever it is, only this trial fails
            refused = disk.fault(error, self.folder)
            if not (refused or isinstance(error, DataError)):
                traceback.print_exc()
            tell(Ended(failed=f"{type(error).__name__}: {error}", refused=refused))
        else:
            tell(Ended())

    def learn(self, trial: Trial, others: list[list[float]], tell: Tell) -> None:
        """Learn from where a process that was killed left off.

        Raises:
            DataError: the validation loss is no finite number.
        """
        prepare(self.seed, self.threads)
        target = self.known.target
        chosen = space(trial.hyperparameters, target.task)
        model, batches = build(self.known, chosen, self.seed), Batches(self.train, target, self.seed)
        compile_for(model, target, chosen, len(batches) * self.epochs)
        checkpoint = Checkpoint(self._checkpoint(trial))
        judge = Judge(others, self.epochs, tell)
        done = checkpoint.resume(model)
        batches.skip(done)
        for loss in checkpoint.history[LOSS]:
            judge.hear(loss)
        if done < self.epochs and not judge.stops:
            model.fit(
                batches.dataset(),
                validation_data=Batches(self.validation, target).dataset(),
                initial_epoch=done,
                epochs=self.epochs,
                shuffle=False,  # the batches come shuffled
                verbose=0,
                callbacks=[checkpoint, judge, *self._shown(trial, chosen, anew=not done)],
            )

    def forget(self, trial: Trial) -> None:
        """Remove the checkpoint of a trial that has ended."""
        self._checkpoint(trial).unlink(missing_ok=True)

    def _checkpoint(self, trial: Trial) -> Path:
        return self.folder / CHECKPOINTS / f"{trial.trial_id}.npz"

    def _shown(self, trial: Trial, chosen: Hyperparameters, *, anew: bool) -> list[Any]:
        """What shows the trial in TensorBoard, in the folders that Keras Tuner would give it."""
        folder = self.folder / working.TENSORBOARD / trial.trial_id
        if anew:
            shutil.rmtree(folder, ignore_errors=True)
        execution = str(folder / "execution0")
        return [
            keras.callbacks.TensorBoard(execution, write_graph=False),
            hparams.KerasCallback(execution, chosen.as_dict(), trial_id=trial.trial_id),
        ]


class Judge(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells each epoch, and stops what can't be the best.

    That is the median stopping rule of Golovin et al. 2017, "Google Vizier: A Service for Black-Box Optimization": a
    trial is stopped where its lowest loss is above the median of the others' mean losses up to the same epoch.
    """

    def __init__(self, others: list[list[float]], epochs: int, tell: Tell) -> None:
        super().__init__()
        self.others, self.epochs, self.tell = others, epochs, tell
        self.curve: list[float] = []

    @property
    def stops(self) -> bool:
        """Whether the trial has fallen behind."""
        epoch = len(self.curve)
        others = [other[:epoch] for other in self.others if len(other) >= epoch]
        if epoch <= GRACE * self.epochs or len(others) < ENOUGH:
            return False
        return min(self.curve) > statistics.median(map(statistics.fmean, others))

    def hear(self, loss: float) -> None:
        """Take note of an epoch's loss.

        Raises:
            DataError: it is no finite number.
        """
        if not math.isfinite(loss):
            raise DataError(f"The validation loss must be a finite number, and is {loss}.")
        self.curve.append(loss)
        self.tell(Epoch(loss))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 - as Keras calls it
        self.hear(float(logs[LOSS]))
        self.model.stop_training = self.stops
