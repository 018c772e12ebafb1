"""How a live model is watched, and when a new one is due: ``[monitoring]`` and ``[maintain]``."""

from pydantic import Field

from pipeline.problem.part import Part


class Monitoring(Part):
    """From when on a day is told to differ."""

    min_rows: int = Field(200, ge=1)
    """Rows of a version on a day below which drift is not judged."""
    min_outcomes: int = Field(200, ge=1)
    """Known outcomes of a version on a day below which its metrics are not judged."""
    max_psi: float = Field(0.25, gt=0)
    """Population stability index from which a feature drifts, where single days do not reach it anyway."""
    level: float = Field(0.05, gt=0, lt=1)
    """The share of false alarms among the features that chance alone may cause."""


class Maintain(Part):
    """When a new run is due."""

    every_days: int = Field(7, ge=0)
    """The age of the newest version, in days, from which a new run is due; 0 for never."""
