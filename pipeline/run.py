"""A run: one process that works on a data folder, and what it knows while it does.

What is known holds for one run: each task is looked at once in it, the problem file stays as it was read first, and the
next run looks anew. Who does not hold the folder only looks, and what is known holds until the look ends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pipeline import config, disk, environment, index, lock, problem, process
from pipeline.closure import Code
from pipeline.index import Index
from pipeline.problem import Problem
from pipeline.receipts import Made


@dataclass
class Run:
    """What is known of a data folder, and of the code and the problem files that work on it.

    Attributes:
        name: of the run, or empty for who only looks.
        made: what each complete task made, by the task's id.
        missing: for each task that is not complete, whether what has to be made first is there by now.
        inputs: what each task requires, by name.
        cleared: the folders in which nothing is left that a run before left aside.
        kept: the functions of stages whose code is kept.
        at_end: what is to be called when the run ends.
    """

    data: Path
    name: str
    made: dict[str, Made] = field(default_factory=dict)
    missing: dict[str, Callable[[], bool]] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    cleared: set[Path] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    at_end: list[Callable[[], None]] = field(default_factory=list)
    _problems: dict[str, Problem] = field(default_factory=dict)

    @cached_property
    def index(self) -> Index:
        """The index of the data folder, the same for every look of this process."""
        return _index(self.data.absolute())

    @cached_property
    def code(self) -> Code:
        """The code of ours, as it was when it was first asked for."""
        return Code(self.index)

    @cached_property
    def revision(self) -> str:
        """The state of the repository."""
        return environment.revision()

    @cached_property
    def today(self) -> date:
        """The day (UTC) on which it was first asked for: the same until the run ends."""
        return datetime.now(UTC).date()

    def problem(self, name: str) -> Problem:
        """The problem of that name: its file, read and checked once.

        Raises:
            ProblemError: the problem file says something that can't hold.
        """
        if name not in self._problems:
            path = config.problem_file(name)
            self._problems[name] = _load(path, index.stamp(path)) if path.is_file() else problem.load(path)
        return self._problems[name]

    @contextmanager
    def current(self) -> Iterator[None]:
        """Let who asks for the run, until the end of this look, have this one."""
        token = _look.set(self)
        try:
            yield
        finally:
            _look.reset(token)


_held: list[Run] = []
"""The run of this process, where there is one."""
_look: ContextVar[Run | None] = ContextVar("look", default=None)
"""The run that a look is made for."""


def begin(data: Path) -> Run:
    """Hold ``data`` for this run, until ``end``; who holds it already goes on.

    Raises:
        AlreadyRunning: another process holds the folder.
        DiskError: the folder can't be written to.
    """
    if not _held:
        with disk.told(data):
            _held.append(Run(data, lock.hold(data), at_end=[process.end]))
            _held[0].index.compact()
    return _held[0]


def held() -> Run | None:
    """The run of this process, which holds its data folder."""
    return _held[0] if _held else None


def looking() -> Run:
    """The run that this process holds the data folder for, that of the look that is going on, or one for a new look."""
    return held() or _look.get() or Run(config.data_folder(), "")


def end() -> None:
    """Let go of the data folder, where this process holds one."""
    if _held:
        run = _held.pop()
        lock.release(run.data)
        for call in run.at_end:
            call()


_index = lru_cache(maxsize=8)(Index)


@lru_cache(maxsize=8)
def _load(path: Path, stamp: index.Stamp) -> Problem:  # noqa: ARG001 - a file that changed is another
    return problem.load(path)
