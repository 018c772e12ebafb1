"""``diff``: what is different between two versions, and nothing else: data, code, settings, libraries, figures."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ConfigDict, JsonValue
from rich.table import Table

from pipeline import codestore, commands, lineage, published
from pipeline.codestore import Change
from pipeline.differences import Changes, changed, flat, together
from pipeline.receipts import Receipt

SHORT = 8
DIGEST = 64
"""Characters of a digest that are shown, and that it has."""
NO_CHANGES = {"versions", "definitions"}


class Diff(BaseModel):
    """What is different between two versions.

    Attributes:
        raw: the path and the SHA-256 of each raw file, by source.
        code: the digest of each module.
        definitions: of these modules, as far as their sources are kept.
        libraries: their versions, and what runs them.
        rows: that went in and came out of each step.
        windows: the rows of each split, and from when to when.
        content: the digest of what each step made.
        metrics: each with its value and interval.
        requirements: the verdict, and the state of each requirement.
    """

    model_config = ConfigDict(frozen=True)
    versions: tuple[str, str]
    raw: Changes
    settings: Changes
    code: Changes
    definitions: tuple[Change, ...]
    libraries: Changes
    made: Changes
    rows: Changes
    windows: Changes
    content: Changes
    metrics: Changes
    requirements: Changes


def between(data: Path, one: tuple[str, int], other: tuple[str, int]) -> Diff:
    """What is different between two versions, each given by its model and number.

    Raises:
        LineageError: one of them has no record.
    """
    lines = [lineage.read(published.folder(data, *version)) for version in (one, other)]
    manifests = [published.manifest(data, *version) for version in (one, other)]

    def steps(tell: Callable[[Receipt], dict[str, Any]]) -> Changes:
        return changed(*(together(map(tell, line.steps)) for line in lines))

    def facts(tell: Callable[[dict[str, Any]], dict[str, Any]]) -> Changes:
        return changed(*(flat(tell(manifest)) for manifest in manifests))

    code = [together(step.code for step in line.steps) for line in lines]
    return Diff(
        versions=(f"{one[0]} {one[1]}", f"{other[0]} {other[1]}"),
        raw=changed(*(flat({file.source: asdict(file) for file in line.raw.values()}) for line in lines)),
        settings=steps(lambda step: flat(step.settings)),
        code=changed(*code),
        definitions=tuple(change for change in codestore.changes(data, *code) if change.name),
        libraries=steps(lambda step: step.libraries | step.environment),
        made=steps(lambda step: {"revision": step.revision, "made by": step.made_by}),
        rows=steps(lambda step: {f"{lineage.name(step)} in": step.rows_in, f"{lineage.name(step)} out": step.rows_out}),
        windows=facts(_windows),
        content=steps(lambda step: {lineage.name(step): step.content}),
        metrics=changed(*(manifest["metrics"] for manifest in manifests)),
        requirements=facts(_requirements),
    )


@click.command()
@click.argument("first", metavar="VERSION")
@click.argument("second", metavar="VERSION")
@commands.problem
@commands.data
@commands.as_json
def diff(first: str, second: str, problem: str, data: Path, *, as_json: bool) -> None:
    """Tell what is different between two versions.

    \b
    Examples:
      python -m pipeline diff 6 7
      python -m pipeline diff previous live --problem flights
      python -m pipeline diff flights/6 flights/7 --json
    """
    found = between(data, published.find(data, first, problem), published.find(data, second, problem))
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        show(found)


def show(found: Diff) -> None:
    """Tell it to a person: each part that has a difference."""
    console = commands.console()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    for _ in found.versions:
        table.add_column(overflow="fold")
    table.add_row("", *found.versions, style="bold")
    parts: dict[str, Changes] = {name: getattr(found, name) for name in Diff.model_fields if name not in NO_CHANGES}
    for title, changes in parts.items():
        if changes:
            table.add_row()
            table.add_row(title)
        for name, values in changes.items():
            table.add_row(f"  {name}", *map(_shown, values), style="none")
            for change in found.definitions if title == "code" else ():
                if change.module == name:
                    table.add_row(f"    {change.name}", change.kind)
    console.print(table)
    if not any(parts.values()):
        console.print("There is no difference.")


def _windows(manifest: dict[str, Any]) -> dict[str, Any]:
    parts = ("rows", "positives", "first", "last")
    return {window["split"]: {part: window[part] for part in parts} for window in manifest.get("windows", [])}


def _requirements(manifest: dict[str, Any]) -> dict[str, Any]:
    verdict = manifest["verdict"]
    return {"verdict": verdict["verdict"]} | {clause["clause"]: clause["state"] for clause in verdict["clauses"]}


def _shown(value: JsonValue) -> str:
    if value is None:
        return "-"
    if isinstance(value, str) and len(value) == DIGEST:
        return value[:SHORT]
    if isinstance(value, dict):
        parts = (value.get(part) for part in ("value", "low", "high"))
        return "{} ({} to {})".format(*("-" if part is None else f"{part:.4f}" for part in parts))
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
