"""The network: encoded features in, the log-odds of yes out.

Numbers are imputed, scaled by median and quartiles, smoothly clipped and given a periodic embedding; categories are
embedded; a small perceptron follows. The parts are those of RealMLP (Holzmüller et al. 2024,
"Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data"): robust scaling with smooth clipping,
PBLD embeddings, SELU, a falling learning rate, the best epoch kept.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from pipeline.arrays import Arrays
from pipeline.encoding import RESERVED, UNKNOWN, Encoding

BATCH = 1024
FREQUENCIES = 16
EMBEDDED_NUMBER = 3
CLIP = 3.0


@dataclass(frozen=True)
class Hyperparameters:
    """What tuning may choose. The defaults are the first trial."""

    width: int = 256
    depth: int = 3
    dropout: float = 0.3
    forget: float = 0.1
    """The share of categories that training treats as unknown, so that the unknown code learns and the known ones
    are leaned on less."""
    learning_rate: float = 1e-3
    embedding: int = 8
    frequency: float = 0.1
    """The spread of the periodic embedding's first frequencies: higher lets it follow finer steps."""

    def as_dict(self) -> dict[str, int | float]:
        """By name."""
        return asdict(self)


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


def build(encoding: Encoding, chosen: Hyperparameters, prior: float, seed: int) -> keras.Model:
    """The network, whose first guess is ``prior``, the share of yes in training."""
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
    first = keras.initializers.Constant(math.log(prior / (1 - prior)))
    logit = keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=first)(hidden)
    return keras.Model([numbers, codes], ops.squeeze(logit, 1))


def compile_for(model: keras.Model, chosen: Hyperparameters, steps: int) -> None:
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
        keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=False,  # it did not pay on CPUs
    )


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of encoded rows, read from disk as they are needed; shuffled anew each epoch if ``seed`` is given."""

    def __init__(self, arrays: Arrays, seed: int | None = None) -> None:
        super().__init__()
        self.arrays = arrays
        self.random = None if seed is None else np.random.default_rng(seed)
        self.order = np.arange(len(arrays))
        self.on_epoch_end()

    def __len__(self) -> int:
        return max(1, math.ceil(len(self.order) / BATCH))

    def __getitem__(self, number: int) -> Any:
        rows = self.order[number * BATCH : (number + 1) * BATCH]
        taken = self.arrays.take(rows)
        return (taken.numbers, taken.categories), taken.target

    def on_epoch_end(self) -> None:
        if self.random is not None:
            self.random.shuffle(self.order)
