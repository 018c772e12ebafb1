"""Hyperparameters: the strong defaults, found once and fixed here, and what tuning may choose around them."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipeline.problem import Task

if TYPE_CHECKING:  # training needs what was chosen, and not the tuner
    import keras_tuner


@dataclass(frozen=True)
class Hyperparameters:
    """What tuning may choose."""

    members: int = 8
    """Of the ensemble that the network is."""
    width: int = 192
    depth: int = 3
    residual: bool = False
    """Whether each layer after the first adds to what it was given."""
    activation: str = "relu"
    dropout: float = 0.1
    forget: float = 0.05
    """The share of categories that training treats as unknown, so that the unknown code learns and the known ones
    are leaned on less."""
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    embedding: int = 8
    """The width of what a feature is embedded in."""
    frequency: float = 0.1
    """The spread of the periodic embedding's first frequencies: higher lets it follow finer steps."""

    def as_dict(self) -> dict[str, bool | int | float | str]:
        """By name."""
        return asdict(self)


def defaults(task: Task) -> Hyperparameters:
    """The first trial.

    Where the answer is a number nothing is dropped out: it changes the spread of what the last layer sees, which shifts
    every answer that is not squeezed into a probability.
    """
    return Hyperparameters(dropout=0.0) if task == "regression" else Hyperparameters()


def space(values: "keras_tuner.HyperParameters", task: Task) -> Hyperparameters:
    """What may be tried, from the ``defaults`` on."""
    default = defaults(task)
    return Hyperparameters(
        members=values.Choice("members", [4, 8], default=default.members),
        width=values.Choice("width", [128, 192, 256], default=default.width),
        depth=values.Int("depth", 2, 4, default=default.depth),
        residual=values.Boolean("residual", default=default.residual),
        activation=values.Choice("activation", ["relu", "selu", "silu"], default=default.activation),
        dropout=values.Float("dropout", 0.0, 0.4, step=0.05, default=default.dropout),
        forget=values.Float("forget", 0.0, 0.3, step=0.05, default=default.forget),
        learning_rate=values.Float("learning_rate", 1.5e-3, 1.5e-2, sampling="log", default=default.learning_rate),
        weight_decay=values.Float("weight_decay", 1e-3, 0.1, sampling="log", default=default.weight_decay),
        embedding=values.Choice("embedding", [4, 8, 16], default=default.embedding),
        frequency=values.Float("frequency", 0.02, 0.5, sampling="log", default=default.frequency),
    )
