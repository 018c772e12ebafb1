"""``trace``: what a version, or one answer, came of: down to the raw bytes, with code, settings and people."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import click
from pydantic import BaseModel, ConfigDict
from rich.columns import Columns
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bundle import digest, identity
from bundle.decisions import Decided, in_force
from pipeline import answers, commands, lineage, published
from pipeline.answers import Answer
from pipeline.commands import grid, moment, told
from pipeline.lineage import Lineage, Raw
from pipeline.published import PAST
from pipeline.receipts import Receipt
from pipeline.versions import MANIFEST

SHORT = 8
"""Of a digest, where the whole is not what is asked for."""
SHOWN_ROWS = 4
PICTURES = (".svg", ".png")


class Trace(BaseModel):
    """Where a version came from.

    Attributes:
        manifest: the SHA-256 of its manifest, which has that of every file of it.
        state: what was decided about it last.
        decisions: those about this version, the first one first.
        answer: where one was asked about, which is of this version.
        in_force: the decision by which a version was live when the answer was given.
        steps: each after those that it was made from; the last one published the version.
    """

    model_config = ConfigDict(frozen=True)
    model: str
    version: int
    verdict: str
    manifest: str
    state: str
    labels: tuple[str, ...]
    decisions: tuple[Decided, ...]
    answer: Answer | None
    in_force: Decided | None
    raw: tuple[Raw, ...]
    steps: tuple[Receipt, ...]


def of(data: Path, asked: str, model: str) -> Trace:
    """What a version (``flights/7``; of ``model``, ``7`` or ``live``) or an answer (by its id) came of.

    Raises:
        LineageError: it is not there, or has no record.
    """
    answer = answers.find(data, asked) if identity.FORM.fullmatch(asked) else None
    name, number = (answer.model, answer.version) if answer else published.find(data, asked, model)
    folder = published.folder(data, name, number)
    line = lineage.read(folder)
    decided = published.decisions(data, name)
    about = tuple(one for one in decided if one.version == number)
    names = tuple(label for label, named in published.labels(data, name).items() if named == number)
    return Trace(
        model=name,
        version=number,
        verdict=published.manifest(data, name, number)["verdict"]["verdict"],
        manifest=digest.of_file(folder / MANIFEST),
        state=published.state(about[-1] if about else None, names),
        labels=names,
        decisions=about,
        answer=answer,
        in_force=in_force(decided, datetime.fromisoformat(answer.answered)) if answer else None,
        raw=tuple(line.raw.values()),
        steps=line.steps,
    )


def _drawable(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:  # noqa: ARG001 - as click calls it
    if path and path.suffix not in PICTURES:
        raise click.UsageError(f"The file of --picture must end in {' or '.join(PICTURES)}, got {path.name}.")
    return path


@click.command()
@click.argument("asked", metavar="VERSION|ANSWER")
@commands.problem
@commands.data
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_drawable,
    help="Draw the graph into a file, a .svg or a .png.",
)
@commands.as_json
def trace(asked: str, problem: str, data: Path, picture: Path | None, *, as_json: bool) -> None:
    """Tell what a version, or one answer, came of.

    A version is called by its number or its label, with or without its model. An answer is called by its id: the 32
    hexadecimal digits of the header X-Prediction-Id.

    \b
    Examples:
      python -m pipeline trace 7
      python -m pipeline trace flights/live --json
      python -m pipeline trace 7 --picture flights-7.svg
      python -m pipeline trace 014212e3fa807975bd3d6f6a69e3ef85
    """
    found = of(data, asked, problem)
    if picture:
        from pipeline import picture as pictures

        pictures.draw(Lineage(found.steps), f"{found.model} {found.version}: {found.verdict}, {found.state}", picture)
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        show(found)


def show(found: Trace) -> None:
    """Tell it to a person; JSON has every digest whole, and every setting."""
    console = commands.console()
    line = Lineage(found.steps)
    asked = [_answer(found.answer, found.in_force), _rows(found.answer)] if found.answer else []
    parts = [*asked, _version(found), _steps(line), _raw(found.raw), _facts(line), _settings(line), _code(line)]
    for part in parts:
        console.print(part)
        console.print()


def _version(found: Trace) -> Table:
    step = found.steps[-1]
    table = grid()
    table.add_row(
        "version", Text.assemble((f"{found.model} {found.version}", "bold"), f"   {found.verdict}, {found.state}")
    )
    table.add_row("made", f"{moment(step.started)} by {step.made_by}, run {step.run}")
    for decision in found.decisions:
        table.add_row(PAST[decision.verb], told(decision))
        if decision.digest != found.manifest:
            table.add_row(
                "", Text(f"its manifest was {decision.digest} then: the version was changed since", "bold red")
            )
    if not found.decisions:
        candidate = found.state == "candidate"
        table.add_row("decided", "nothing yet" if candidate else "not told yet; run: python manage.py sync")
    table.add_row("manifest", found.manifest)
    return table


def _answer(answer: Answer, decision: Decided | None) -> Table:
    table = grid()
    table.add_row("answer", Text(answer.id, "bold"))
    table.add_row("about", moment(answer.about))
    table.add_row("answered", f"{moment(answer.answered)} by {answer.model} {answer.version}")
    if decision is None:
        table.add_row("in force", "no decision that is told of")
    else:
        live = f"{decision.model} {decision.version} was live, {PAST[decision.verb]} {told(decision)}"
        table.add_row("in force", live)
    return table


def _rows(answer: Answer) -> Group:
    """The rows of an answer side by side: what was asked, what was answered, what came true."""
    shown = range(min(len(answer.inputs), SHOWN_ROWS))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_row("row", *(str(row) for row in shown), style="dim")
    for name in answer.inputs[0]:
        table.add_row(name, *(_value(answer.inputs[row][name]) for row in shown))
    for name in answer.answers[0]:
        table.add_row(name, *(_value(answer.answers[row][name]) for row in shown), style="bold")
    table.add_row("came true", *(_value(answer.outcomes[row]) for row in shown))
    more = len(answer.inputs) - len(shown)
    return Group(table, Text(f"and {more} rows more, which --json tells", "dim")) if more else Group(table)


def _steps(line: Lineage) -> Table:
    """The graph as a tree from the version down; what is behind another input anyway is left out."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("step", no_wrap=True)
    for title in ("rows in", "rows out"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("made", "content"):
        table.add_column(title, no_wrap=True)
    steps = {lineage.name(step): step for step in line.steps}
    for branch, node, again in _tree(line):
        if node in line.raw:
            file = line.raw[node]
            table.add_row(Text.assemble((branch, "dim"), PurePath(file.path).name), "", "", "", file.sha256[:SHORT])
        elif again:
            table.add_row(Text(f"{branch}{node}, as above", "dim"))
        else:
            table.add_row(Text.assemble((branch, "dim"), (node, "bold")), *_step(steps[node]))
    return table


def _tree(line: Lineage) -> Iterator[tuple[str, str, bool]]:
    """Each line of the tree: the branch that leads to it, the node, and whether the node stands above already."""
    order = {lineage.name(step): number for number, step in enumerate(line.steps)}
    seen: set[str] = set()

    def walk(node: str, branch: str, below: str) -> Iterator[tuple[str, str, bool]]:
        inputs = sorted(line.reduced.get(node, ()), key=lambda one: order.get(one, -1), reverse=True)
        again = node in seen and bool(inputs)
        seen.add(node)
        yield branch, node, again
        for one in [] if again else inputs:
            last = one == inputs[-1]
            yield from walk(one, below + ("└ " if last else "├ "), below + ("  " if last else "│ "))

    return walk(lineage.name(line.published), "", "")


def _step(step: Receipt) -> tuple[str, ...]:
    counts = ("" if rows is None else f"{rows:,}" for rows in (step.rows_in, step.rows_out))
    return (*counts, f"{datetime.fromisoformat(step.started):%Y-%m-%d %H:%M}", step.content[:SHORT])


def _raw(files: Iterable[Raw]) -> Table:
    table = grid()
    for file in files:
        table.add_row(file.source, file.path)
        table.add_row("", file.sha256)
    return table


def _facts(line: Lineage) -> Table:
    """Who made it, from which state of the code, where and with what: each once, in the order of the steps."""
    table = grid()
    libraries = sorted({pair for step in line.steps for pair in step.libraries.items()})
    for title, values in (
        ("made by", [step.made_by for step in line.steps]),
        ("revision", [step.revision or "in no repository" for step in line.steps]),
        ("machine", [", ".join(map(" ".join, step.environment.items())) for step in line.steps]),
        ("libraries", [", ".join(map(" ".join, libraries))]),
        ("seed", [str(step.settings["seed"]) for step in line.steps if "seed" in step.settings]),
    ):
        for value in dict.fromkeys(values):
            table.add_row(title, value)
    return table


def _settings(line: Lineage) -> Table:
    """Each part of the problem file that a step read, as far as it goes on a line."""
    table = grid()
    parts = {name: value for step in line.steps for name, value in step.settings.items()}
    for name, value in sorted(parts.items()):
        table.add_row(name, Text(json.dumps(value, ensure_ascii=False), no_wrap=True, overflow="ellipsis"))
    return table


def _code(line: Lineage) -> Columns:
    modules = {pair for step in line.steps for pair in step.code.items()}
    return Columns(
        [f"{sha256[:SHORT]} {module}" for module, sha256 in sorted(modules)], column_first=True, padding=(0, 2)
    )


def _value(value: Any) -> str:
    return "-" if value in (None, "") else f"{value:.6g}" if isinstance(value, float) else str(value)
