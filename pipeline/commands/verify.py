"""``verify``: whether the chain of receipts holds, and where it does not."""

import sys
from pathlib import Path

import click
from rich.text import Text
from rich.tree import Tree

from pipeline import commands, published
from pipeline.commands import console, say_json
from pipeline.run import Run
from pipeline.verification import Broken, Verified
from pipeline.verification import verify as verified


@click.command()
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@click.option("--full", is_flag=True, help="Read every byte, also of files that look as they did.")
@commands.problem
@commands.data
@commands.as_json
def verify(versions: tuple[str, ...], full: bool, problem: str, data: Path, *, as_json: bool) -> None:
    """Check every receipt, every file and every link between them; of a VERSION alone, and what is behind it.

    Exits with 1 where something is wrong. Names the first wrong link of each chain, and what rests on it.

    \b
    Examples:
      python -m pipeline verify
      python -m pipeline verify --full flights/1
    """
    folders = [published.folder(data, *published.find(data, name, problem)) for name in versions]
    found = verified(data, folders, full=full, sha256=Run(data, "").index.sha256)
    if as_json:
        say_json({**found.model_dump(mode="json"), "holds": found.holds})
    else:
        show(found)
    sys.exit(0 if found.holds else 1)


def show(found: Verified) -> None:
    """Say what was looked at, and each thing that is wrong."""
    out = console()
    for broken in found.broken:
        out.print(tree(broken))
    for entry in found.code:
        out.print(Text(f"{entry} is not the code of its name", "bold red"))
    if found.left_aside:
        out.print(
            f"{len(found.left_aside)} left aside by runs that were ended; python -m pipeline gc removes them.",
            soft_wrap=True,
        )
    how = "every byte read" if found.full else "unchanged by size and times, or read"
    looked = f"{found.links:,} links, {found.folders:,} folders, {found.files:,} files ({how})"
    wrong = len(found.broken) + len(found.code)
    places = "one place" if wrong == 1 else f"{wrong} places"
    out.print(f"The chain {'holds' if found.holds else f'is broken in {places}'}: {looked}.", soft_wrap=True)


def tree(broken: Broken) -> Tree:
    """A wrong link, why, and what rests on it."""
    drawn = Tree(Text(broken.link, "bold red"), guide_style="dim")
    for fault in broken.faults:
        drawn.add(Text(fault))
    if broken.rests_on_it:
        resting = drawn.add(Text("on it rests", "dim"))
        for name in broken.rests_on_it:
            resting.add(Text(name))
    return drawn
