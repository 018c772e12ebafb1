"""Hyperparameters: the strong defaults, found once and fixed here, and what tuning may choose around them."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # training needs what was chosen, and not the tuner
    import keras_tuner


@dataclass(frozen=True)
class Hyperparameters:
    """What tuning may choose. The defaults are the first trial."""

    members: int = 8
    """Of the ensemble that the network is."""
    width: int = 128
    depth: int = 3
    activation: str = "relu"
    dropout: float = 0.1
    forget: float = 0.05
    """The share of categories that training treats as unknown, so that the unknown code learns and the known ones
    are leaned on less."""
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    embedding: int = 8
    """The width of what a feature is embedded in."""
    frequency: float = 0.1
    """The spread of the periodic embedding's first frequencies: higher lets it follow finer steps."""

    def as_dict(self) -> dict[str, int | float | str]:
        """By name."""
        return asdict(self)


def space(values: "keras_tuner.HyperParameters") -> Hyperparameters:
    """What may be tried. The defaults are those of ``Hyperparameters``."""
    default = Hyperparameters()
    return Hyperparameters(
        members=values.Choice("members", [4, 8], default=default.members),
        width=values.Choice("width", [96, 128, 192], default=default.width),
        depth=values.Int("depth", 2, 4, default=default.depth),
        activation=values.Choice("activation", ["relu", "selu", "silu"], default=default.activation),
        dropout=values.Float("dropout", 0.0, 0.4, step=0.05, default=default.dropout),
        forget=values.Float("forget", 0.0, 0.3, step=0.05, default=default.forget),
        learning_rate=values.Float("learning_rate", 1e-3, 1e-2, sampling="log", default=default.learning_rate),
        weight_decay=values.Float("weight_decay", 1e-3, 0.1, sampling="log", default=default.weight_decay),
        embedding=values.Choice("embedding", [4, 8, 16], default=default.embedding),
        frequency=values.Float("frequency", 0.02, 0.5, sampling="log", default=default.frequency),
    )
