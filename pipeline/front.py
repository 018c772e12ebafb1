"""What Luigi and a notebook see of the pipeline: its tasks, and how they are scheduled."""

from luigi import interface

from pipeline import events  # noqa: F401 - to be called by Luigi, it has to be there
from pipeline.scheduler import Factory
from pipeline.tasks import (
    Baseline,
    Clean,
    Collect,
    Encode,
    Evaluate,
    Features,
    Publish,
    RunAll,
    Split,
    Train,
    Tune,
    Validate,
)
from pipeline.upkeep import Maintain, Monitor, MonitorDay

__all__ = [
    "Baseline",
    "Clean",
    "Collect",
    "Encode",
    "Evaluate",
    "Features",
    "Maintain",
    "Monitor",
    "MonitorDay",
    "Publish",
    "RunAll",
    "Split",
    "Train",
    "Tune",
    "Validate",
]

interface._WorkerSchedulerFactory = Factory
