"""Plumbline's pipeline: ``luigi --module pipeline RunAll`` takes raw tables to a published model with a verdict."""

import os
from importlib import import_module
from typing import Any

__all__ = [
    "Baseline",
    "Clean",
    "Collect",
    "Compare",
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


def __getattr__(name: str) -> Any:
    """A task, by its name."""
    if name in __all__:
        front = import_module("pipeline.front")
        return getattr(front.tasks, name, None) or getattr(front.upkeep, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not os.environ.pop("PLUMBLINE_STAGE", None):  # a stage's own process runs no tasks, and starts sooner without them
    import_module("pipeline.front")
