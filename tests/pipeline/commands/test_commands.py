"""What holds of every command of ``python -m pipeline``."""

import shlex

import click
import pytest
from click.testing import CliRunner

from pipeline import commands
from pipeline.commands import Commands, pipeline
from pipeline.errors import PlumblineError

NAMES = pipeline.list_commands(click.Context(pipeline))
CALL = "python -m pipeline "


def examples(name: str) -> list[list[str]]:
    """The command lines that its help shows, without the program's name."""
    shown = pipeline.get_command(click.Context(pipeline), name).help
    lines = [line.strip() for line in shown.splitlines()]
    return [shlex.split(line.removeprefix(CALL), comments=True) for line in lines if line.startswith(CALL)]


def test_the_help_names_every_command():
    told = CliRunner().invoke(pipeline, ["--help"])
    assert told.exit_code == 0
    assert all(f"  {name} " in told.output for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_has_examples_that_can_be_called(name):
    command = pipeline.get_command(click.Context(pipeline), name)
    assert examples(name)
    for called, *arguments in examples(name):
        assert called == name
        command.make_context(name, arguments)


def test_an_unknown_command_is_a_mistake():
    told = CliRunner().invoke(pipeline, ["tarce"])
    assert told.exit_code == 2
    assert "No such command 'tarce'" in told.stderr


@pytest.mark.parametrize("fault", [PlumblineError, PermissionError])
def test_a_fault_that_its_reader_can_mend_is_a_message(monkeypatch, fault):
    @click.command()
    def broken() -> None:
        raise fault("It must hold, and does not.")

    monkeypatch.setattr(Commands, "get_command", lambda *_: broken)
    told = CliRunner().invoke(pipeline, ["broken"])
    assert (told.exit_code, told.output) == (2, "Error: It must hold, and does not.\n")


def test_folders_are_those_of_the_configuration_unless_given(tmp_path):
    @click.command()
    @commands.data
    @commands.problems
    def places(data, problems) -> None:
        click.echo(f"{data} {problems}")

    assert CliRunner().invoke(places, ["--data", str(tmp_path)]).output == f"{tmp_path} problems\n"
