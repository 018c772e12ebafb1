"""What nothing needs goes, and nothing else."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pipeline import garbage, lock
from pipeline.commands import pipeline
from pipeline.commands.gc import amount
from pipeline.verification import verify


def found(small):
    """What may go, by path, and why."""
    return {one.path: one.why for one in garbage.find(small.looking, [small.last])}


def collect(small):
    """Remove it, as the command does."""
    now = small.looking
    garbage.remove(small.data, garbage.find(now, [small.last]), "0123")


def path(small, folder):
    return folder.relative_to(small.data).as_posix()


def reseed(small, old, new):
    small.edit("problems/small.toml", f"seed = {old}", f"seed = {new}")


def test_all_that_is_needed_stays(small):
    assert found(small) == {}


def test_what_no_problem_file_leads_to_goes(small):
    old = {path(small, small.result(stage)): "nothing needs it" for stage in ("add", "double")}
    reseed(small, 3, 4)
    small.make()
    assert found(small) == old
    collect(small)
    assert found(small) == {}
    assert not any((small.data / one).exists() for one in old)
    assert verify(small.data, [], full=True).holds, "the first version needs no folder but its own and the raw bytes"
    assert small.version.is_dir()


def test_what_a_re_run_may_come_back_to_stays(small):
    """The raw file changed: that the sum comes out the same is not known before."""
    small.edit("trips.csv", "1\n2\n", "2\n1\n")
    assert found(small) == {}
    collect(small)
    small.make()
    assert not (small.version.parent / "2").exists()


def test_the_raw_bytes_of_a_version_stay_when_the_file_is_another(small):
    landed = small.result("land")
    small.edit("trips.csv", "1\n", "7\n")
    small.make()
    collect(small)
    assert landed.is_dir()
    assert verify(small.data, [], full=True).holds


def test_broken_results_go(small):
    folder = small.result("double")
    (folder / "double").write_text("0")
    assert found(small) == {path(small, folder): "broken"}
    collect(small)
    assert not folder.exists()


def test_a_broken_version_stays(small):
    (small.version / "model").write_text("0")
    assert found(small) == {}


def test_what_ended_runs_left_goes(small):
    left = small.data / "small" / "add" / ".0123.4567.aside"
    left.mkdir()
    (left / "sum").write_text("7")
    left.with_name(".0123.4567.part").touch()
    (small.data / "models" / "small" / ".89.aside").mkdir()
    assert set(found(small).values()) == {"left aside by ended runs"}
    assert len(found(small)) == 3
    collect(small)
    assert not left.exists()
    assert found(small) == {}


def test_a_working_folder_stays_as_long_as_its_result_is_needed_or_may_still_be_made(small):
    double, other = small.result("double"), "0" * 64
    work = small.data / "work" / "small" / "double"
    for name in (double.name, other, f".{other}.0123.aside"):
        (work / name).mkdir(parents=True)
    gone = {path(small, work / name): "nothing needs it" for name in (other, f".{other}.0123.aside")}
    assert found(small) == gone
    shutil.rmtree(double)
    assert found(small) == gone, "it will be made again"
    small.edit("trips.csv", "1\n", "7\n")
    assert found(small) == {}, "nobody knows what it will be made from"
    reseed(small, 3, 4)
    small.make()
    collect(small)
    assert not any(work.iterdir())


def test_code_that_no_receipt_names_goes_and_the_rest_stays(small):
    entry = small.data / "code" / f"{'0' * 64}.py"
    entry.touch()
    before = set(entry.parent.iterdir())
    assert found(small) == {path(small, entry): "code that no receipt names"}
    collect(small)
    assert before - set(entry.parent.iterdir()) == {entry}


def test_results_of_stages_and_problems_that_the_graph_does_not_have_stay(small):
    ours = small.result("add")
    for other in ("small/another", "others/add", "small/land/trips/2013-01-01"):
        folder = small.data / other / ours.name
        folder.parent.mkdir(parents=True)
        ours.rename(folder)
        assert path(small, folder) not in found(small)
        folder.rename(ours)


def test_results_of_a_source_that_the_problem_no_longer_has_go(small):
    folder = small.data / "small" / "land" / "another" / small.result("land").name
    folder.parent.mkdir(parents=True)
    small.result("land").rename(folder)
    small.make()
    assert folder.is_dir()
    assert found(small) == {}, "it holds the raw bytes of the version"
    reseeded = folder.with_name("f" * 64)
    folder.rename(reseeded)
    assert found(small) == {path(small, reseeded): "nothing needs it"}


def test_the_command_tells_and_removes(small):
    left = small.data / "small" / "add" / ".0123.4567.aside"
    left.mkdir()
    (left / "sum").write_bytes(bytes(2048))
    where = ["gc", "--data", str(small.data), "--problems", str(small.problem.parent)]
    small.problem.write_text("name = 7")
    told = CliRunner().invoke(pipeline, [*where, "--dry-run"])
    assert told.exit_code == 0, told.output
    assert "2.0 kB would be freed" in told.output
    assert "The results of small were left alone" in told.output
    assert left.exists()
    removed = json.loads(CliRunner().invoke(pipeline, [*where, "--json"]).stdout)
    assert (removed["removed"], removed["bytes"]) == (True, 2048)
    assert not left.exists()


HOLDER = """
import sys, time
from pathlib import Path
from pipeline import lock
print(lock.hold(Path(sys.argv[1])), flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(small):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(small.data)], stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()


def test_while_a_run_is_at_work_nothing_goes_and_what_it_makes_is_no_garbage(small, holder):
    left = small.data / "small" / "add" / f".0123.{holder}.aside"
    left.mkdir()
    where = ["gc", "--data", str(small.data), "--problems", str(small.problem.parent)]
    refused = CliRunner().invoke(pipeline, where)
    assert refused.exit_code == 10
    assert "One run at a time" in refused.stderr
    told = CliRunner().invoke(pipeline, [*where, "--dry-run"])
    assert told.output == "There is nothing to remove.\n"
    assert left.exists()
    assert lock.at_work(small.data) == holder


def test_a_folder_that_nobody_holds_tells_so(tmp_path):
    assert lock.at_work(tmp_path) == ""
    (tmp_path / ".lock").write_text(json.dumps({"run": "r", "pid": os.getpid(), "host": "elsewhere"}))
    assert lock.at_work(tmp_path) == "r", "of another machine nobody can tell"


def test_amounts_are_rounded():
    assert [amount(one) for one in (12, 1234, 5_600_000, 7e12)] == ["12 bytes", "1.2 kB", "5.6 MB", "7,000.0 GB"]


@pytest.mark.slow
def test_a_whole_run_has_no_garbage(first_run):
    place, _ = first_run
    where = ["--data", str(place.folder / "data"), "--problems", str(place.problem.parent)]
    told = CliRunner().invoke(pipeline, ["gc", "--dry-run", *where])
    assert told.output == "There is nothing to remove.\n"
