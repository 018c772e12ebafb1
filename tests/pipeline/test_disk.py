"""What a disk refuses is told in a sentence; real refusals, from files of the system that always refuse."""

from pathlib import Path

import pytest

from pipeline import disk
from pipeline.errors import DiskError

FULL = Path("/dev/full")


def raised(action):
    try:
        action()
    except OSError as error:
        return error
    return pytest.fail("the system must refuse this, and took it")


def test_a_full_disk_is_told_with_what_is_free_and_what_was_written(tmp_path):
    aside = tmp_path / "clean" / ".0123.aside" / "rows"
    aside.mkdir(parents=True)
    (aside / "part").write_bytes(bytes(2048))
    told = disk.fault(raised(lambda: FULL.write_text("x")), aside)
    assert told.startswith(f"Disk full at {tmp_path / 'clean'}: ")
    assert "more is needed than the 2.05 kB that were written" in told


def test_a_library_that_passes_on_only_words_is_understood(tmp_path):
    assert "Disk full" in disk.fault(RuntimeError("Failed to flush: No space left on device"), tmp_path)


def test_a_path_that_is_a_file_is_named(tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(DiskError, match=f"{tmp_path / 'data'} must be a folder, and is a file"), disk.told(tmp_path):
        (tmp_path / "data" / "clean").mkdir()


def test_a_disk_that_fails_is_told(tmp_path):
    def read():
        with Path("/proc/self/mem").open("rb") as file:
            file.read(1)

    assert "must work, and it failed" in disk.fault(raised(read), tmp_path)


@pytest.mark.parametrize("error", [ValueError("no"), FileNotFoundError(2, "No such file"), OSError("told by hand")])
def test_other_errors_are_left_alone(tmp_path, error):
    assert disk.fault(error, tmp_path) is None
    with pytest.raises(type(error)), disk.told(tmp_path):
        raise error
