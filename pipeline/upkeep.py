"""The tasks that keep a live model true: look at each served day, and ask for a new run where there is reason to.

data/served, data/outcomes, versions ─► MonitorDay ─► Monitor ─► Maintain ─► (where there is reason) RunAll
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import luigi

from bundle import digest
from bundle.monitoring import MONITORING, OUTCOMES, SERVED, Maintained
from pipeline import config, dates, days, maintain, receipts, versions
from pipeline.days import Files, LogFile
from pipeline.errors import ProblemError
from pipeline.problem import Problem, load
from pipeline.receipts import Made
from pipeline.run import Run, looking
from pipeline.targets import Artifact, Stage, Working, hold
from pipeline.tasks import RunAll, Tasks

Outcome = Literal["nothing to do", "new version", "no new version"]
log = logging.getLogger(__name__)


class Logged(luigi.ExternalTask):  # type: ignore[misc]
    """What a server wrote of a day: what it was asked and answered, or what came true of it."""

    problem = luigi.Parameter()
    day = luigi.Parameter()
    kind = luigi.Parameter()

    @cached_property
    def files(self) -> dict[str, LogFile]:
        """The files as they stood when they were first asked for."""
        return days.look(config.data_folder(), self.kind, self.problem, self.day)

    def complete(self) -> bool:
        """Whether there is something to look at; outcomes may come later."""
        return self.kind == OUTCOMES or bool(self.files)

    def look(self, run: Run, _: dict[str, Made]) -> Made | Callable[[], bool]:
        """The folder's place and content, for the receipt of the day."""
        content = digest.of_json({name: file.sha256 for name, file in self.files.items()})
        path = self.output_path().relative_to(run.data).as_posix()
        return Made(path=path, key=None, content=content) if self.complete() else self.complete

    def output_path(self) -> Path:
        """The folder of the files."""
        return config.data_folder() / str(self.kind) / str(self.problem) / str(self.day)


class Answering(luigi.ExternalTask):  # type: ignore[misc]
    """A version that answered on a day, which may have gone since."""

    problem = luigi.Parameter()
    version = luigi.IntParameter()

    def complete(self) -> bool:
        """Always: a day whose version has gone is looked at as far as that goes."""
        return True

    def look(self, run: Run, _: dict[str, Made]) -> Made:
        """The version's place and content."""
        receipt = receipts.read(self.output_path())
        return Made(
            path=self.output_path().relative_to(run.data).as_posix(),
            key=receipt.key if receipt else None,
            content=receipt.content if receipt else "gone",
        )

    def output_path(self) -> Path:
        """The folder of the version."""
        return config.data_folder() / "models" / str(self.problem) / str(self.version)


class MonitorDay(Stage):
    """Hold a served day against the reference of the versions that answered, and against what came true."""

    day = luigi.Parameter(description="a day (UTC) that has a prediction log")
    function = "pipeline.monitor:monitor"
    reads = ("name", "title", "seed", "monitoring")
    resources = {"a day to look at": 1}  # noqa: RUF012 - Luigi's way to say: one at a time, for each uses all cores

    def requires(self) -> Tasks:
        served = self.clone(Logged, kind=SERVED)
        numbers = sorted({version for file in served.files.values() for version in file.versions})
        return {
            SERVED: served,
            OUTCOMES: self.clone(Logged, kind=OUTCOMES),
            **{f"version {number}": self.clone(Answering, version=number) for number in numbers},
        }

    def home(self) -> Path:
        return config.data_folder() / MONITORING / str(self.problem)

    def output(self) -> Artifact:
        return Artifact(self.home() / str(self.day), looking().index.sha256)

    def found(self, key: str, run: Run) -> Artifact | None:  # noqa: ARG002 - there is one result, whatever its key
        there = self.output()
        return there if there.receipt is not None and there.receipt.key == key and there.exists() else None

    def place(self, key: str) -> Path:  # noqa: ARG002 - the newest result has the day's name, whatever its key
        return self.output().folder

    def prepare(self, aside: Path) -> None:
        needed = self.requires()
        days.write(Files(served=needed[SERVED].files, outcomes=needed[OUTCOMES].files), aside)

    def appear(self, aside: Path, final: Path) -> None:
        receipts.replace(aside, final)


class Monitor(Working):
    """Every served day that is over and was not looked at, or has changed since; or the one that is named."""

    problem = luigi.Parameter(default="flights", description="the name of a problem file")
    day = luigi.Parameter(default="", description="a day to look at, even if it is not over: 2013-11-03")

    def requires(self) -> list[MonitorDay]:
        load(config.problem_file(self.problem))
        if self.day and not dates.is_day(self.day):
            raise ProblemError(f"--day must be a day such as 2013-11-03, got {self.day!r}.")
        over = (day for day in days.served(config.data_folder(), self.problem) if dates.is_over(day))
        return [self.clone(MonitorDay, day=day) for day in ([self.day] if self.day else over)]

    def complete(self) -> bool:
        return all(day.complete() for day in self.requires())

    def run(self) -> None:
        from pipeline import summary

        summary.tell_days(self.requires(), hold())


class Maintain(Working):
    """Look at what was served, and run everything anew where there is reason to: a new candidate at most."""

    problem = luigi.Parameter(default="flights", description="the name of a problem file")
    told = concluded = False

    @cached_property
    def spec(self) -> Problem:
        return load(config.problem_file(self.problem))

    @cached_property
    def before(self) -> maintain.Before:
        """What there was at the beginning: what comes while this runs is for the next time."""
        return maintain.look(config.data_folder(), self.problem, self._versions())

    def requires(self) -> luigi.Task:
        return self.clone(Monitor)

    def deps(self) -> list[luigi.Task]:
        tasks = super().deps()
        for path, why in self.before.broken.items():
            log.warning("%s must be a request for a run, and is not: %s. It is set aside.", path, why)
        return tasks

    def complete(self) -> bool:
        return self.concluded

    def run(self) -> Iterator[luigi.Task]:
        """Luigi calls this again from the beginning once what it yields is there."""
        data, now = config.data_folder(), datetime.now(UTC)
        reasons = maintain.reasons(data, self.problem, self.spec.maintain.every_days, self.before, now)
        everything = self.clone(RunAll)
        if reasons:
            self._tell(reasons)
            yield everything
        self._conclude(reasons, everything)

    def _tell(self, reasons: list[str]) -> None:
        if not self.told:
            self.told = True
            say("A new run is asked for:", *(f"  {reason}" for reason in reasons))

    def _conclude(self, reasons: list[str], everything: luigi.Task) -> None:
        """Set the requests aside that are answered, tell what came of them, and leave a record of it."""
        data, newest = config.data_folder(), maintain.newest(self._versions())
        number = newest.version if newest else None
        if not reasons:
            outcome: Outcome = "nothing to do"
            say(f"Nothing asks for a new run of {self.problem}. The newest version is {number}.")
        elif self.before.newest is None or number != self.before.newest.version:
            outcome = "new version"
            say(f"New version: {everything.last.output().folder}. Whether it goes live, a person decides.")
        else:
            outcome = "no new version"
            folder = everything.last.output().folder
            say(f"No new version: {folder} is made from all that there is now.")
        maintain.set_aside([one.path for one in self.before.waiting], maintain.DONE)
        maintain.set_aside(list(self.before.broken), maintain.BROKEN)
        done = Maintained(
            model=self.problem, at=datetime.now(UTC), reasons=tuple(reasons), outcome=outcome, version=number
        )
        maintain.record(data, done)
        self.concluded = True

    def _versions(self) -> list[Path]:
        return versions.of(config.data_folder(), str(self.problem))[::-1]


@Logged.event_handler(luigi.Event.DEPENDENCY_MISSING)  # type: ignore[untyped-decorator]
def say_missing(logged: Logged) -> None:
    """Name the folder that is not there: Luigi itself names only the task."""
    log.error("%s must have a prediction log, and has none.", logged.output_path())


@Monitor.event_handler(luigi.Event.DEPENDENCY_PRESENT)  # type: ignore[untyped-decorator]
def say_looked_at(task: luigi.Task) -> None:
    """Tell the person who asked that there is nothing to do."""
    if isinstance(task, Monitor):
        looked_at = task.requires()
        if looked_at:
            count = "1 served day" if len(looked_at) == 1 else f"{len(looked_at)} served days"
            say(f"Nothing new in {count} of {task.problem}; the newest report is {looked_at[-1].output().folder}.")
        else:
            say(f"No served day of {task.problem} is over: nothing to look at.")


def say(*lines: str) -> None:
    """Answer the command, on standard output."""
    print(*lines, sep="\n")  # noqa: T201
