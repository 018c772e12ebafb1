"""Categories, embedded."""

from typing import Any

import keras
import numpy as np
from keras import ops

from pipeline.encoding import UNKNOWN, Encoding


class EmbedCategories(keras.layers.Layer):  # type: ignore[misc]
    """[rows, m] of codes -> [rows, m * width]: one table holds the levels of all categories, one after the other.

    Missing and unknown are levels like others. In training a share of all codes is forgotten: they become unknown, so
    that the unknown learns what to say, and levels that came a few times, as most of thousands do, are not leaned on.
    """

    def __init__(self, encoding: Encoding, width: int, forget: float, seed: int) -> None:
        super().__init__()
        self.forget, self.random = forget, keras.random.SeedGenerator(seed)
        sizes = [category.codes for category in encoding.categories]
        self.offsets = np.cumsum([0, *sizes[:-1]]).astype("int32")
        self.levels, self.width = sum(sizes), width

    def build(self, shape: tuple[int, ...]) -> None:  # noqa: ARG002 - Keras's signature
        normal = keras.initializers.RandomNormal(0.0, 1.0)
        self.table = self.add_weight((self.levels, self.width), normal, name="table")

    def call(self, codes: Any, training: bool = False) -> Any:
        if training:
            forgotten = keras.random.uniform(ops.shape(codes), seed=self.random) < self.forget
            codes = ops.where(forgotten, UNKNOWN, codes)
        return ops.reshape(ops.take(self.table, codes + self.offsets, axis=0), (-1, len(self.offsets) * self.width))

    def blocks(self) -> list[int]:
        """How many outputs in a row tell of the same."""
        return [self.width] * len(self.offsets)
