"""What the model may look at: ``[features]`` and ``[screen]``."""

from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from pipeline.problem.part import Expression, Name, Part, nearest


class Features(Part):
    """What the model may look at: columns as they are (``planes.seats`` looks one up), and expressions over them."""

    columns: tuple[str, ...]
    derived: dict[Name, Expression] = {}
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
