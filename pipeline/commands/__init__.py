"""The commands of ``python -m pipeline``: one a module of this package, imported when it is called.

A command is a plain function that returns what it found, and beside it the click command of the module's name that
shows it: to a person on a terminal, or as JSON to a program. Results go to stdout. It exits with

0   where all is well
1   where something is wrong with what was looked at
2   where it was called in a way that can't be answered
"""

import json
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bundle.decisions import Decided
from pipeline import config
from pipeline.errors import PlumblineError


class Commands(click.Group):
    """A group whose commands are the modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Their names."""
        return sorted(module.name for module in iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Do what was asked; a fault that its reader can mend is a message."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader has seen enough, which click knows of
            raise
        except (PlumblineError, OSError) as error:
            raise click.UsageError(str(error)) from None


@click.group(cls=Commands)
def pipeline() -> None:
    """Ask what the pipeline has made. To run it: luigi --module pipeline RunAll"""


def _choose(ctx: click.Context, option: click.Parameter, given: Path | None) -> Path:  # noqa: ARG001 - as click calls it
    return config.choose(str(option.name), given)


data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    callback=_choose,
    help="The folder of everything that is made.  [default: that of luigi.cfg]",
)
problems = click.option(
    "--problems",
    type=click.Path(path_type=Path, file_okay=False),
    callback=_choose,
    help="The folder of the problem files.  [default: that of luigi.cfg]",
)
problem = click.option("--problem", default="flights", show_default=True, help="The name of a problem file.")
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for a program.")


def console() -> Console:
    """Where results are shown to a person: in colour only on a terminal, and as wide as it is."""
    return Console(highlight=False)


def grid() -> Table:
    """Facts, a line each: what it is about, and the fact."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=9)
    table.add_column(overflow="fold")
    return table


def moment(at: str) -> str:
    """A moment, given in ISO 8601, as a person reads it: in UTC."""
    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def told(decision: Decided) -> str:
    """A decision in a line: when, by whom and why, and where the audit trail has it."""
    return f"{moment(decision.at.isoformat())} by {decision.by} (line {decision.sequence}): {decision.reason}"


def say_json(value: Any) -> None:
    """Show a result to a program."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))
