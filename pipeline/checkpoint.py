"""Checkpoints: after its process was killed, learning goes on as if nothing had been.

A checkpoint is written whole after each epoch. It holds every variable of the model and of its optimizer, the states
of the random generators among them: Keras's own ``BackupAndRestore`` leaves these out, and goes on with other numbers.
"""

import io
import logging
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline import whole

log = logging.getLogger(__name__)
HISTORY = "history "
"""What the arrays of the history are called, before the name of the metric."""


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes a checkpoint to ``path`` after each epoch.

    Attributes:
        history: the metrics of every epoch by name, those before the process was killed too.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.history: dict[str, list[float]] = defaultdict(list)

    def resume(self, model: keras.Model) -> int:
        """Give a compiled model the state of the checkpoint that is there; how many epochs it has learned for.

        One that can't be read is told, and counts as none.
        """
        try:
            with np.load(self.path, allow_pickle=False) as kept:
                state = {name: kept[name] for name in kept.files}
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            log.warning("%s must be whole to go on from, and is not (%s): learning begins anew.", self.path, error)
            return 0
        for place, variable in enumerate(_variables(model)):
            variable.assign(state[str(place)])
        for name, values in state.items():
            if name.startswith(HISTORY):
                self.history[name.removeprefix(HISTORY)] = values.tolist()
        return max(map(len, self.history.values()))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as Keras calls it
        for name, value in (logs or {}).items():
            self.history[name].append(float(value))
        state: dict[str, Any] = {HISTORY + name: values for name, values in self.history.items()}
        state |= {str(place): variable.numpy() for place, variable in enumerate(_variables(self.model))}
        file = io.BytesIO()
        np.savez(file, **state)
        whole.write(self.path, file.getvalue())


def _variables(model: keras.Model) -> list[Any]:
    """All that changes while the model learns."""
    return [*model.variables, *model.optimizer.variables]
