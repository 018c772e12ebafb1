"""``trace``: from a version or an answer down to the raw bytes, the code and the people."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner

from bundle import digest, manifest
from pipeline import lineage
from pipeline.commands import pipeline
from tests.pipeline.history import sha256
from tests.sample import REPOSITORY

WIDE = {"COLUMNS": "120"}


def flat(answer):
    """What was said, however it is broken into lines."""
    return " ".join(answer.stdout.split())


@pytest.fixture
def ask(history):
    def trace(*arguments):
        return CliRunner().invoke(pipeline, ["trace", *arguments, "--data", str(history.data)], env=WIDE)

    return trace


@pytest.fixture
def told(ask):
    """The answer for a program."""
    return lambda *arguments: json.loads(ask(*arguments, "--json").stdout)


def test_it_works(ask, history):
    answer = ask("3")
    assert answer.exit_code == 0
    lines = [line.rstrip() for line in answer.stdout.splitlines()]
    assert lines[0] == "version    flights 3   PASS, live"
    assert lines[1] == "made       2026-11-01 10:03:00 by tom, run run-3"
    assert lines[2] == "approved   2026-11-04 10:00:00 by ada (line 3): The best so far."
    assert "└ Evaluate 200 2026-11-01 10:03" in flat(answer)
    assert f"           {sha256('rain')}" in lines
    assert 'search     {"trials": 6}' in lines
    assert "seed       7" in lines
    assert f"{sha256('Train')[:8]} pipeline.train" in answer.stdout


def test_a_program_gets_every_digest(told, history):
    answer = told("flights/live")
    assert (answer["model"], answer["version"], answer["state"], answer["verdict"]) == ("flights", 3, "live", "PASS")
    assert answer["manifest"] == digest.of_file(history.folder(3) / manifest.NAME)
    assert [(one["verb"], one["by"], one["sequence"]) for one in answer["decisions"]] == [("approve", "ada", 3)]
    assert {one["source"]: one["sha256"] for one in answer["raw"]}["weather"] == sha256("rain")
    train = next(step for step in answer["steps"] if step["stage"] == "Train")
    assert train["code"]["pipeline.train"] == sha256("Train")
    assert (train["settings"]["seed"], train["environment"]["system"]) == (7, "Linux")


def test_an_answer_comes_of_a_version_and_of_a_decision(ask, told, history):
    asked = history.answer(3)
    history.tell(asked, row=1, value=1)
    answer = told(asked)
    assert (answer["answer"]["id"], answer["version"]) == (asked, 3)
    assert answer["in_force"]["sequence"] == 3
    shown = ask(asked).stdout
    assert "in force   flights 3 was live, approved 2026-11-04 10:00:00 by ada (line 3): The best so far." in shown
    assert "distance     200   201" in shown
    assert "probability  0.25  0.5" in shown
    assert "came true    -     1" in shown


def test_the_decision_in_force_was_that_of_the_moment(told, history):
    asked = history.answer(1, after=timedelta(days=-1, seconds=-1))
    history.decide("retire", 3)
    history.answer(3, after=timedelta(seconds=1))
    assert told(asked)["in_force"]["version"] == 1


def test_an_answer_without_a_decision_is_told_as_such(ask, history):
    history.decide("retire", 3)
    assert "in force   no decision that is told of" in ask(history.answer(3)).stdout


def test_many_rows_are_told_in_part(ask, history):
    shown = ask(history.answer(3, rows=6)).stdout
    assert "and 2 rows more, which --json tells" in shown


def test_a_version_that_was_changed_since_it_was_approved(ask, history):
    path = history.folder(3) / manifest.NAME
    path.write_text(path.read_text() + "\n")
    assert "the version was changed since" in flat(ask("3"))


def test_what_was_decided_last_is_the_state(told, history):
    assert told("2")["state"] == "rejected"
    assert told("1")["state"] == "was live"
    history.publish(4)
    assert told("4")["state"] == "candidate"


def test_the_picture(ask, tmp_path):
    assert ask("3", "--picture", str(tmp_path / "lineage.svg")).exit_code == 0
    assert "flights 3" in (tmp_path / "lineage.svg").read_text()


def test_a_picture_of_another_kind_is_a_mistake(ask, tmp_path):
    answer = ask("3", "--picture", str(tmp_path / "lineage.doc"))
    assert answer.exit_code == 2
    assert "must end in .svg or .png, got lineage.doc" in answer.stderr


def test_a_picture_that_can_not_be_written_is_told(ask, tmp_path):
    answer = ask("3", "--picture", str(tmp_path / "nowhere" / "lineage.svg"))
    assert answer.exit_code == 2
    assert "Error: [Errno 2] No such file or directory" in answer.stderr


@pytest.mark.parametrize("asked", ["4", "nothing", "0" * 12 + "7" + "0" * 3 + "8" + "0" * 15])
def test_what_is_not_there_is_a_mistake(ask, asked):
    answer = ask(asked)
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Error: ")
    assert " must be " in answer.stderr


def test_broken_decisions_are_a_mistake_that_is_named(ask, history):
    (history.data / "decisions" / "flights.jsonl").write_text("{}\n")
    answer = ask("3")
    assert answer.exit_code == 2
    assert "must hold a decision in line 1" in answer.stderr


@pytest.mark.slow
def test_a_real_version_is_traced_to_the_raw_bytes(first_run, tmp_path):
    place, done = first_run
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "pipeline", "trace", "sample/1", "--data", str(place.folder / "data")]
    done = subprocess.run([*command, "--json"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert {one["source"]: one["sha256"] for one in answer["raw"]} == {
        name: digest.of_file(place.folder / f"{name}.csv") for name in ("flights", "weather", "planes", "airports")
    }
    assert [step["stage"] for step in answer["steps"]][-2:] == ["Validate", "Publish"]
    assert answer["state"] == "candidate"
    line = lineage.read(place.version)
    assert line.reduced["Publish"] == {"Validate"}
    shown = subprocess.run(
        [*command, "--picture", str(tmp_path / "lineage.png")], cwd=REPOSITORY, check=True, capture_output=True
    )
    assert b"Collect weather" in shown.stdout
