"""A version made again is proven equal, or what differs is told, causes first."""

import json
import shutil

import pytest
from click.testing import CliRunner

from bundle import version as versions
from pipeline import rebuilding
from pipeline.commands import pipeline
from pipeline.verification import verify


def again(small, into):
    return rebuilding.rebuild(small.version, into, small.looking, lambda *_: None)


def states(rebuilt):
    return {step.step: step.state for step in rebuilt.steps}


ALL = ("Land trips", "Add", "Double", "Ship")


@pytest.fixture
def into(tmp_path_factory):
    return tmp_path_factory.mktemp("into")


def test_it_works(small, into):
    rebuilt = again(small, into)
    assert rebuilt.equal
    assert states(rebuilt) == dict.fromkeys(ALL, "equal")
    assert rebuilt.causes == ()
    assert rebuilt.not_compared == ("assets.extra/lineage.json", "assets.extra/manifest.json")
    assert (into / "models" / "small" / "1" / "model").read_text() == "26"
    assert verify(into, [], full=True).holds, "what comes of it is a data folder like any other"


def test_it_needs_nothing_but_the_version_and_the_raw_bytes(small, into):
    small.problem.unlink()
    shutil.rmtree(small.data / "small")
    shutil.rmtree(small.data / "code")
    assert again(small, into).equal


def test_raw_bytes_that_are_gone_are_taken_as_they_were_landed(small, into):
    small.edit("trips.csv", "1\n", "7\n")
    rebuilt = again(small, into)
    assert rebuilt.equal
    assert rebuilt.causes == ("trips.csv no longer holds the bytes that it held",)
    assert states(rebuilt) == {**dict.fromkeys(ALL, "equal"), "Land trips": "taken"}
    assert verify(into, [], full=True).holds


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_raw_bytes_that_are_nowhere_end_it(small, into, harm):
    (small.folder / "trips.csv").unlink()
    if harm == "gone":
        shutil.rmtree(small.result("land"))
    else:
        (small.result("land") / "rows").write_text("0")
    rebuilt = again(small, into)
    assert not rebuilt.equal
    [step] = rebuilt.steps
    assert (step.step, step.state) == ("Land trips", "not made")
    assert ("neither is" if harm == "gone" else "rows is not the file that was made") in step.fault


def test_other_code_is_the_cause_and_the_steps_that_differ_are_named(small, into):
    small.edit("helping.py", "sum(values)", "sum(values) + 1")
    rebuilt = again(small, into)
    assert not rebuilt.equal
    assert rebuilt.causes == ("helping.total was changed",)
    assert states(rebuilt) == {"Land trips": "equal", "Add": "differs", "Double": "differs", "Ship": "differs"}
    assert [step.files for step in rebuilt.steps[1:]] == [
        ("sum is different",),
        ("double is different",),
        ("model is different",),
    ]


def test_other_code_that_makes_the_same_is_equal_and_told(small, into):
    small.edit("helping.py", "sum(values)", "sum(values) + 0")
    rebuilt = again(small, into)
    assert rebuilt.equal
    assert rebuilt.causes == ("helping.total was changed",)


def test_code_that_is_gone_ends_it(small, into):
    (small.folder / "steps.py").unlink()
    rebuilt = again(small, into)
    assert not rebuilt.equal
    assert rebuilt.causes == ("no module of ours is called steps",)


def test_a_step_that_was_made_anew_with_the_same_content_is_one_step(small, into):
    """The chain tells the newest making; the step after it was kept, and tells the older one."""
    small.edit("trips.csv", "1\n2\n", "2\n1\n")
    small.make()
    shutil.rmtree(small.version)
    small.make()
    assert again(small, into).equal


def test_the_command_tells_and_exits_with_1(small, into):
    where = ["rebuild", "small/1", "--data", str(small.data)]
    into.rmdir()
    done = CliRunner().invoke(pipeline, [*where, "--into", str(into)])
    assert done.exit_code == 0, done.output
    assert "models/small/1 made again is equal.\n" in done.output
    assert (into / "models" / "small" / "1").is_dir()
    refused = CliRunner().invoke(pipeline, [*where, "--into", str(into)])
    assert refused.exit_code == 2
    assert "must be an empty folder" in refused.stderr
    small.edit("helping.py", "sum(values)", "sum(values) + 1")
    told = CliRunner().invoke(pipeline, [*where, "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["causes"] == ["helping.total was changed"]


def test_a_version_without_its_record_is_a_mistake(small):
    (small.version / "assets.extra" / "lineage.json").unlink()
    told = CliRunner().invoke(pipeline, ["rebuild", "small/1", "--data", str(small.data)])
    assert told.exit_code == 2
    assert "must hold the receipts" in told.stderr


@pytest.mark.slow
def test_a_whole_version_made_again_is_equal_and_answers(first_run, into):
    place, _ = first_run
    where = ["--data", str(place.folder / "data"), "--into", str(into)]
    done = CliRunner().invoke(pipeline, ["rebuild", "sample/1", *where, "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 0, told
    assert {step["state"] for step in told["steps"]} == {"equal"}
    versions.load(into / "models" / "sample" / "1")
    assert verify(into, [], full=True).holds
