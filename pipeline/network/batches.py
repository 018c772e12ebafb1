"""Encoded rows in batches, read from disk as they are needed."""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from pipeline.arrays import Arrays
from pipeline.encoding import Target

BATCH, SMALLEST_BATCH = 1024, 32
STEPS = 64
"""The least steps of an epoch: a small table has smaller batches, and is passed over several times."""
MOST_EPOCHS, SEEN = 40, 500_000


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of encoded rows; to learn from, and shuffled, if ``seed`` is given.

    Then all have the same size, an epoch has at least ``STEPS`` of them, and leaves out the few rows that fill none.
    """

    def __init__(self, arrays: Arrays, target: Target, seed: int | None = None) -> None:
        super().__init__()
        self.arrays, self.target = arrays, target
        self.random = None if seed is None else np.random.default_rng(seed)
        rows = len(arrays)
        self.size, self.count = BATCH, max(1, math.ceil(rows / BATCH))
        self.order = np.arange(rows, dtype=np.int32)
        if self.random is not None:
            self.size = min(BATCH, max(SMALLEST_BATCH, 2 ** (max(1, rows // STEPS).bit_length() - 1)))
            self.count = max(STEPS, rows // self.size)
            self.order = np.tile(self.order, math.ceil(self.count * self.size / max(1, rows)))
        self.on_epoch_end()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Any:
        rows = self.order[number * self.size : (number + 1) * self.size]
        taken = self.arrays.take(rows)
        return (taken.numbers, taken.categories), standardised(taken.target, self.target)

    def on_epoch_end(self) -> None:
        if self.random is not None:
            self.random.shuffle(self.order)


def epochs_for(rows: int) -> int:
    """How many epochs so many rows are learned from: until ``SEEN`` rows were seen."""
    return max(1, min(MOST_EPOCHS, round(SEEN / rows)))


def standardised(values: npt.NDArray[np.float32], target: Target) -> npt.NDArray[np.float32]:
    """What the network learns: a number in standard deviations from the mean, any other answer as it is."""
    if target.mean is None or target.scale is None:
        return values
    return (values - np.float32(target.mean)) / np.float32(target.scale)
