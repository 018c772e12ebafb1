"""``new``: a problem file from a table."""

import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from pipeline import commands
from pipeline.commands import console, grid, say_json
from pipeline.errors import ProblemError

if TYPE_CHECKING:
    from pipeline.inference.found import Found

SHOWN = 30
"""Of the columns."""
STYLES = {"feature": "", "target": "bold green", "left out": "dim"}


@click.command()
@click.argument("table")
@click.option("--target", required=True, help="The column to predict, or an expression over columns.")
@click.option(
    "--task",
    type=click.Choice(["binary", "multiclass", "regression"]),
    help="What is asked, where the rule guesses wrong.",
)
@click.option("--query", help="What to ask of a database, in the place of a table.")
@click.option(
    "--header", "headers", multiple=True, help="A header to send over HTTP: 'Authorization: Bearer ${TOKEN}'."
)
@click.option("--name", help="The name of the problem.  [default: that of the file or table]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@commands.problems
@commands.as_json
def new(
    table: str,
    target: str,
    task: Any,
    query: str | None,
    headers: tuple[str, ...],
    name: str | None,
    problems: Path,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Look at a table, and write a problem file for it.

    TABLE is a CSV, Parquet or JSON lines file, several by a pattern, the URL of one, a table of a database (its URL
    with #TABLE), or the URL of an API. What is secret is written ${NAME}, and comes from the environment.

    \b
    Examples:
      python -m pipeline new customers.csv --target churned
      python -m pipeline new s3://shop/orders.parquet --target late --name orders
      python -m pipeline new 'postgresql+psycopg://me:${PASSWORD}@db/shop#orders' --target late
      python -m pipeline new flights.csv --target "arr_delay > 15"
    """
    from pipeline import problem
    from pipeline.inference import origin, reading, roles, writing

    sent = {name.strip(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
    source, unsure = origin.source_of(table, query, sent)
    name = name or roles.slug(origin.name_of(source))
    if roles.slug(name) != name:
        raise ProblemError(f"--name must be small letters, digits and _, such as {roles.slug(name)}, and is {name!r}.")
    file = problems / f"{name}.toml"
    if file.exists() and not force:
        raise ProblemError(f"{file} must not be there yet, and is. Give another --name, or --force to write over it.")
    with reading.opened(source) as opened:
        found = roles.infer(opened, target, task)
    found.unsure[:0] = unsure
    asked = [*(["--query", query] if query else []), *(word for header in headers for word in ("--header", header))]
    command = shlex.join(["python", "-m", "pipeline", "new", table, *asked, "--target", target])
    text = writing.written(found, name, " ".join(command.split()))
    problem.parse(tomllib.loads(text))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if as_json:
        say_json(told(found, file))
    else:
        show(found, name, file)


def told(found: "Found", file: Path) -> dict[str, Any]:
    """All that was concluded, as JSON values."""
    return {
        "file": str(file),
        "rows": found.rows,
        "task": found.task,
        "target": found.target,
        "key": found.key,
        "time": found.time,
        "group": found.group,
        "features": {one.name: one.kind for one in found.features},
        "left_out": found.left_out,
        "unsure": found.unsure,
    }


def show(found: "Found", name: str, file: Path) -> None:
    """The same, to a person."""
    out = console()
    columns = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("column", "type", "role", "values", "missing"):
        columns.add_column(heading, justify="right" if heading in ("values", "missing") else "left", overflow="fold")
    for column in list(found.columns.values())[:SHOWN]:
        role = _role(column.name, found)
        missing = f"{column.seen.missing / found.rows:.1%}" if column.seen.missing else ""
        about = "about " if column.seen.halvings else ""
        row = (column.name, column.kind, role, f"{about}{column.seen.distinct:,}", missing)
        columns.add_row(*(Text(cell) for cell in row), style=STYLES.get(role, "bold"))
    out.print(columns)
    if len(found.columns) > SHOWN:
        out.print(Text(f"and {len(found.columns) - SHOWN:,} more columns, which the file lists", "dim"))
    out.print()
    facts = grid()
    facts.add_row("rows", f"{found.rows:,}")
    facts.add_row("task", Text(f"{found.task}: {found.why}"))
    facts.add_row("target", Text(found.target))
    facts.add_row("split", Text(_split(found)))
    left_out = [f"{one}: {why}" for one, why in found.left_out.items()]
    for label, some in (("left out", left_out), ("not sure", [one for one in found.unsure if one not in left_out])):
        more = [f"and {len(some) - SHOWN} more, which the file lists"] if len(some) > SHOWN else []
        for place, line in enumerate(some[:SHOWN] + more):
            facts.add_row("" if place else label, Text(line))
    facts.add_row("file", Text(str(file)))
    facts.add_row("next", Text(f"luigi --module pipeline RunAll --problem {name}"))
    out.print(facts)


def _role(name: str, found: "Found") -> str:
    roles: dict[str | None, str] = {found.key: "key", found.group: "group", found.time: "time"}
    for names, role in ((found.answers, "target"), (found.left_out, "left out")):
        roles.update(dict.fromkeys(names, role))
    return roles.get(name, "feature")


def _split(found: "Found") -> str:
    if found.windows:
        return f"by {found.time}: validation from {found.windows[0]}, test from {found.windows[1]}"
    if found.stratified:
        return "at random, each answer in its share, 70 % to train on"
    return f"by the hash of {found.group or found.key or 'the row'}, 70 % to train on"
