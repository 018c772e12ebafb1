"""How a model is found, and what it must be worth: ``[search]`` to ``[[requirements]]``."""

from typing import Literal, get_args

from pydantic import Field, model_validator

from pipeline.problem.part import Part

Task = Literal["binary", "multiclass", "regression"]
Metric = Literal[
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss", "brier", "ece",
    "macro_f1", "rmse", "mae", "median_error", "p90_error", "mape", "r2",
]  # fmt: skip
METRICS: dict[Task, tuple[Metric, ...]] = {
    "binary": (
        "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss", "brier", "ece",
    ),
    "multiclass": ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "log_loss", "brier", "ece"),
    "regression": ("rmse", "mae", "median_error", "p90_error", "mape", "r2"),
}  # fmt: skip
"""What can be measured of each kind of answer."""
LOWER_IS_BETTER: frozenset[str] = frozenset(
    {"log_loss", "brier", "ece", "rmse", "mae", "median_error", "p90_error", "mape", "latency_ms", "size_mb"}
)
BIASED: frozenset[Metric] = frozenset({"ece"})
"""Metrics that chance alone makes larger, of a few rows more than of many; so their differences tell little."""
LOSS: dict[Task, Metric] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}
"""What training makes small: by it models are compared, and columns found to matter."""
JUDGED: dict[Task, Metric] = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "rmse"}
"""What slices are told by: how frequent an answer is in a slice moves it little."""
Cost = Literal["latency_ms", "size_mb"]
COSTS: tuple[Cost, ...] = get_args(Cost)
"""What an answer costs: milliseconds for one row, as it is served, and the megabytes of the model."""
LIVE = "live"
Baseline = Literal["prior", "mean", "linear", "gradient_boosting"]
Rival = Literal[Baseline, "live"]
BASELINES: dict[Task, tuple[Baseline, ...]] = {
    "binary": ("prior", "linear", "gradient_boosting"),
    "multiclass": ("prior", "linear", "gradient_boosting"),
    "regression": ("mean", "linear", "gradient_boosting"),
}
"""What each kind of answer is measured against: without a feature (the share of each answer in
training, or the mean), by a linear model, and by trees."""


class Search(Part):
    """How hyperparameters are looked for."""

    trials: int = Field(4, ge=1)
    minutes: float = Field(3, gt=0)
    """After which no trial begins, and none but the first goes on."""
    epochs: int | None = Field(None, ge=1)
    """Of a trial. None: as many as its rows need; of more rows there are fewer."""
    rows: int = Field(100_000, ge=100)
    """Rows that a trial learns from, and rows that it is judged by, drawn at random."""
    workers: int = Field(2, ge=1)
    """How many trials run at a time, each with its share of the processors."""


class Training(Part):
    """How long the finalists of the search learn. The epoch with the lowest validation loss is the one that is kept."""

    epochs: int | None = Field(None, ge=1)
    """None: as many as its rows need; of more rows there are fewer."""


class Decision(Part):
    """How the threshold between yes and no is chosen on the validation split: by a metric, or by what mistakes cost."""

    best: Literal["accuracy", "f1"] | None = None
    """The metric that the threshold makes best: f1 where nothing else is said."""
    false_yes: float | None = Field(None, gt=0)
    """What a wrong yes costs, in whatever money: the threshold makes the sum of what mistakes cost least."""
    false_no: float | None = Field(None, gt=0)
    """What a wrong no costs."""

    @model_validator(mode="after")
    def _one_way(self) -> "Decision":
        given = [name for name in ("best", "false_yes", "false_no") if getattr(self, name) is not None]
        if given not in ([], ["best"], ["false_yes", "false_no"]):
            raise ValueError(f"expected best, or false_yes and false_no, got {' and '.join(given)}")
        return self


class Requirement(Part):
    """A figure that the model must reach on the hold-out, by its whole confidence interval."""

    metric: Literal[Metric, Cost]
    min: float | None = None
    max: float | None = None
    better_than: Rival | None = None
    no_worse_than: Rival | None = None
    by: float = Field(0, ge=0)
    """How much better than its rival the model must be, or how much worse it may be."""
    every_slice: bool = False
    """Whether each slice must reach it."""
    min_rows: int = Field(200, ge=1)
    """Slices of fewer rows are not held to it."""

    @property
    def rival(self) -> Rival | None:
        """What the model is compared with, where it is."""
        return self.better_than or self.no_worse_than

    @model_validator(mode="after")
    def _one_condition(self) -> "Requirement":
        names = ("min", "max", "better_than", "no_worse_than")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            which = f"{', '.join(names[:-1])} and {names[-1]}"
            raise ValueError(f"expected one of {which}, got {' and '.join(given) or 'none of them'}")
        if self.metric in COSTS and (self.max is None or self.every_slice):
            raise ValueError(f"expected a max alone for {self.metric}, got {self._given()}")
        if self.metric in BIASED and self.rival:
            raise ValueError(f"expected min or max for {self.metric}, got {self._given()}")
        if self.every_slice and self.rival not in (None, LIVE):
            raise ValueError(f"expected min, max or the live version for every slice, got the baseline {self.rival}")
        return self

    def _given(self) -> str:
        return ", ".join(sorted(self.model_fields_set - {"metric"}))
