"""Hyperparameters: the strong defaults, found once and fixed here, and what tuning may choose around them."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # training needs what was chosen, and not the tuner
    import keras_tuner


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


def space(values: "keras_tuner.HyperParameters") -> Hyperparameters:
    """What may be tried. The defaults are those of ``Hyperparameters``."""
    default = Hyperparameters()
    return Hyperparameters(
        width=values.Choice("width", [128, 256, 384], default=default.width),
        depth=values.Int("depth", 2, 4, default=default.depth),
        dropout=values.Float("dropout", 0.1, 0.5, step=0.05, default=default.dropout),
        forget=values.Float("forget", 0.0, 0.3, step=0.05, default=default.forget),
        learning_rate=values.Float("learning_rate", 3e-4, 3e-3, sampling="log", default=default.learning_rate),
        embedding=values.Choice("embedding", [4, 8, 16], default=default.embedding),
        frequency=values.Float("frequency", 0.02, 0.5, sampling="log", default=default.frequency),
    )
