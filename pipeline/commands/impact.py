"""``impact``: what a raw file touched: every version that was made from it, and which of them answer."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ConfigDict
from rich.text import Text

from bundle import digest
from bundle.decisions import Decided
from pipeline import commands, published
from pipeline.commands import told
from pipeline.errors import LineageError


class Touched(BaseModel):
    """A version that was made from the raw file, and from which bytes of it."""

    model_config = ConfigDict(frozen=True)
    model: str
    version: int
    verdict: str
    made: str
    made_by: str
    path: str
    sha256: str
    labels: tuple[str, ...]
    state: str
    decision: Decided | None
    """The last one about the version."""


class Impact(BaseModel):
    """What a raw file touched.

    Attributes:
        now: the SHA-256 of the file where it is on this machine.
        live: the models that answer by a version which it touched, and by which.
        unreadable: versions whose manifest can't be read, and so may have been touched or not.
    """

    model_config = ConfigDict(frozen=True)
    asked: str
    now: str | None
    live: dict[str, int]
    versions: tuple[Touched, ...]
    unreadable: tuple[str, ...]


def of(data: Path, asked: str) -> Impact:
    """What a raw file touched, by its path as the problem file names it, its path here, or the SHA-256 of its bytes.

    Raises:
        LineageError: no version was made from such a file.
    """
    here = Path(asked)
    now = digest.of_file(here) if here.is_file() else None
    found: list[Touched] = []
    known: set[str] = set()
    unreadable: list[str] = []
    for model in published.models(data):
        decisions = {one.version: one for one in published.decisions(data, model)}
        labels = published.labels(data, model)
        for number in published.versions(data, model):
            names = tuple(label for label, named in labels.items() if named == number)
            try:
                manifest = published.manifest(data, model, number)
                known.update(raw["path"] for raw in manifest["raw"])
                found += [
                    _touched(manifest, raw, names, decisions.get(number))
                    for raw in manifest["raw"]
                    if raw["sha256"] in {asked, now} or _names(raw["path"], asked, here)
                ]
            except (LineageError, KeyError, TypeError):
                unreadable.append(f"{model} {number}")
    if not found:
        raise LineageError(
            f"{asked!r} must be a raw file that a version was made from, or its SHA-256, and is none. "
            f"Known: {'; '.join(sorted(known)) or 'none'}."
        )
    live = {one.model: one.version for one in found if "live" in one.labels}
    return Impact(asked=asked, now=now, live=live, versions=tuple(found), unreadable=tuple(unreadable))


@click.command()
@click.argument("asked", metavar="FILE|SHA256")
@commands.data
@commands.as_json
def impact(asked: str, data: Path, *, as_json: bool) -> None:
    """Tell which versions a raw file touched, and which of them answer.

    The file is called as the problem file names it, by its path on this machine, or by the SHA-256 of its bytes: then
    only what was made from these very bytes is told.

    \b
    Examples:
      python -m pipeline impact data/weather.csv
      python -m pipeline impact 5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64 --json
    """
    found = of(data, asked)
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        show(found)


def show(found: Impact) -> None:
    """Tell it to a person: first what answers, then all versions by the bytes that they were made from."""
    console = commands.console()
    table = commands.grid()
    if not found.live:
        table.add_row("live", "none that it touched")
    for one in found.versions:
        if one.labels:
            table.add_row(one.state, Text.assemble((f"{one.model} {one.version}", "bold"), _why(one.decision)))
    for state in dict.fromkeys(one.state for one in found.versions if not one.labels):
        table.add_row(state, _numbers(one for one in found.versions if one.state == state))
    for path, sha256 in dict.fromkeys((one.path, one.sha256) for one in found.versions):
        table.add_row()
        table.add_row("raw", path)
        table.add_row("", Text.assemble(sha256, (_age(sha256, found.now), "dim")))
        same = (one for one in found.versions if (one.path, one.sha256) == (path, sha256))
        table.add_row("versions", _numbers(same))
    for name in found.unreadable:
        table.add_row("unreadable", Text(f"{name} has no manifest that can be read: nobody knows", "bold red"))
    console.print(table)


def _touched(manifest: dict[str, Any], raw: dict[str, str], labels: tuple[str, ...], last: Decided | None) -> Touched:
    return Touched(
        model=manifest["name"],
        version=manifest["version"],
        verdict=manifest["verdict"]["verdict"],
        made=manifest["made"],
        made_by=manifest["made_by"],
        path=raw["path"],
        sha256=raw["sha256"],
        labels=labels,
        state=published.state(last, labels),
        decision=last,
    )


def _names(path: str, asked: str, here: Path) -> bool:
    """Whether a raw file's path, as a manifest tells it, is the one that was asked for."""
    return path == asked or path.endswith(f": {asked}") or Path(path).absolute() == here.absolute()


def _why(decision: Decided | None) -> str:
    return f", {published.PAST[decision.verb]} {told(decision)}" if decision else ""


def _age(sha256: str, now: str | None) -> str:
    return "" if now is None else "   as the file is now" if sha256 == now else "   not as the file is now"


def _numbers(versions: Iterable[Touched]) -> str:
    """``flights 1 to 4, 6; trains 2``."""
    told = []
    for model, some in groupby(versions, key=attrgetter("model")):
        ranges: list[list[int]] = []
        for one in some:
            if ranges and one.version == ranges[-1][1] + 1:
                ranges[-1][1] = one.version
            else:
                ranges.append([one.version, one.version])
        told.append(f"{model} {', '.join(' to '.join(map(str, dict.fromkeys(ends))) for ends in ranges)}")
    return "; ".join(told)
