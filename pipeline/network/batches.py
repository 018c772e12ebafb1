"""Encoded rows in batches, read from disk by tf.data as they are needed."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pipeline.arrays import Arrays
from pipeline.encoding import Target

BATCH, SMALLEST_BATCH = 1024, 32
STEPS, LEAST_STEPS = 64, 16
"""A small table has batches so small that an epoch has 64 steps, or is passed over several times for it to have 16."""
MOST_EPOCHS, SEEN = 40, 500_000
AHEAD = 2
"""How many batches are made ready."""


class Batches:
    """Batches of encoded rows; to learn from, and shuffled anew for each epoch, if ``seed`` is given.

    Then all have the same size, an epoch has at least ``LEAST_STEPS`` of them, and leaves out the few that fill none.
    """

    def __init__(self, arrays: Arrays, target: Target, seed: int | None = None) -> None:
        self.arrays, self.target = arrays, target
        self.random = None if seed is None else np.random.default_rng(seed)
        rows = len(arrays)
        self.size, self.count = BATCH, max(1, math.ceil(rows / BATCH))
        self.order = np.arange(rows, dtype=np.int32)
        if self.random is not None:
            self.size = min(BATCH, max(SMALLEST_BATCH, 2 ** (max(1, rows // STEPS).bit_length() - 1)))
            self.count = max(LEAST_STEPS, rows // self.size)
            self.order = np.tile(self.order, math.ceil(self.count * self.size / max(1, rows)))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        """The inputs of the network and the answers, batch by batch."""
        self.skip(1)
        for first in range(0, self.count * self.size, self.size):
            taken = self.arrays.take(self.order[first : first + self.size])
            yield (taken.numbers, taken.categories), standardised(taken.target, self.target)

    def skip(self, epochs: int) -> None:
        """Leave out so many epochs: the next one has the order that comes after theirs."""
        if self.random is not None:
            for _ in range(epochs):
                self.random.shuffle(self.order)

    def dataset(self) -> tf.data.Dataset:
        """The batches of an epoch each time that it is gone through, made ready while those before are learned from."""
        numbers, categories = self.arrays.numbers.shape[1], self.arrays.categories.shape[1]
        kinds = (
            (tf.TensorSpec((None, numbers), "float32"), tf.TensorSpec((None, categories), "int32")),
            tf.TensorSpec((None,), "float32"),
        )
        made = tf.data.Dataset.from_generator(lambda: iter(self), output_signature=kinds)
        plain = tf.data.Options()
        plain.autotune.enabled = False  # nothing is left to it, and to end its thread may take most of a minute
        return made.apply(tf.data.experimental.assert_cardinality(self.count)).prefetch(AHEAD).with_options(plain)


def epochs_for(rows: int) -> int:
    """How many epochs so many rows are learned from: until ``SEEN`` rows were seen."""
    return max(1, min(MOST_EPOCHS, round(SEEN / rows)))


def trial_epochs_for(rows: int) -> int:
    """How many epochs a trial learns for: a quarter of what it would learn for in the end, and four at least."""
    return max(4, epochs_for(rows) // 4)


def standardised(values: npt.NDArray[np.float32], target: Target) -> npt.NDArray[np.float32]:
    """What the network learns: a number in standard deviations from the mean, any other answer as it is."""
    if target.mean is None or target.scale is None:
        return values
    return (values - np.float32(target.mean)) / np.float32(target.scale)
