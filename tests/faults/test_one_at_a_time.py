"""One run at a time on a data folder, whoever starts the others and however; and what is edited while it runs."""

import json
import os
import signal
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from pipeline import lock
from tests import graph
from tests.deploy.registry import free_port
from tests.graph import BIN, STAGES, ran

pytestmark = pytest.mark.slow

WAIT = """def keep(job):
    import time

    job.final.parents[4].joinpath("begun").touch()
    while not job.final.parents[4].joinpath("go").exists():
        time.sleep(0.01)
"""


@pytest.fixture
def made(tmp_path):
    """The small graph, whose first stage waits until the file ``go`` is there."""
    made = graph.write(tmp_path / "graph")
    code = made.module("lines").read_text()
    made.module("lines").write_text(code.replace("def keep(job):\n", WAIT))
    return made


@pytest.fixture
def holder(made):
    """A run that is at work in the first stage."""
    run = made.start()
    while not (made.folder / "begun").exists():
        assert run.poll() is None
        time.sleep(0.01)
    yield run
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    run.stderr.close()


def go(made):
    (made.folder / "go").touch()


HOWEVER = {
    "the same command": lambda made: made.command(),
    "parameters in another order": lambda made: [
        *made.command()[:-2],
        "--plumbline-data",
        "data",
        "--workers",
        "1",
        "--problem",
        "sample",
    ],
    "no lock of Luigi's": lambda made: made.command("--no-lock"),
    "more workers": lambda made: made.command("--workers", "2"),
    "another way to name the folder": lambda made: made.command("--plumbline-data", "./data/../data"),
    "another task": lambda made: [*made.command()[:3], "Lines", "--problem", "sample"],
}


@pytest.mark.parametrize("how", HOWEVER)
def test_case_28_a_second_run_is_refused_and_the_first_is_named(made, holder, how):
    done = subprocess.run(HOWEVER[how](made), **made.options(), capture_output=True, check=False)
    assert done.returncode == 10, done.stderr
    assert f"process {holder.pid} on" in done.stderr
    assert "Traceback" not in done.stderr


def test_case_28_a_second_run_from_python_is_refused(made, holder):
    code = "import luigi, mine; luigi.build([mine.Told(problem='sample')], local_scheduler=True)"
    done = subprocess.run([sys.executable, "-c", code], **made.options(), capture_output=True, check=False)
    assert done.returncode == 10, done.stderr
    assert f"process {holder.pid} on" in done.stderr


def test_case_28_twenty_started_together(made):
    go(made)
    with (made.folder / "said").open("w") as said:
        runs = [
            subprocess.Popen(made.command(), **made.options(), stderr=said, stdout=subprocess.DEVNULL)
            for _ in range(20)
        ]
        codes = [run.wait(timeout=120) for run in runs]
    assert set(codes) == {0, 10}
    lines = (made.folder / "said").read_text().splitlines()
    assert [line.split()[1] for line in lines if line.endswith("...")] == STAGES
    graph.contents(made.data)


def test_a_holder_that_was_killed_is_taken_over(made, holder):
    os.killpg(holder.pid, signal.SIGKILL)
    holder.communicate()
    go(made)
    done = made.run()
    assert done.returncode == 0, done.stderr
    assert ran(done) == STAGES


def test_who_was_stopped_and_taken_over_publishes_nothing(made, holder):
    os.killpg(holder.pid, signal.SIGSTOP)
    (made.data / lock.NAME).unlink()
    go(made)
    successor = made.run()
    assert ran(successor) == STAGES
    before = {path: path.stat().st_ino for path in made.data.rglob("*") if path.is_dir()}
    os.killpg(holder.pid, signal.SIGCONT)
    said = holder.communicate(timeout=60)[1]
    assert holder.returncode in (10, 30), said
    assert "no longer" in said
    assert "Traceback" not in said
    for path in made.data.rglob("*"):
        if path.is_dir() and not path.name.startswith("."):
            assert path.stat().st_ino == before[path]
    graph.contents(made.data)
    assert ran(made.run()) == []


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_case_31_a_problem_file_edited_meanwhile_counts_for_the_next_run(made, holder):
    edit(made.problem, 'title = "Will', 'title = "Oh, will')
    go(made)
    assert holder.wait(timeout=60) == 0
    assert (made.result("Told") / "told").read_text().startswith("Will this")
    done = made.run()
    assert ran(done) == ["Told"]
    assert sorted(path.read_text()[:3] for path in made.data.rglob("told/*/told")) == ["Oh,", "Wil"]


def test_case_31_code_edited_meanwhile_counts_for_what_begins_after(made, holder):
    edit(made.module("letters"), "lower", "upper")
    edit(made.module("counting"), "str(len(lines))", "str(len(lines) + 1)")
    go(made)
    assert holder.wait(timeout=60) == 0
    assert (made.result("Count") / "count").read_text() == "4"
    assert (made.result("Count") / "more" / "longest").read_text() == "le bourget"
    assert ran(made.run()) == STAGES
    assert ran(made.run()) == []


def test_case_31_settings_edited_meanwhile_count_for_the_next_run(made, holder):
    edit(made.folder / "luigi.cfg", "data = data", "data = elsewhere")
    go(made)
    assert holder.wait(timeout=60) == 0
    assert not (made.folder / "elsewhere").exists()
    assert ran(made.run()) == STAGES
    assert graph.contents(made.folder / "elsewhere") == graph.contents(made.data)


def test_case_33_a_scheduler_that_is_not_there_is_told(made):
    go(made)
    done = made.run("--scheduler-url", "http://127.0.0.1:8399")
    assert done.returncode == 35, done.stderr
    assert "http://127.0.0.1:8399" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheduler_that_is_named_is_used(made):
    go(made)
    port = free_port()
    luigid = [BIN / "luigid", "--port", str(port), "--address", "127.0.0.1", "--state-path", made.folder / "state"]
    server = subprocess.Popen(luigid, **made.options(), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while (done := made.run("--scheduler-url", f"http://127.0.0.1:{port}")).returncode == 35:
            assert time.monotonic() < deadline
        assert done.returncode == 0, done.stderr
        with urlopen(f"http://127.0.0.1:{port}/api/task_list?data={{}}") as told:
            assert {task["name"] for task in json.load(told)["response"].values()} >= set(STAGES)
    finally:
        server.kill()
        server.wait()


def test_case_34_a_task_that_leaves_one_of_its_two_outputs_fails(made):
    go(made)
    with made.module("mine").open("a") as module:
        module.write(HALF)
    done = subprocess.run([*made.command()[:3], "Half"], **made.options(), capture_output=True, check=False)
    assert done.returncode == 30, done.stderr


HALF = """

class Half(luigi.Task):
    def output(self):
        return [luigi.LocalTarget("one"), luigi.LocalTarget("two")]

    def run(self):
        with self.output()[0].open("w") as file:
            file.write("1")
"""
