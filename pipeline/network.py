"""The network: encoded features in; out the log-odds of yes, the logits of the classes, or a standardised number.

Numbers are imputed, scaled by median and quartiles, smoothly clipped and given a periodic embedding; categories are
embedded; a small perceptron follows. The parts are those of RealMLP (Holzmüller et al. 2024,
"Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data"): robust scaling with smooth clipping,
PBLD embeddings, SELU, a falling learning rate, the best epoch kept.
"""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from pipeline.arrays import Arrays
from pipeline.encoding import RESERVED, UNKNOWN, Encoding, Target
from pipeline.hyperparameters import Hyperparameters

BATCH, SMALLEST_BATCH = 1024, 32
STEPS = 64
"""The least steps of an epoch: a small table has smaller batches, and is passed over several times."""
UNSEEN = -1
"""The class of a row whose label training has not."""
FREQUENCIES = 16
EMBEDDED_NUMBER = 3
CLIP = 3.0


class EmbedNumbers(keras.layers.Layer):  # type: ignore[misc]
    """[rows, n] with NaN for missing -> [rows, n * (EMBEDDED_NUMBER + 1) + those that may be missing]."""

    def __init__(self, encoding: Encoding, frequency: float) -> None:
        super().__init__()
        self.median = np.array([number.median for number in encoding.numbers], "float32")
        self.scale = np.array([number.scale for number in encoding.numbers], "float32")
        self.may_miss = [place for place, number in enumerate(encoding.numbers) if number.missing]
        self.frequency = frequency

    def build(self, shape: tuple[int, ...]) -> None:
        count = shape[-1]
        normal = keras.initializers.RandomNormal
        phase = keras.initializers.RandomUniform(-math.pi, math.pi)
        self.frequencies = self.add_weight((count, FREQUENCIES), normal(0.0, self.frequency), name="frequencies")
        self.phases = self.add_weight((count, FREQUENCIES), phase, name="phases")
        self.mix = self.add_weight((count, FREQUENCIES, EMBEDDED_NUMBER), normal(0.0, 1.0), name="mix")
        self.shift = self.add_weight((count, EMBEDDED_NUMBER), "zeros", name="shift")

    def call(self, numbers: Any) -> Any:
        missing = ops.isnan(numbers)
        scaled = (ops.where(missing, self.median, numbers) - self.median) / self.scale
        clipped = scaled / ops.sqrt(1.0 + ops.square(scaled / CLIP))
        waves = ops.cos(2.0 * math.pi * clipped[:, :, None] * self.frequencies + self.phases)
        # A sum over products: the compiled form has it as one fused operation, where an einsum is several.
        embedded = ops.sum(waves[:, :, :, None] * self.mix, axis=2) / math.sqrt(FREQUENCIES) + self.shift
        width = len(self.median) * EMBEDDED_NUMBER
        parts = [clipped, ops.reshape(embedded, (-1, width))]
        if self.may_miss:
            parts.append(ops.take(ops.cast(missing, "float32"), self.may_miss, axis=1))
        return ops.concatenate(parts, axis=1)


class EmbedCategories(keras.layers.Layer):  # type: ignore[misc]
    """[rows, m] of codes -> [rows, m * width]: one table holds the levels of all categories, one after the other."""

    def __init__(self, encoding: Encoding, width: int, forget: float, seed: int) -> None:
        super().__init__()
        self.forget, self.random = forget, keras.random.SeedGenerator(seed)
        sizes = [len(category.vocabulary) + RESERVED for category in encoding.categories]
        self.offsets = np.cumsum([0, *sizes[:-1]]).astype("int32")
        self.levels, self.width = sum(sizes), width

    def build(self, shape: tuple[int, ...]) -> None:  # noqa: ARG002 - Keras's signature
        spread = keras.initializers.RandomNormal(0.0, 0.3)
        self.table = self.add_weight((self.levels, self.width), spread, name="table")

    def call(self, codes: Any, training: bool = False) -> Any:
        if training:
            forgotten = keras.random.uniform(ops.shape(codes), seed=self.random) < self.forget
            codes = ops.where(forgotten, UNKNOWN, codes)
        return ops.reshape(ops.take(self.table, codes + self.offsets, axis=0), (-1, len(self.offsets) * self.width))


def build(encoding: Encoding, chosen: Hyperparameters, seed: int) -> keras.Model:
    """The network, whose first guess is the share of each answer in training, or the mean."""
    numbers = keras.Input((len(encoding.numbers),), name="numbers")
    codes = keras.Input((len(encoding.categories),), dtype="int32", name="categories")
    parts = []
    if encoding.numbers:
        parts.append(EmbedNumbers(encoding, chosen.frequency)(numbers))
    if encoding.categories:
        parts.append(EmbedCategories(encoding, chosen.embedding, chosen.forget, seed)(codes))
    hidden = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for layer in range(chosen.depth):
        hidden = keras.layers.Dense(chosen.width, "selu", kernel_initializer="lecun_normal")(hidden)
        hidden = keras.layers.Dropout(chosen.dropout, seed=seed + layer)(hidden)
    first = _first_guess(encoding.target)
    last = keras.layers.Dense(
        len(first), kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(first)
    )
    answer = last(hidden)
    return keras.Model([numbers, codes], answer if encoding.target.task == "multiclass" else ops.squeeze(answer, 1))


def _first_guess(target: Target) -> npt.NDArray[np.float64]:
    if target.task == "regression":
        return np.zeros(1)
    shares = np.array(target.shares)
    return np.asarray(np.log(shares if target.task == "multiclass" else shares / (1 - shares)))


def _loss(target: Target) -> keras.losses.Loss:
    if target.task == "multiclass":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=UNSEEN)
    if target.task == "regression":
        return keras.losses.MeanSquaredError()
    return keras.losses.BinaryCrossentropy(from_logits=True)


def compile_for(model: keras.Model, target: Target, chosen: Hyperparameters, steps: int) -> None:
    """Give the model its loss, and an optimizer whose rate rises briefly and falls to nothing over ``steps``."""
    rate = keras.optimizers.schedules.CosineDecay(
        chosen.learning_rate / 10,
        max(1, steps - steps // 20),
        alpha=0.0,
        warmup_target=chosen.learning_rate,
        warmup_steps=max(1, steps // 20),
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.02, beta_2=0.95),
        _loss(target),
        jit_compile=False,  # it did not pay on CPUs
    )


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of encoded rows, read from disk as they are needed; to learn from, and shuffled, if ``seed`` is given.

    Then an epoch has at least ``STEPS`` batches.
    """

    def __init__(self, arrays: Arrays, target: Target, seed: int | None = None) -> None:
        super().__init__()
        self.arrays, self.target = arrays, target
        self.random = None if seed is None else np.random.default_rng(seed)
        rows = len(arrays)
        self.size = BATCH
        if self.random is not None:
            self.size = min(BATCH, max(SMALLEST_BATCH, 2 ** (max(1, rows // STEPS).bit_length() - 1)))
        passes = 1 if self.random is None else math.ceil(STEPS * self.size / max(1, rows))
        self.order = np.tile(np.arange(rows, dtype=np.int32), passes)
        self.on_epoch_end()

    def __len__(self) -> int:
        return max(1, math.ceil(len(self.order) / self.size))

    def __getitem__(self, number: int) -> Any:
        rows = self.order[number * self.size : (number + 1) * self.size]
        taken = self.arrays.take(rows)
        return (taken.numbers, taken.categories), standardised(taken.target, self.target)

    def on_epoch_end(self) -> None:
        if self.random is not None:
            self.random.shuffle(self.order)


def standardised(values: npt.NDArray[np.float32], target: Target) -> npt.NDArray[np.float32]:
    """What the network learns: a number in standard deviations from the mean, any other answer as it is."""
    if target.mean is None or target.scale is None:
        return values
    return (values - np.float32(target.mean)) / np.float32(target.scale)
