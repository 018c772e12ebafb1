"""A stage's process: its faults reach the user, and it does not outlive its parent."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import process
from pipeline.closure import Code
from pipeline.errors import DataError, StageError
from pipeline.index import Index
from pipeline.job import Job, Outcome

CODE = Code(Index(Path("/nowhere"))).closure("tests.pipeline.test_process")


def fine(job):
    (job.output / "x").touch()
    return Outcome(rows_in=1)


def mendable(_):
    raise DataError("the file must have rows")


def broken(_):
    raise RuntimeError("no")


def killed(_):
    os.write(2, b"the library's last words")
    os.kill(os.getpid(), signal.SIGKILL)


def lost(_):
    ctypes.string_at(0)


def born(job):
    """The process that this was forked from, and what it finds in its environment."""
    keeper = Path(f"/proc/{os.getppid()}/stat").read_text()
    (job.output / "origin").write_text(keeper.rpartition(")")[2].split()[1])
    (job.output / "told").write_text(os.environ.get("TOLD", ""))
    return Outcome(rows_in=len(sys.modules))


def endless(job):
    (job.output / "pid").write_text(str(os.getpid()))
    time.sleep(600)


def job(name, folder):
    return Job(
        f"tests.pipeline.test_process:{name}",
        "",
        {},
        {},
        folder / "out",
        folder / "final",
        "tester",
        CODE,
        Path("/nowhere"),
    )


def test_it_works(tmp_path):
    outcome = process.run(job("fine", tmp_path))
    assert outcome.rows_in == 1
    assert outcome.peak_memory_bytes > 1 << 20
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_fault_that_the_user_can_mend_comes_back_as_such(tmp_path):
    with pytest.raises(DataError, match="the file must have rows"):
        process.run(job("mendable", tmp_path))


def test_any_other_fault_is_the_stages(tmp_path, capfd):
    with pytest.raises(StageError, match="RuntimeError: no"):
        process.run(job("broken", tmp_path))
    assert "Traceback" in capfd.readouterr().err


def test_code_that_changed_while_the_run_was_under_way_is_not_run(tmp_path):
    stale = replace(job("fine", tmp_path), code={**CODE, "pipeline.process": "as it was"})
    with pytest.raises(StageError, match=r"pipeline\.process changed\. Run again"):
        process.run(stale)
    assert not (tmp_path / "out" / "x").exists()


def test_nor_is_it_in_the_process_of_the_run(tmp_path):
    stale = replace(job("fine", tmp_path), code={**CODE, "pipeline.process": "as it was"})
    with pytest.raises(StageError, match=r"pipeline\.process changed\. Run again"):
        process.call(stale, Code(Index(tmp_path)))
    assert not (tmp_path / "out" / "x").exists()


def test_a_process_that_dies_is_told_with_what_native_code_said_last(tmp_path):
    with pytest.raises(StageError, match=r"signal SIGKILL.* memory has run out\.\nthe library's last words"):
        process.run(job("killed", tmp_path))


def test_a_process_that_dies_in_native_code_tells_where_python_was(tmp_path):
    with pytest.raises(
        StageError, match=r'(?s)signal SIGSEGV.*Segmentation fault.*test_process\.py", line \d+ in lost'
    ):
        process.run(job("lost", tmp_path))


def test_a_stage_ends_with_its_parent(tmp_path):
    code = (
        "from pathlib import Path; from pipeline import process; from tests.pipeline.test_process import job; "
        f"process.run(job('endless', Path({str(tmp_path)!r})))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    written = tmp_path / "out" / "pid"
    deadline = time.monotonic() + 30
    while not (written.exists() and written.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = Path("/proc") / written.read_text()
    assert child.exists()
    parent.kill()
    parent.wait()
    while child.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists()


@pytest.fixture
def origins(tmp_path, monkeypatch):
    """Runs a stage; the process that it was forked from."""
    process.end()
    monkeypatch.delenv("PYTEST_CURRENT_TEST")

    def origin(name):
        process.run(job("born", tmp_path / name))
        return int((tmp_path / name / "out" / "origin").read_text())

    yield origin
    process.end()


def test_stages_are_forked_from_one_process_until_the_run_ends(origins):
    first = origins("one")
    assert origins("two") == first
    process.end()
    assert not Path(f"/proc/{first}").exists()
    assert origins("three") != first


def test_one_that_was_killed_is_started_again(origins):
    first = origins("one")
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert origins("two") != first


def test_a_worker_that_was_forked_asks_the_same_one(origins):
    first = origins("one")
    child = os.fork()
    if not child:
        os._exit(origins("two") != first)
    assert os.waitpid(child, 0)[1] == 0
    assert origins("three") == first


def test_a_stage_finds_the_environment_of_now(origins, tmp_path, monkeypatch):
    origins("one")
    monkeypatch.setenv("TOLD", "later")
    origins("two")
    assert (tmp_path / "two" / "out" / "told").read_text() == "later"


def test_several_run_at_a_time(origins, tmp_path):
    first = origins("one")
    children = []
    for name in ("two", "three", "four"):
        if not (child := os.fork()):
            os._exit(origins(name) != first)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
