"""One run at a time on a data folder."""

import subprocess
import sys

import pytest

from pipeline import lock
from pipeline.errors import AlreadyRunning

HOLDER = """
import sys, time
from pathlib import Path
from pipeline import lock
lock.hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    lock.release(tmp_path)


def test_a_folder_that_is_held_is_refused_and_the_holder_is_named(tmp_path, holder):
    with pytest.raises(AlreadyRunning, match=f"process {holder.pid} on "):
        lock.hold(tmp_path)


def test_a_holder_that_dies_lets_go(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert lock.hold(tmp_path)


def test_who_holds_it_may_hold_it_again_under_the_same_name(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert lock.hold(tmp_path) == lock.hold(tmp_path)


def test_who_lets_go_leaves_it_to_another(tmp_path, holder):
    holder.kill()
    holder.wait()
    first = lock.hold(tmp_path)
    lock.release(tmp_path)
    assert lock.hold(tmp_path) != first


@pytest.mark.parametrize("taken", ["removed", "removed and taken over"])
def test_a_holder_whose_file_was_removed_is_told_before_anything_appears(tmp_path, holder, taken):
    holder.kill()
    holder.wait()
    lock.hold(tmp_path)
    lock.confirm(tmp_path)
    (tmp_path / lock.NAME).unlink()
    if taken == "removed and taken over":
        successor = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert successor.stdout.readline() == "held\n"
        successor.kill()
        successor.wait()
    with pytest.raises(AlreadyRunning, match="no longer does"):
        lock.confirm(tmp_path)
