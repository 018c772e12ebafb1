"""Several networks in one: members that share most weights and err differently, so that their mean errs less.

This is the small form of TabM (Gorishniy et al. 2024, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
Ensembling"): each member sees the features by factors of its own, and has biases and a last layer of its own.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops


class Views(keras.layers.Layer):  # type: ignore[misc]
    """[rows, d] -> [rows, members, d]: the features as each member sees them.

    At first a member has one random factor for each of ``blocks``, outputs in a row that tell of the same.
    """

    def __init__(self, members: int, blocks: list[int], seed: int) -> None:
        super().__init__()
        self.members, self.blocks, self.seed = members, blocks, seed

    def build(self, shape: tuple[int, ...]) -> None:
        drawn = np.random.default_rng(self.seed).normal(size=(self.members, len(self.blocks)))
        self.factors = self.add_weight((self.members, shape[-1]), "zeros", name="factors")
        self.factors.assign(np.repeat(drawn, self.blocks, axis=1))

    def call(self, features: Any) -> Any:
        return features[:, None, :] * self.factors


class Shared(keras.layers.Layer):  # type: ignore[misc]
    """[rows, members, d] -> [rows, members, width]: a dense layer whose weights all members share, but not its bias."""

    def __init__(self, members: int, width: int, activation: str) -> None:
        super().__init__()
        self.members, self.width = members, width
        self.activation = keras.activations.get(activation)

    def build(self, shape: tuple[int, ...]) -> None:
        self.inputs = shape[-1]
        near = keras.initializers.RandomUniform(-1 / math.sqrt(self.inputs), 1 / math.sqrt(self.inputs))
        self.kernel = self.add_weight((self.inputs, self.width), "lecun_normal", name="kernel")
        self.bias = self.add_weight((self.members, self.width), near, name="bias")

    def call(self, hidden: Any) -> Any:
        product = ops.matmul(ops.reshape(hidden, (-1, self.inputs)), self.kernel)
        return self.activation(ops.reshape(product, (-1, self.members, self.width)) + self.bias)


class Answers(keras.layers.Layer):  # type: ignore[misc]
    """[rows, members, d] -> in training [rows, members, answers], each member's; else their mean.

    The mean is [rows, answers], or [rows] where there is one. How far it is from the ``first`` guess is divided by the
    ``temperature``, which is 1 until it is calibrated: what is less sure of itself is nearer to the shares of training,
    and not to even odds as in Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """

    def __init__(self, members: int, first: Any) -> None:
        super().__init__()
        self.members, self.first = members, np.asarray(first, "float32")

    def build(self, shape: tuple[int, ...]) -> None:
        near = keras.initializers.RandomUniform(-1 / math.sqrt(shape[-1]), 1 / math.sqrt(shape[-1]))
        self.kernel = self.add_weight((self.members, shape[-1], len(self.first)), near, name="kernel")
        self.bias = self.add_weight((self.members, len(self.first)), "zeros", name="bias")
        self.bias.assign(np.tile(self.first, (self.members, 1)))
        self.temperature = self.add_weight((), "ones", trainable=False, name="temperature")

    def call(self, hidden: Any, training: bool = False) -> Any:
        each = ops.transpose(ops.matmul(ops.transpose(hidden, (1, 0, 2)), self.kernel), (1, 0, 2)) + self.bias
        if training:
            return each
        mean = self.first + (ops.mean(each, axis=1) - self.first) / self.temperature
        return ops.squeeze(mean, 1) if len(self.first) == 1 else mean
