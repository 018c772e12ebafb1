"""Work in a process apart: what it gives and what it raises comes back, and nothing else does."""

import multiprocessing
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from pipeline import apart
from pipeline.errors import DataError, StageError

here = []


def test_what_it_gives_comes_back_and_this_process_is_as_it_was():
    def work(number, tell):
        here.append(number)
        tell(f"{number} is done")
        return {"number": number, "process": os.getpid()}

    heard = []
    first, second = apart.done([partial(work, 1), partial(work, 2)], heard.append)
    assert (first["number"], second["number"]) == (1, 2)
    assert len({first["process"], second["process"], os.getpid()}) == 3
    assert sorted(heard) == ["1 is done", "2 is done"]
    assert here == []


def test_all_go_on_at_the_same_time_and_the_others_end_with_one_that_fails():
    ours, theirs = multiprocessing.Pipe()

    def waits(_):
        theirs.send(os.getpid())
        time.sleep(600)

    def fails(_):
        ours.poll(60)
        raise DataError("It fails while the other waits.")

    with pytest.raises(DataError, match="while the other waits"):
        apart.done([waits, fails], here.append)
    assert not Path(f"/proc/{ours.recv()}").exists()


def test_what_it_raises_is_raised_here_with_the_place_where_it_was():
    def work(_):
        raise DataError("The loss must be finite.")

    with pytest.raises(DataError, match="must be finite") as raised:
        apart.done([work], here.append)
    assert "in work" in raised.value.__notes__[0]


def test_a_disk_that_is_full_is_told_as_one():
    def work(_):
        raise OSError(28, "No space left on device", "somewhere")

    with pytest.raises(OSError, match="No space left") as raised:
        apart.done([work], here.append)
    assert (raised.value.errno, raised.value.filename) == (28, "somewhere")


def test_one_that_dies_is_told():
    with pytest.raises(StageError, match="ended with signal SIGKILL"):
        apart.done([lambda _: os.kill(os.getpid(), signal.SIGKILL)], here.append)
