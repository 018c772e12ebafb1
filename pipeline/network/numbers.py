"""Numbers, embedded: each by itself, as the sum of a piecewise-linear and a periodic function of it."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from pipeline.encoding import Number

FREQUENCIES = 16
CLIP = 3.0


class EmbedNumbers(keras.layers.Layer):  # type: ignore[misc]
    """[rows, n] with NaN for missing -> [rows, n * (width + 1) + those that may be missing].

    Of each number there is itself, scaled by the quartiles and smoothly clipped (Holzmüller et al. 2024, "Better by
    Default"), and ``width`` functions of it: piecewise-linear ones between quantiles, which follow steps and spikes as
    trees do, and sums of waves (PLE and PLR of Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular
    Deep Learning").
    """

    def __init__(self, of: Sequence[Number], width: int, frequency: float) -> None:
        super().__init__()
        self.width, self.frequency = width, frequency
        self.median = np.array([number.median for number in of], "float32")
        self.scale = np.array([number.scale for number in of], "float32")
        self.may_miss = [place for place, number in enumerate(of) if number.missing]
        edges = [np.array(number.edges, "float32") for number in of]
        self.bins = max(len(one) - 1 for one in edges)
        self.first = np.array([_filled(one[:-1], self.bins) for one in edges])
        self.slope = np.array([_filled(1.0 / np.diff(one), self.bins) for one in edges])

    def build(self, shape: tuple[int, ...]) -> None:
        count = shape[-1]
        normal = keras.initializers.RandomNormal
        phase = keras.initializers.RandomUniform(-math.pi, math.pi)
        self.steps = self.add_weight((count, self.bins, self.width), normal(0.0, 0.3), name="steps")
        self.frequencies = self.add_weight((count, FREQUENCIES), normal(0.0, self.frequency), name="frequencies")
        self.phases = self.add_weight((count, FREQUENCIES), phase, name="phases")
        self.mix = self.add_weight((count, FREQUENCIES, self.width), normal(0.0, 1.0), name="mix")
        self.shift = self.add_weight((count, self.width), "zeros", name="shift")

    def call(self, numbers: Any) -> Any:
        missing = ops.isnan(numbers)
        known = ops.where(missing, self.median, numbers)
        scaled = (known - self.median) / self.scale
        clipped = scaled / ops.sqrt(1.0 + ops.square(scaled / CLIP))
        climbed = ops.clip((known[:, :, None] - self.first) * self.slope, 0.0, 1.0)
        waves = ops.cos(2.0 * math.pi * clipped[:, :, None] * self.frequencies + self.phases)
        embedded = _each(climbed, self.steps) + _each(waves, self.mix) / math.sqrt(FREQUENCIES) + self.shift
        parts = [clipped, ops.reshape(embedded, (-1, len(self.median) * self.width))]
        if self.may_miss:
            parts.append(ops.take(ops.cast(missing, "float32"), self.may_miss, axis=1))
        return ops.concatenate(parts, axis=1)

    def blocks(self) -> list[int]:
        """How many outputs in a row tell of the same."""
        return [1] * len(self.median) + [self.width] * len(self.median) + [1] * len(self.may_miss)


def _each(values: Any, weights: Any) -> Any:
    """[rows, n, a] by [n, a, b] -> [rows, n, b]: each of the n by its own weights."""
    return ops.transpose(ops.matmul(ops.transpose(values, (1, 0, 2)), weights), (1, 0, 2))


def _filled(values: npt.NDArray[np.floating[Any]], count: int) -> npt.NDArray[np.float32]:
    """With zeros for the bins that only other numbers have: nothing climbs there."""
    return np.append(values, np.zeros(count - len(values), "float32")).astype("float32")
