"""``explain``: what a run would do, and why, before anything runs."""

from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from pipeline import commands
from pipeline.commands import console, say_json
from pipeline.run import Run
from pipeline.staleness import Explained, Reason, State
from pipeline.staleness import explain as explained

STYLES: dict[State, str] = {"kept": "dim", "runs": "bold yellow", "may run": "yellow", "blocked": "bold red"}
SHORT = 8
"""Of a digest."""
SHOWN_CHARACTERS = 60
"""Of a value."""


@click.command()
@commands.problem
@commands.data
@commands.problems
@commands.as_json
def explain(problem: str, data: Path, problems: Path, *, as_json: bool) -> None:  # noqa: ARG001 - the task asks for them
    """Tell what RunAll would do now, and why, stage by stage. Nothing runs.

    \b
    Examples:
      python -m pipeline explain
      python -m pipeline explain --problem flights --json
    """
    from pipeline.tasks import RunAll

    stages = explained(RunAll(problem=problem), Run(data, ""))
    if as_json:
        say_json([stage.model_dump(mode="json") for stage in stages])
    else:
        out = console()
        out.print(shown(stages))
        out.print(summary(stages))


def shown(stages: list[Explained]) -> Table:
    """Each stage with its state and every cause."""
    table = Table.grid(padding=(0, 2))
    for stage in stages:
        why = [Text(told(reason)) for reason in stage.reasons]
        if stage.waits_for:
            after = f"after {', '.join(stage.waits_for)}"
            kept = "; kept if that comes out the same" if stage.state == "may run" else ""
            why.append(Text(after + kept, "dim"))
        table.add_row(stage.stage, Text(stage.state, STYLES[stage.state]), Text("\n").join(why))
    return table


def told(reason: Reason) -> str:
    """A cause in words."""
    before, now = reason.before, reason.now
    match reason.kind:
        case "never made":
            why = "never made"
        case "result":
            why = f"{reason.what}: {now}"
        case "missing":
            why = f"{reason.what} must be there, and is not"
        case "code" if before is None:
            why = f"{reason.what} {now}"
        case "raw" if before and now:
            why = f"{reason.what} has other bytes: {before[:SHORT]} to {now[:SHORT]}"
        case "input" if before and now:
            why = f"{reason.what} came out otherwise: {before[:SHORT]} to {now[:SHORT]}"
        case "raw" | "input":
            why = f"{reason.what} is {'read now' if now else 'no longer read'}"
        case _:
            why = f"{reason.what}: {changed(before, now)}"
    return why


def changed(before: Any, now: Any) -> str:
    """Two values, or of two lists what came and what went."""
    if isinstance(before, list) and isinstance(now, list):
        gone, come = [one for one in before if one not in now], [one for one in now if one not in before]
        words = [*(["without " + _short(gone)] if gone else []), *(["with " + _short(come)] if come else [])]
        return ", ".join(words) or "in another order"
    return f"{_short(before)} to {_short(now)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def summary(stages: list[Explained]) -> str:
    """All in one line."""
    counts = {state: sum(stage.state == state for stage in stages) for state in STYLES}
    words: dict[State, str] = {
        "runs": "run",
        "may run": "may run",
        "blocked": "wait for a file that is not there",
        "kept": "are kept",
    }
    return ", ".join(f"{counts[state]} {word}" for state, word in words.items() if counts[state]) + "."
