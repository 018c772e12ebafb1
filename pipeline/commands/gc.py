"""``gc``: free the disk of what nothing needs."""

import sys
from pathlib import Path

import click
from rich.table import Table

from pipeline import commands, garbage, lock, run
from pipeline.commands import console, say_json
from pipeline.errors import AlreadyRunning, ProblemError
from pipeline.garbage import Garbage
from pipeline.run import Run

ALREADY_RUNNING = 10


@click.command()
@click.option("--dry-run", is_flag=True, help="Tell what would go, and remove nothing.")
@commands.data
@commands.problems
@commands.as_json
def gc(dry_run: bool, data: Path, problems: Path, *, as_json: bool) -> None:
    """Remove what nothing needs: what ended runs left, broken results, and results that no problem file leads to.

    Versions stay, with the raw bytes that they began with; so does what was served and decided, and the results of
    problems whose file is not there or has mistakes. Exits with 10 while a run is at work.

    \b
    Examples:
      python -m pipeline gc --dry-run
      python -m pipeline gc --json
    """
    try:
        now = Run(data, "") if dry_run else run.begin(data)
    except AlreadyRunning as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ALREADY_RUNNING)
    try:
        found, alone = find(now, problems)
        if not dry_run:
            garbage.remove(data, found, now.name)
    finally:
        run.end()
    if as_json:
        say_json(
            {
                "removed": not dry_run,
                "bytes": sum(one.bytes for one in found),
                "garbage": [one.model_dump(mode="json") for one in found],
                "left_alone": alone,
            }
        )
    else:
        show(found, alone, removed=not dry_run)


def find(now: run.Run, problems: Path) -> tuple[list[Garbage], dict[str, str]]:
    """What may go; and the problems that are left alone, with the reason."""
    from pipeline.tasks import RunAll

    graphs, alone = [], {}
    for file in sorted(problems.glob("*.toml")):
        try:
            now.problem(file.stem)
            graphs.append(RunAll(problem=file.stem))
        except ProblemError as error:
            alone[file.stem] = str(error)
    other = "" if now.name else lock.at_work(now.data)
    return [one for one in garbage.find(now, graphs) if not (other and other in one.path)], alone


def show(found: list[Garbage], alone: dict[str, str], *, removed: bool) -> None:
    """The bytes by reason."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for reason in dict.fromkeys(one.why for one in found):
        those = [one for one in found if one.why == reason]
        table.add_row(reason, f"{len(those):,}", amount(sum(one.bytes for one in those)))
    out = console()
    if found:
        out.print(table)
    total = amount(sum(one.bytes for one in found))
    out.print(f"{total} {'freed' if removed else 'would be freed'}." if found else "There is nothing to remove.")
    for name, why in alone.items():
        out.print(f"The results of {name} were left alone: {why}", soft_wrap=True)


def amount(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
