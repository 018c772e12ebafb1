"""The network: encoded features in; out the log-odds of yes, the logits of the classes, or a standardised number.

Numbers and categories are embedded, each feature by itself; members of an ensemble that share most weights each see
them in their own way and answer; the mean of their answers is the network's.
"""

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from pipeline.encoding import Encoding, Target
from pipeline.hyperparameters import Hyperparameters
from pipeline.network.batches import Batches, epochs_for, standardised, trial_epochs_for
from pipeline.network.categories import EmbedCategories
from pipeline.network.ensemble import Answers, Shared, Views
from pipeline.network.learning import compile_for, prepare
from pipeline.network.numbers import EmbedNumbers

__all__ = ["Batches", "build", "compile_for", "epochs_for", "prepare", "standardised", "trial_epochs_for"]


def build(encoding: Encoding, chosen: Hyperparameters, seed: int) -> keras.Model:
    """The network, whose first guess is near the share of each answer in training, or the mean.

    While it learns it gives each member's answer, [rows, members, answers]; otherwise their mean, [rows] or, of
    classes, [rows, classes].
    """
    numbers = keras.Input((len(encoding.taken),), name="numbers")
    codes = keras.Input((len(encoding.categories),), dtype="int32", name="categories")
    embedded, blocks = [], []
    if encoding.taken:
        layer = EmbedNumbers(encoding.taken, chosen.embedding, chosen.frequency)
        embedded.append(layer(numbers))
        blocks += layer.blocks()
    if encoding.categories:
        layer = EmbedCategories(encoding, chosen.embedding, chosen.forget, seed)
        embedded.append(layer(codes))
        blocks += layer.blocks()
    hidden = Views(chosen.members, blocks, seed)(ops.concatenate(embedded, axis=1))
    for depth in range(chosen.depth):
        given, hidden = hidden, Shared(chosen.members, chosen.width, chosen.activation)(hidden)
        hidden = keras.layers.Dropout(chosen.dropout, seed=seed + depth)(hidden)
        if depth and chosen.residual:
            hidden = given + hidden
    return keras.Model([numbers, codes], Answers(chosen.members, _first_guess(encoding.target))(hidden))


def _first_guess(target: Target) -> npt.NDArray[np.float64]:
    if target.task == "regression":
        return np.zeros(1)
    shares = np.array(target.shares)
    return np.asarray(np.log(shares if target.task == "multiclass" else shares / (1 - shares)))
