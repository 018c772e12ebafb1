"""Whole lines, or none."""

import resource
import signal

import pytest

from webapp.monitoring.append import append


def test_it_works(tmp_path):
    path = tmp_path / "new" / "day" / "log"
    append(path, b"one\n")
    append(path, b"two\n", durable=True)
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.fixture
def small_files():
    """A limit on the size of files, which a write meets as it meets the end of a disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_what_a_full_disk_cuts_short_is_taken_back(tmp_path, small_files):
    path = tmp_path / "log"
    append(path, b"whole\n")
    with pytest.raises(OSError, match="took 4 of 8 bytes"):
        append(path, b"no room\n")
    assert path.read_bytes() == b"whole\n"
