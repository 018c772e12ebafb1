"""What Luigi and a notebook load: the tasks, what hears of them, and how they are scheduled."""

from luigi import interface

from pipeline import events, tasks, upkeep
from pipeline.scheduler import Factory

__all__ = ["events", "tasks", "upkeep"]

interface._WorkerSchedulerFactory = Factory
