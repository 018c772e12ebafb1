"""Runs that are killed at any moment, and started again: nothing half is taken, and nothing finished is done twice."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from bundle import digest
from pipeline import receipts
from tests import graph
from tests.conftest import Place
from tests.sample import write

pytestmark = pytest.mark.slow

SECONDS = 4.0
"""Between the start of a run and its end, on average: every moment is as likely, and some runs live through a stage."""


def kill(run):
    """End a run and all that it started, as the system does: without a word."""
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def finished(place):
    """The receipts that are visible, and the moment at which each was written."""
    depths = ("[!.]*/[!.]*/[!.]*", "[!.]*/[!.]*/[!.]*/[!.]*")
    paths = [path for depth in depths for path in (place.folder / "data").glob(f"{depth}/{receipts.NAME}")]
    return {path: path.stat().st_mtime_ns for path in paths}


def run_until_killed(place, seconds):
    """Whether the run was killed; what is visible then must be whole, and what was finished before must lie still."""
    before = finished(place)
    run = place.start()
    try:
        _, said = run.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(run)
    graph.contents(place.folder / "data")
    after = finished(place)
    assert {path: after[path] for path in before} == before
    if run.returncode != -signal.SIGKILL:
        assert run.returncode == 0, said
    return run.returncode != 0


def results(place):
    """The content of every stage's result; of the version its model, for its documents tell times."""
    found = graph.contents(place.folder / "data")
    del found["models/sample"]
    files = set(digest.files_below(place.version)) - {receipts.NAME}
    model = [name for name in files if not name.startswith("assets.extra/")]
    return found | {name: digest.of_file(place.version / name) for name in model}


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.exhaustive)])
def test_case_23_killed_at_random_moments(first_run, place, kills):
    undisturbed, _ = first_run
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - seen where the test fails, or with -s
    moments = random.Random(seed)  # noqa: S311 - no secret
    done = ended = 0
    while done < kills or not ended:
        if run_until_killed(place, moments.expovariate(1 / SECONDS) if done < kills else 300):
            done += 1
            continue
        ended += 1
        assert results(place) == results(undisturbed)
        assert not list((place.folder / "data" / "sample").rglob(".*"))
        if done < kills:
            shutil.rmtree(place.folder / "data")
    print(f"{done} kills, {ended} runs to the end")  # noqa: T201 - likewise


@pytest.mark.exhaustive
def test_case_23_killed_as_soon_as_each_stage_is_finished(first_run, place):
    undisturbed, _ = first_run
    stages = len(finished(undisturbed))
    for number in range(1, stages + 1):
        run = place.start()
        while len(finished(place)) < number:
            assert run.poll() is None
            time.sleep(0.002)
        kill(run)
        assert len(finished(place)) == number
    assert not run_until_killed(place, 60)
    assert results(place) == results(undisturbed)


def test_case_23_killed_between_two_epochs_the_same_model_is_exported(first_run, place):
    """Bit by bit: in how many processes it learned shows in no file."""
    undisturbed, _ = first_run
    shutil.copytree(undisturbed.folder / "data", place.folder / "data")
    shutil.rmtree(place.folder / "data" / "sample" / "train")
    run = place.start()
    while not list((place.folder / "data" / "work" / "sample" / "train").glob("*/*/checkpoint.npz")):
        assert run.poll() is None
        time.sleep(0.002)
    kill(run)
    assert not list((place.folder / "data" / "sample" / "train").glob("[!.]*"))
    assert not run_until_killed(place, 300)
    assert results(place) == results(undisturbed)


def test_case_24_killed_while_a_table_of_several_parts_is_written(tmp_path):
    write(tmp_path, every=2)
    place = Place(tmp_path)
    home = tmp_path / "data" / "sample" / "clean" / "flights"
    command = place.command("--source", "flights", task="Clean")
    options = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    run = subprocess.Popen(command, **options, start_new_session=True)
    while not list(home.glob(".*/rows/*.parquet")):
        assert run.poll() is None
        time.sleep(0.001)
    kill(run)
    assert not list(home.glob("[!.]*"))
    done = subprocess.run(command, **options, check=False)
    assert done.returncode == 0, done.stderr
    assert "Collect" not in done.stderr
    [made] = home.iterdir()
    receipt = receipts.read(made)
    assert len(list((made / "rows").glob("*.parquet"))) >= 2
    assert receipt.rows_in == 168_388
    graph.whole(made)
