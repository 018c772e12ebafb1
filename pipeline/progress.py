"""Progress on standard error: a bar on a terminal, now and then a line in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

SECONDS_BETWEEN_LINES = 5.0


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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("  {task.description:<22}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, detail="")

        def advance(steps: int = 1, detail: str = "") -> None:
            progress.update(task, advance=steps, detail=detail)

        yield advance


def _lines(what: str, total: int | None) -> Advance:
    done, began = 0, time.monotonic()
    told = began

    def advance(steps: int = 1, detail: str = "") -> None:
        nonlocal done, told
        done += steps
        now = time.monotonic()
        if now - told > SECONDS_BETWEEN_LINES:
            told = now
            steps_done = f"{done} of {total} {_left(now - began, done, total)}" if total else ""
            print(f"  {what}: {steps_done}{detail}".rstrip(), file=sys.stderr, flush=True)  # noqa: T201

    return advance


def _left(seconds: float, done: int, total: int) -> str:
    """How long the rest will take, if it takes as long as what is done."""
    if not 0 < done < total:
        return ""
    minutes, rest = divmod(round(seconds * (total - done) / done), 60)
    return f"({minutes}:{rest:02} left) "
