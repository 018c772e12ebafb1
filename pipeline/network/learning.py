"""How the network learns: the loss of its members, and the optimizer."""

import os
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from pipeline.encoding import Target
from pipeline.hyperparameters import Hyperparameters
from pipeline.problem import Task
from pipeline.seeds import fix_seeds

UNSEEN = -1
"""The class of a row whose label training has not."""


class MeanLoss(keras.losses.Loss):  # type: ignore[misc]
    """The mean loss over rows, and while the network learns over its members: each learns for itself.

    Log loss of logits, or the squared error.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(name=f"{task}_loss")
        self.task = task

    def call(self, true: Any, said: Any) -> Any:
        if len(said.shape) == 3:  # members
            true = ops.repeat(true[:, None], said.shape[1], axis=1)
            said = said if self.task == "multiclass" else ops.squeeze(said, 2)
        if self.task == "regression":
            return ops.square(true - said)
        if self.task == "binary":
            return ops.softplus(said) - true * said
        known = ops.cast(true != UNSEEN, said.dtype)
        labels = ops.cast(ops.maximum(true, 0), "int32")
        loss = ops.sparse_categorical_crossentropy(labels, said, from_logits=True)
        return loss * known / ops.maximum(ops.mean(known), 1e-7)


def prepare(seed: int, threads: int | None) -> None:
    """Make this process, which has not worked with TensorFlow before, one that learns; of None it takes all threads.

    TensorFlow keeps hold of the memory that a step gives back, for the next one. Without that the system clears it anew
    in each step, which took half of the time.
    """
    os.environ["TF_CPU_ALLOCATOR_USE_BFC"] = "true"
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    fix_seeds(seed)


def compile_for(model: keras.Model, target: Target, chosen: Hyperparameters, steps: int) -> None:
    """Give the model its loss, and an optimizer whose rate rises briefly and falls to nothing over ``steps``."""
    rate = keras.optimizers.schedules.CosineDecay(
        chosen.learning_rate / 10,
        max(1, steps - steps // 20),
        alpha=0.0,
        warmup_target=chosen.learning_rate,
        warmup_steps=max(1, steps // 20),
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=chosen.weight_decay, beta_2=0.99, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)  # else the first step makes its variables, and is traced twice for it
    model.compile(
        optimizer,
        MeanLoss(target.task),
        jit_compile=False,  # Keras has no deterministic operations to compile
    )
