"""What Luigi and a notebook load: the tasks, what hears of them, and how they are scheduled."""

import gc
import sys

from luigi import interface

from pipeline import events, tasks, upkeep
from pipeline.scheduler import Factory

__all__ = ["events", "tasks", "upkeep"]

interface._WorkerSchedulerFactory = Factory
if "luigi.cmdline" in sys.modules:  # the command's own process, and not a notebook's
    gc.freeze()  # what is imported stays: to look for garbage in it is an eighth of a run with nothing to do
