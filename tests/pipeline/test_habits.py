"""What people who know Luigi do with it works with our stages too: each test is one habit, with the real commands."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline import receipts
from tests.conftest import BIN
from tests.project import SAMPLE
from tests.sample import SOURCES


def test_the_tree_of_tasks_is_shown(project):
    tree = project.call(str(BIN / "luigi-deps-tree"), "--module", "pipeline", "RunAll", *SAMPLE).stdout
    assert "[RunAll-{'problem': 'sample', 'as_of': ''} (\x1b[94mPENDING" in tree
    assert "'source': 'airports'" in tree
    assert not (project.folder / "data").exists()


def test_requires_may_return_a_dictionary_a_list_or_one_task(project):
    project.luigi("Twice", *SAMPLE)
    receipt = receipts.read(project.made("twice"))
    assert (project.made("twice") / "count").read_text() == str(1459 + 3323)
    assert list(receipt.made_from) == ["input"]
    assert list(receipts.read(project.made("total")).made_from) == ["0", "1"]
    assert list(receipts.read(project.made("count/planes")).made_from) == ["raw"]


@pytest.mark.slow
def test_a_stage_of_ones_own_reads_what_ours_made(project):
    project.luigi("CountPlanes", *SAMPLE)
    assert "BOEING,1630" in (project.made("countplanes") / "planes.csv").read_text()
    assert "pandas" in receipts.read(project.made("countplanes")).libraries


def test_an_ordinary_task_reads_what_a_stage_made(project):
    project.luigi("Report", *SAMPLE, "--path", "report")
    assert (project.folder / "report").read_text() == "4782 lines"


def test_a_stage_reads_what_an_ordinary_task_made_and_follows_its_bytes(project):
    project.luigi("CountWords", *SAMPLE, "--path", "words")
    assert (project.made("countwords") / "count").read_text() == "3"
    before = project.made("countwords")
    (project.folder / "words").write_text("one\n")
    project.luigi("CountWords", *SAMPLE, "--path", "words")
    after = {path.parent for path in (project.folder / "data" / "sample" / "countwords").rglob(receipts.NAME)}
    assert [(path / "count").read_text() for path in after - {before}] == ["1"]


def test_a_task_may_find_out_while_it_runs_which_stages_it_needs(project):
    project.luigi("Longest", *SAMPLE, "--path", "longest")
    assert (project.folder / "longest").read_text() == "4782 1459 26116"


def test_handlers_of_ones_own_hear_of_success_and_failure(project):
    done = project.luigi("Count", *SAMPLE)
    assert done.stdout.splitlines() == ["done: Count"]
    done = project.luigi("Failing", *SAMPLE, code=30)
    assert done.stdout.splitlines() == ["failed: Failing: the first time it fails"]


@pytest.mark.slow
def test_a_stage_that_failed_is_tried_again_where_luigi_is_told_to(project):
    again = ("--worker-keep-alive", "--scheduler-retry-delay", "1", "--worker-wait-interval", "0.2")
    project.luigi("Failing", *SAMPLE, *again)
    assert (project.folder / "tried").read_text() == "xx"
    assert project.made("failing")


@pytest.mark.slow
def test_priorities_and_resources_are_kept_with_several_workers(project):
    project.luigi("AllRanked", *SAMPLE, "--workers", "3")
    lines = [line.split() for line in (project.folder / "order").read_text().splitlines()]
    assert [rank for rank, _, _ in lines] == ["3", "2", "1"]
    spans = sorted((float(began), float(ended)) for _, began, ended in lines)
    assert all(ended <= began for (_, ended), (began, _) in pairwise(spans))


@pytest.mark.slow
def test_two_workers_make_what_one_makes(place, first_run):
    done = place.run("--workers", "2")
    assert done.returncode == 0, done.stderr
    made, alone = (receipts.read_chain(one.version) for one in (place, first_run[0]))
    contents = [{(one.stage, one.source): one.content for one in chain} for chain in (made, alone)]
    assert contents[0] == contents[1]
    [events] = (place.folder / "data" / "lineage").iterdir()
    assert len(list(map(json.loads, events.read_text().splitlines()))) == 2 * (len(made) + len(SOURCES) + 1)
    assert place.run("--workers", "2").stdout.startswith("Everything is up to date:")


NOTEBOOK = """
import subprocess, sys
from pathlib import Path

import luigi
import stages

def build():
    return luigi.build([stages.Total(problem="sample")], local_scheduler=True)

assert build()
problem, work = Path("problems/sample.toml"), Path("work.py")
CHANGE
assert build()
assert stages.Total(problem="sample").complete()
print(*[(folder / "count").read_text() for folder in sorted(Path("data/sample/total").glob("[!.]*"))])
"""
ELSEWHERE = """
with Path("planes.csv").open("a") as file:
    file.write("\\n")
assert not stages.Total(problem="sample").complete()
subprocess.run([sys.argv[1], "--module", "stages", "Total", "--problem", "sample"], check=True)
assert stages.Total(problem="sample").complete()
"""


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ('problem.write_text(problem.read_text().replace("seed = 2013", "seed = 7"))', ["4782", "4782"]),
        ('work.write_text(work.read_text().replace("str(sum(counts))", "str(sum(counts) + 1)"))', ["4782", "4783"]),
        ('work.write_text(work.read_text().replace("str(len(lines))", "str(len(lines) + 1)"))', ["4782", "4784"]),
    ],
    ids=["problem", "module", "module that is loaded"],
)
def test_a_notebook_builds_twice_and_sees_what_changed_between(project, change, counts):
    (project.folder / "notebook.py").write_text(NOTEBOOK.replace("CHANGE", change))
    done = project.call(sys.executable, "notebook.py", str(BIN / "luigi"))
    assert sorted(done.stdout.splitlines()[-1].split()) == counts


@pytest.mark.slow
def test_between_two_builds_of_a_notebook_the_data_folder_is_free(project):
    (project.folder / "notebook.py").write_text(NOTEBOOK.replace("CHANGE", ELSEWHERE))
    done = project.call(sys.executable, "notebook.py", str(BIN / "luigi"))
    assert sorted(done.stdout.splitlines()[-1].split()) == ["4782", "4783"]


def ask(port: int, method: str, **data: object) -> object:
    """What a central scheduler answers."""
    query = urllib.parse.urlencode({"data": json.dumps(data)})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{method}?{query}", timeout=10) as answer:
        return json.load(answer)["response"]


@contextmanager
def scheduler(folder: Path):
    """A real luigid; the port that it listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    state = ("--state-path", str(folder / "state.pickle"))
    command = [str(BIN / "luigid"), "--address", "127.0.0.1", "--port", str(port), *state]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                ask(port, "task_list", status="DONE", upstream_status="")
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


@pytest.mark.slow
def test_a_central_scheduler_shows_the_stages_of_one_run_after_another(project):
    with scheduler(project.folder) as port:
        there = ("--scheduler-url", f"http://127.0.0.1:{port}")
        project.luigi("Total", *SAMPLE, *there)
        done = ask(port, "task_list", status="DONE", upstream_status="")
        assert {re.split("_", name)[0] for name in done} == {"Total", "Count", "Raw"}
        made = project.made("total")
        project.luigi("Total", *SAMPLE, *there)
        assert project.made("total") == made
        (project.folder / "planes.csv").write_text((project.folder / "planes.csv").read_text() + "\n")
        project.luigi("Total", *SAMPLE, *there)
        assert len(list((project.folder / "data" / "sample" / "total").iterdir())) == 2
        (project.folder / "planes.csv").unlink()
        project.luigi("Total", *SAMPLE, *there, code=20)
        project.luigi("Failing", *SAMPLE, *there, code=30)
        project.luigi("Failing", *SAMPLE, *there)
