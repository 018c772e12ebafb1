"""How a model is found, and what it must be worth: ``[search]`` to ``[[requirements]]``."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.problem.part import Part

Task = Literal["binary", "multiclass", "regression"]
Metric = Literal[
    "accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss", "brier",
    "macro_f1", "rmse", "mae", "median_error", "mape", "r2",
]  # fmt: skip
METRICS: dict[Task, tuple[Metric, ...]] = {
    "binary": ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss", "brier"),
    "multiclass": ("accuracy", "macro_f1", "roc_auc", "log_loss", "brier"),
    "regression": ("rmse", "mae", "median_error", "mape", "r2"),
}
"""What can be measured of each kind of answer."""
LOWER_IS_BETTER: frozenset[Metric] = frozenset({"log_loss", "brier", "rmse", "mae", "median_error", "mape"})
Baseline = Literal["prior", "mean", "gradient_boosting"]
BASELINES: dict[Task, tuple[Baseline, ...]] = {
    "binary": ("prior", "gradient_boosting"),
    "multiclass": ("prior", "gradient_boosting"),
    "regression": ("mean", "gradient_boosting"),
}
"""What each kind of answer is measured against: without a feature, the share of each answer in training or the mean."""


class Search(Part):
    """How hyperparameters are looked for."""

    trials: int = Field(4, ge=1)
    minutes: float = Field(3, gt=0)
    """After which no trial begins, and none but the first goes on."""
    epochs: int = Field(4, ge=1)
    rows: int = Field(100_000, ge=100)
    """Rows that a trial learns from, and rows that it is judged by, drawn at random."""
    workers: int = Field(1, ge=1)
    """How many trials run at a time, each with its share of the processors."""


class Training(Part):
    """How long the chosen model learns. The epoch with the lowest validation loss is the one that is kept."""

    epochs: int = Field(8, ge=1)


class Decision(Part):
    """Which metric the threshold between yes and no makes best, on the validation split."""

    best: Literal["accuracy", "f1"] = "f1"


class Requirement(Part):
    """A figure that the model must reach on the hold-out, by its whole confidence interval."""

    metric: Metric
    min: float | None = None
    max: float | None = None
    better_than: Baseline | None = None
    by: float = Field(0, ge=0)
    """By how much the model must be better than the baseline."""

    @model_validator(mode="after")
    def _one_condition(self) -> "Requirement":
        given = [name for name in ("min", "max", "better_than") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of min, max and better_than, got {' and '.join(given) or 'none of them'}")
        return self
