"""What the model may look at: ``[features]`` and ``[screen]``."""

from typing import Literal

from pydantic import Field

from pipeline.problem.part import Expression, Name, Part


class Features(Part):
    """What the model may look at: columns as they are (``planes.seats`` looks one up), and expressions over them."""

    columns: tuple[str, ...]
    derived: dict[Name, Expression] = {}


class Screen(Part):
    """Which features are left out for having moved between training and validation."""

    max_psi: float = Field(0.25, gt=0)
    """Population stability index above which a feature drifts."""
    drifting: Literal["leave out", "keep"] = "leave out"
