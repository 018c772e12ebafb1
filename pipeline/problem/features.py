"""What the model may look at: ``[features]`` and ``[screen]``."""

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from pipeline.problem.part import Days, Expression, Name, Part, nearest


class Past(Part):
    """What was seen of a group in the whole days before a row's own, as far as it is known by then."""

    statistic: Literal["mean", "sum", "count"]
    of: Expression | None = None
    """What is added up; a count needs nothing, and counts the rows that have it where it is given."""
    by: tuple[str, ...] = ()
    """The columns that make a group; all rows are one group without."""
    window: Annotated[Days, Field(ge=1)]

    @model_validator(mode="after")
    def _adds_something(self) -> "Past":
        if self.statistic != "count" and self.of is None:
            raise ValueError(f"of must say what the {self.statistic} is taken of, such as 'arr_delay'")
        return self


class Features(Part):
    """What the model may look at: columns as they are (``planes.seats`` looks one up), and expressions over them."""

    columns: tuple[str, ...]
    derived: dict[Name, Expression] = {}
    past: dict[Name, Past] = {}
    time_zone: str = "UTC"
    """Where the clock hangs that shows the hours and days of a time."""

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(
                f"expected a time zone such as America/New_York, got {name!r}{nearest(name, available_timezones())}"
            )
        return name


class Screen(Part):
    """Which features are left out for having moved between training and validation."""

    max_psi: float = Field(0.25, gt=0)
    """Population stability index above which a feature drifts."""
    drifting: Literal["leave out", "keep"] = "leave out"
