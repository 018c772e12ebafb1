"""``rebuild``: make a version again, and prove it equal."""

import sys
import tempfile
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from pipeline import commands, published, rebuilding
from pipeline.commands import console, say_json
from pipeline.progress import track
from pipeline.rebuilding import Rebuilt, Step
from pipeline.run import Run

STYLES = {"equal": "green", "taken": "yellow", "differs": "bold red", "not made": "bold red"}


@click.command()
@click.argument("version")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="An empty folder to leave the result in."
)
@commands.problem
@commands.data
@commands.as_json
def rebuild(version: str, into: Path | None, problem: str, data: Path, *, as_json: bool) -> None:
    """Make VERSION again from its receipts, with the code of today, and compare every step with what was made then.

    Exits with 1 where something is not equal, and says first what has changed since.

    \b
    Examples:
      python -m pipeline rebuild flights/1
      python -m pipeline rebuild flights/1 --into /tmp/again
    """
    folder = published.folder(data, *published.find(data, version, problem))
    if into and into.is_dir() and any(into.iterdir()):
        raise click.UsageError(f"--into must be an empty folder, and {into} is not.")
    with tempfile.TemporaryDirectory() as temporary, track("making again", None) as advance:
        rebuilt = rebuilding.rebuild(folder, into or Path(temporary), Run(data, ""), advance)
    if as_json:
        say_json(rebuilt.model_dump(mode="json"))
    else:
        show(rebuilt, into)
    sys.exit(0 if rebuilt.equal else 1)


def show(rebuilt: Rebuilt, into: Path | None) -> None:
    """The causes, then the steps, then the answer."""
    out = console()
    if rebuilt.causes:
        out.print("Since then", *(f"  {cause}" for cause in rebuilt.causes), sep="\n")
    table = Table.grid(padding=(0, 2))
    for step in rebuilt.steps:
        table.add_row(step.step, Text(step.state, STYLES[step.state]), Text("\n".join(why(step))))
    out.print(table)
    for name in rebuilt.not_compared:
        out.print(f"not compared, for it says when it was made: {name}", style="dim", soft_wrap=True)
    out.print(f"{rebuilt.version} made again is {'equal' if rebuilt.equal else 'not equal'}.")
    if into:
        out.print(f"It is in {into}.", soft_wrap=True)


def why(step: Step) -> list[str]:
    """What there is to say of a step."""
    taken = ["as it was landed: the raw bytes are gone"] if step.state == "taken" else []
    return [*taken, *step.files, *([step.fault] if step.fault else [])]
