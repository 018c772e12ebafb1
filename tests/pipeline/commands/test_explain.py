"""What a run would do, and the exact cause, before it does."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from pipeline import run
from pipeline.commands import pipeline
from pipeline.commands.explain import changed, told
from pipeline.staleness import explain


def looked(small):
    """Each stage's state, and its causes in words."""
    return {
        one.stage: (one.state, [told(reason) for reason in one.reasons]) for one in explain(small.last, small.looking)
    }


def states(small):
    return {stage: state for stage, (state, _) in looked(small).items()}


KEPT = {"Land trips": "kept", "Add": "kept", "Double": "kept", "Ship": "kept"}


def test_it_works(small):
    assert states(small) == KEPT


def test_nothing_was_made_yet(unmade):
    assert looked(unmade) == {
        "Land trips": ("runs", ["never made"]),
        "Add": ("runs", ["never made"]),
        "Double": ("runs", ["never made"]),
        "Ship": ("runs", ["never made"]),
    }


def test_other_bytes_of_a_raw_file_are_named_and_what_follows_may_stop(small):
    small.edit("trips.csv", "1\n2\n", "2\n1\n")
    found = {one.stage: one for one in explain(small.last, small.looking)}
    [reason] = found["Land trips"].reasons
    assert (reason.kind, reason.what) == ("raw", "trips.csv")
    assert reason.before != reason.now
    assert (found["Add"].state, found["Add"].waits_for, found["Add"].reasons) == ("may run", ("Land trips",), ())
    assert found["Ship"].waits_for == ("Double", "Add")
    small.make()
    assert states(small) == KEPT
    assert not (small.version.parent / "2").exists(), "the sum is the same, and so the wave stops there"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("return sum(values)", "return sum(values) + 1", "helping.total changed"),
        ("ROUNDED = 0", "ROUNDED = 1", "helping.ROUNDED changed"),
        ("def total(values):", "def spare():\n    return 0\n\n\ndef total(values):", "helping.spare added"),
        ("ROUNDED = 0\n", "", "helping.ROUNDED removed"),
        ("import six\n", "import six, math\n", "helping.<module> changed"),
    ],
)
def test_what_changed_in_a_helper_of_another_module_is_named(small, old, new, why):
    small.edit("helping.py", old, new)
    found = looked(small)
    assert found["Add"] == ("runs", [why])
    assert found["Land trips"] == ("runs", [why]), "it reaches the module too"
    assert found["Ship"] == ("may run", [])


def test_a_comment_and_a_docstring_are_no_cause(small):
    small.edit("helping.py", '"""The numbers of a text."""', "# anything")
    assert states(small) == KEPT


def test_a_module_that_is_new_or_gone_is_named(small):
    (small.folder / "more.py").write_text("")
    small.edit("steps.py", "import helping\n", "import helping\nimport more\n")
    assert looked(small)["Double"] == ("runs", ["more added", "steps.<module> changed"])
    small.make()
    small.edit("steps.py", "import more\n", "")
    assert looked(small)["Double"][0] == "kept", "as it was before"


def test_code_that_was_not_kept_is_told_by_its_module(small):
    shutil.rmtree(small.data / "code")
    small.edit("helping.py", "sum(values)", "sum(values) + 1")
    assert looked(small)["Add"] == ("runs", ["helping changed"])


def test_another_function_of_the_same_module_is_named(small, monkeypatch):
    monkeypatch.setattr("tests.pipeline.commands.small.Double.function", "steps:land")
    assert looked(small)["Double"] == ("runs", ["function: steps:double to steps:land"])


def test_a_setting_is_named_by_its_place_with_both_values(small):
    small.edit("problems/small.toml", "seed = 3", "seed = 4")
    assert looked(small) == {
        "Land trips": ("kept", []),
        "Add": ("runs", ["seed: 3 to 4"]),
        "Double": ("may run", []),
        "Ship": ("may run", []),
    }


def test_the_version_of_a_library_is_named(small, monkeypatch):
    monkeypatch.setattr("pipeline.closure._version", lambda _: "99")
    assert looked(small)["Add"] == ("runs", [f"{name}: {version(name)} to 99" for name in ("numpy", "six")])


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda folder: (folder / "sum").write_text("7"), "sum is not the file that was made"),
        (lambda folder: (folder / "sum").unlink(), "sum is missing"),
        (lambda folder: (folder / "more").touch(), "more should not be there"),
        (lambda folder: (folder / "receipt.json").unlink(), "there is no receipt that can be read"),
        (shutil.rmtree, "it was made before, and is gone"),
    ],
)
def test_a_result_that_is_not_what_was_made_is_named(small, harm, why):
    folder = small.result("add")
    harm(folder)
    assert looked(small)["Add"] == ("runs", [f"small/add/{folder.name}: {why}"])
    assert states(small)["Double"] == "may run"


def test_a_file_that_is_not_there_blocks_what_needs_it(small):
    (small.folder / "trips.csv").unlink()
    why = ["trips.csv must be there, and is not"]
    assert looked(small) == dict.fromkeys(KEPT, ("blocked", why))


def test_what_was_made_since_and_came_out_otherwise_is_the_cause_of_the_next(small):
    small.edit("problems/small.toml", "seed = 3", "seed = 4")
    small.last.requires()["sum"].run()
    run.end()
    [why] = looked(small)["Double"][1]
    assert why.startswith("Add came out otherwise: ")


def test_it_makes_nothing_and_takes_no_lock(small):
    small.edit("problems/small.toml", "seed = 3", "seed = 4")
    before = written(small.data)
    states(small)
    assert before == written(small.data)


def written(data):
    """Each file and when it was written last; the index is no record, and may learn."""
    return {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file() and path.name != ".index"}


def test_of_two_lists_what_came_and_went_is_told():
    assert changed(["a", "c"], ["a", "b"]) == "without c, with b"
    assert changed(["a", "b"], ["b", "a"]) == "in another order"


@pytest.mark.slow
def test_the_command_explains_a_whole_run(first_run, tmp_path):
    place, _ = first_run
    text = place.problem.read_text()
    problems = tmp_path / "problems"
    problems.mkdir()
    (problems / "sample.toml").write_text(text.replace("min = 0.67", "min = 0.99"))
    where = ["--problem", "sample", "--data", str(place.folder / "data"), "--problems", str(problems)]
    told = CliRunner().invoke(pipeline, ["explain", *where])
    assert told.exit_code == 0, told.output
    assert "requirements[0].min: 0.67 to 0.99" in told.output
    assert "1 run, 1 may run, " in told.output
    stages = json.loads(CliRunner().invoke(pipeline, ["explain", *where, "--json"]).output)
    assert [one["stage"] for one in stages if one["state"] != "kept"] == ["Validate", "Publish"]


def test_a_problem_that_is_not_there_is_a_mistake_of_who_asks(unmade):
    command = [sys.executable, "-m", "pipeline", "explain", "--problem", "smaal", "--problems", "problems"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Known problems: small" in done.stderr
    assert "Traceback" not in done.stderr
