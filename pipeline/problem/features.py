"""What the model may look at: ``[features]`` and ``[screen]``."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.problem.part import Days, Expression, Name, Part, Zone

TEXT_PARTS = 30
"""So many numbers a text becomes."""


class Past(Part):
    """What was seen of a group in the whole days before a row's own, as far as it is known by then."""

    statistic: Literal["mean", "sum", "count"]
    of: Expression | None = None
    """What is added up; a count needs nothing, and counts the rows that have it where it is given."""
    by: tuple[str, ...] = ()
    """The columns that make a group; all rows are one group without."""
    window: Annotated[Days, Field(ge=1)] | None = None
    """How many days back; all that there are, if not given."""

    @model_validator(mode="after")
    def _adds_something(self) -> "Past":
        if self.statistic != "count" and self.of is None:
            raise ValueError(f"of must say what the {self.statistic} is taken of, such as 'arr_delay'")
        return self


class Features(Part):
    """What the model may look at: columns as they are (``planes.seats`` looks one up), and expressions over them."""

    columns: tuple[str, ...]
    """A text becomes ``TEXT_PARTS`` numbers."""
    derived: dict[Name, Expression] = {}
    winsorise: dict[str, tuple[float, float]] = {}
    """Numbers that are clipped at two quantiles of training, such as [0.01, 0.99]."""
    past: dict[Name, Past] = {}
    time_zone: Zone = "UTC"
    """Where the clock hangs that shows the hours and days of a time."""

    @field_validator("winsorise")
    @classmethod
    def _in_order(cls, given: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in given.items():
            if not 0 <= low < high <= 1:
                raise ValueError(f"{name}: expected two shares such as [0.01, 0.99], got {[low, high]}")
        return given


class Screen(Part):
    """Which features are left out for having moved between training and validation."""

    max_psi: float = Field(0.25, gt=0)
    """Population stability index above which a feature drifts."""
    drifting: Literal["leave out", "keep"] = "leave out"
    max_alone: float = Field(0.98, gt=0, le=1)
    """How much of the answer a feature may tell by itself: 0 is nothing, 1 is all of it."""
    waive: dict[str, str] = {}
    """Features that are used although they tell too much or name rows, each with the reason."""
