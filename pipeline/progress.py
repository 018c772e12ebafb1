"""Progress on standard error: a bar on a terminal, now and then a line in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

SECONDS_BETWEEN_LINES = 5.0
TAKING_UP = 1.0
"""What is told within so many seconds was done by a run before, which this one goes on from."""


class Advance(Protocol):
    """Says that ``steps`` more are done, and what is worth telling beside."""

    def __call__(self, steps: int = 1, detail: str = "") -> None: ...


@contextmanager
def track(what: str, total: int | None) -> Iterator[Advance]:
    """Show how far ``what`` is of ``total`` steps (None: nobody knows); call what it gives for each step done."""
    if sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
    else:
        yield _lines(what, total)


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("  {task.description:<22}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("[cyan]{task.fields[left]}"),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    pace = Pace(total)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, left="", detail="")

        def advance(steps: int = 1, detail: str = "") -> None:
            left = pace.step(steps)
            progress.update(task, completed=pace.done, left=left, detail=detail)

        yield advance


def _lines(what: str, total: int | None) -> Advance:
    pace, told = Pace(total), time.monotonic()

    def advance(steps: int = 1, detail: str = "") -> None:
        nonlocal told
        left, now = pace.step(steps), time.monotonic()
        if now - told > SECONDS_BETWEEN_LINES:
            told = now
            count = f"{pace.done} of {total}" if total else ""
            said = " ".join(filter(None, (f"{what}:", count, left, detail)))
            print(f"  {said}", file=sys.stderr, flush=True)  # noqa: T201

    return advance


class Pace:
    """How many steps are done, and how long the rest will take, if it takes as long as those that this run did."""

    def __init__(self, total: int | None) -> None:
        self.total, self.done, self._taken_up = total, 0, 0
        self._began = self._since = time.monotonic()

    def step(self, steps: int) -> str:
        """Count the steps; the time that is left, empty where nobody knows."""
        now = time.monotonic()
        self.done += steps
        if now - self._began < TAKING_UP:
            self._taken_up, self._since = self.done, now
        did, rest = self.done - self._taken_up, (self.total or 0) - self.done
        if did <= 0 or rest <= 0:
            return ""
        minutes, seconds = divmod(round((now - self._since) * rest / did), 60)
        return f"({minutes}:{seconds:02} left)"
