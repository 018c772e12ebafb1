"""Work in a process apart: what it gives and what it raises comes back, and nothing else does."""

import os
import signal

import pytest

from pipeline import apart
from pipeline.errors import DataError, StageError

here = []


def test_what_it_gives_comes_back_and_this_process_is_as_it_was():
    def work():
        here.append(1)
        return {"process": os.getpid()}

    assert apart.done(work)["process"] != os.getpid()
    assert here == []


def test_what_it_raises_is_raised_here_with_the_place_where_it_was():
    def work():
        raise DataError("The loss must be finite.")

    with pytest.raises(DataError, match="must be finite") as raised:
        apart.done(work)
    assert "in work" in raised.value.__notes__[0]


def test_a_disk_that_is_full_is_told_as_one():
    def work():
        raise OSError(28, "No space left on device", "somewhere")

    with pytest.raises(OSError, match="No space left") as raised:
        apart.done(work)
    assert (raised.value.errno, raised.value.filename) == (28, "somewhere")


def test_one_that_dies_is_told():
    with pytest.raises(StageError, match="ended with signal SIGKILL"):
        apart.done(lambda: os.kill(os.getpid(), signal.SIGKILL))
