"""The contest: finalists of a search learn side by side, and what comes to the lowest validation loss is the model."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline import apart, whole
from pipeline.arrays import Arrays
from pipeline.checkpoint import Checkpoint
from pipeline.encoding import Encoding, Target
from pipeline.errors import DataError
from pipeline.hyperparameters import Hyperparameters
from pipeline.network import Batches, build, compile_for, epochs_for, prepare, standardised
from pipeline.progress import track

BEST = "best.npz"
LOST, IN_A_ROW = 1.25, 3
"""Learning ends where the validation loss is so many times that of who knows nothing, in so many epochs."""
History = dict[str, list[float]]
"""Losses by epoch: of training (``loss``) and of validation (``val_loss``)."""


@dataclass(frozen=True)
class Finalist:
    """Hyperparameters that learn from the whole training split for so many epochs, and the trial that had them.

    Attributes:
        score: the lowest validation loss of the trial.
    """

    trial: str
    chosen: Hyperparameters
    epochs: int
    score: float

    @property
    def name(self) -> str:
        """Of its working folder."""
        return f"trial-{self.trial}-of-{self.epochs}"


def finalists(tuned: Mapping[str, Any], rows: int, epochs: int | None) -> tuple[list[Finalist], Finalist | None]:
    """The best trial of a search and the defaults, both for the whole length; and the best for as long as it learned.

    Trials are short, and so flatter what learns fast. But some tables are learned by heart in the whole length, and for
    these there is the third. There is none where ``epochs`` are given: then all learn for these.
    """
    trials = {trial["id"]: trial for trial in tuned["trials"]}
    first, best = tuned["trials"][0], trials[tuned["best"]]
    whole_length, short = epochs or epochs_for(rows), len(best["curve"])

    def finalist(trial: Mapping[str, Any], length: int) -> Finalist:
        return Finalist(trial["id"], Hyperparameters(**trial["hyperparameters"]), length, trial["score"])

    two = [best] if first is best or first["status"] != "COMPLETED" else [best, first]
    as_it_was = finalist(best, short) if not epochs and short < whole_length else None
    return [finalist(trial, whole_length) for trial in two], as_it_was


def hold(
    contest: Sequence[Finalist],
    as_it_was: Finalist | None,
    known: Encoding,
    training: Arrays,
    validation: Arrays,
    seed: int,
    folder: Path,
) -> tuple[Finalist, dict[str, Any]]:
    """Let the finalists learn, each in a process of its own: the best one, and how it and the others learned.

    Where none comes to the loss that the best trial came to in the search, that learns ``as_it_was``. The weights of
    each are left in ``folder``, under its name. This process has done nothing before, and so what is made here of the
    best shows nowhere how often it was killed, or what learned beside it.

    Raises:
        StageError: a process died.
        DataError: the validation loss of none is finite in any epoch.
    """

    def learned(some: Sequence[Finalist]) -> list[History]:
        threads = apart.share(len(some))

        def learn(one: Finalist, tell: apart.Tell) -> History:
            prepare(seed, threads)
            model = build(known, one.chosen, seed)
            return fit(model, known.target, one.chosen, training, validation, one.epochs, seed, folder / one.name, tell)

        with track("training", sum(one.epochs for one in some)) as advance:
            return apart.done([partial(learn, one) for one in some], lambda told: advance(*told))

    found = learned(contest)
    if as_it_was and min(map(lowest, found)) > as_it_was.score:
        contest, found = [*contest, as_it_was], [*found, *learned([as_it_was])]
    return winner(contest, found)


def lowest(history: History) -> float:
    """The lowest validation loss, infinite where none is finite."""
    return min(filter(math.isfinite, history["val_loss"]), default=math.inf)


def winner(contest: Sequence[Finalist], learned: Sequence[History]) -> tuple[Finalist, dict[str, Any]]:
    """The finalist whose validation loss came to be the lowest, and how it learned, and how low that of each came.

    Raises:
        DataError: the validation loss of none is finite in any epoch.
    """
    losses = [lowest(history) for history in learned]
    best = losses.index(min(losses))
    if not math.isfinite(losses[best]):
        raise DataError(
            "The validation loss must be a finite number in some epoch, and is none. "
            "Look for values out of all proportion: give columns and target a range."
        )
    curves = zip(learned[best]["loss"], learned[best]["val_loss"], strict=True)
    return contest[best], {
        "trial": contest[best].trial,
        "hyperparameters": contest[best].chosen.as_dict(),
        "finalists": [
            {"trial": one.trial, "epochs": one.epochs, "val_loss": loss if math.isfinite(loss) else None}
            for one, loss in zip(contest, losses, strict=True)
        ],
        "best_epoch": learned[best]["val_loss"].index(losses[best]),
        "epochs": [{"loss": loss, "val_loss": val_loss} for loss, val_loss in curves],
    }


def fit(
    model: keras.Model,
    target: Target,
    chosen: Hyperparameters,
    training: Arrays,
    validation: Arrays,
    epochs: int,
    seed: int,
    folder: Path,
    tell: apart.Tell,
) -> History:
    """Train, and leave the weights of the epoch with the lowest validation loss in ``folder``; the losses by epoch.

    It ends early where it has gone by heart. What a process that was killed has left in ``folder`` is gone on from, and
    the result is the same. ``tell`` is given how many more epochs are done, and their losses as text.
    """
    batches = Batches(training, target, seed)
    compile_for(model, target, chosen, len(batches) * epochs)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(folder / "checkpoint.npz")
    history = checkpoint.history
    best = Best(folder / BEST, history)
    done = checkpoint.resume(model)
    batches.skip(done)
    tell((done, ""))
    by_heart = ByHeart(history, knows_nothing(validation, target))
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda _, logs: tell((1, f"loss {logs['loss']:.4f}, validation {logs['val_loss']:.4f}"))
    )
    if not by_heart.found:
        model.fit(
            batches.dataset(),
            validation_data=Batches(validation, target).dataset(),
            initial_epoch=done,
            epochs=epochs,
            shuffle=False,  # the batches come shuffled
            verbose=0,
            callbacks=[best, checkpoint, told, by_heart],
        )
    tell((epochs - len(history["loss"]), ""))
    return history


class Best(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights of the epoch with the lowest validation loss in ``path``; ``history`` has the epochs before."""

    def __init__(self, path: Path, history: dict[str, list[float]]) -> None:
        super().__init__()
        self.path, self.history = path, history

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 - as Keras calls it
        if logs["val_loss"] < min(filter(math.isfinite, self.history["val_loss"]), default=math.inf):
            file = io.BytesIO()
            np.savez(file, *self.model.get_weights())
            whole.write(self.path, file.getvalue())


class ByHeart(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends learning that knows the rows of training ever better, and answers others far worse than who knows nothing.

    ``history`` has the losses of every epoch, and ``nothing`` is the loss of who knows nothing.
    """

    def __init__(self, history: dict[str, list[float]], nothing: float) -> None:
        super().__init__()
        self.history, self.nothing = history, nothing

    @property
    def found(self) -> bool:
        """Whether the last epochs were learned by heart."""
        last = [*zip(self.history["loss"], self.history["val_loss"], strict=True)][-IN_A_ROW:]
        lost = [loss < self.nothing and val_loss > LOST * self.nothing for loss, val_loss in last]
        return len(lost) == IN_A_ROW and all(lost)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 - as Keras calls it
        self.model.stop_training = self.found


def knows_nothing(validation: Arrays, target: Target) -> float:
    """The loss of who answers each row with the shares of training, or with its mean."""
    answers = np.asarray(validation.target)
    if target.task == "regression":
        return float(np.square(standardised(answers, target)).mean())
    shares = np.array(target.shares if target.classes else (1 - target.shares[0], target.shares[0]))
    return float(-np.log(shares[answers[answers >= 0].astype("int64")]).mean())


def restore(model: keras.Model, folder: Path) -> None:
    """Give the model the weights that training left in ``folder``."""
    with np.load(folder / BEST, allow_pickle=False) as kept:
        model.set_weights([kept[name] for name in kept.files])
