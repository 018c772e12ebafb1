"""What is known of a file holds while the file is as it was, and no longer."""

import os
import time

import pytest

from bundle import digest
from pipeline.index import NAME, SPARE, Index


@pytest.fixture
def file(tmp_path):
    """A file that was written a while ago, so that it is taken up."""
    path = tmp_path / "file"
    path.write_text("first")
    time.sleep(0.1)
    return path


def known(path):
    """What a new process knows of the file without reading it."""
    return Index(path.parent).learned("sha256", path, lambda _: "read again")


def test_it_works(file):
    assert Index(file.parent).sha256(file) == digest.of_file(file)
    assert known(file) == digest.of_file(file)


@pytest.mark.parametrize("change", ["bytes of the same size and time", "bytes", "another file", "touched"])
def test_a_file_that_changed_is_read_again(file, change):
    Index(file.parent).sha256(file)
    status = file.stat()
    if change == "bytes":
        file.write_text("second")
    elif change == "another file":
        (file.parent / "other").write_text("other")
        (file.parent / "other").rename(file)
    elif change == "touched":
        file.touch()
    else:
        file.write_text("First")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert file.stat().st_mtime_ns == status.st_mtime_ns
    assert known(file) == "read again"


def test_a_file_that_changed_a_moment_ago_is_not_taken_up(tmp_path):
    path = tmp_path / "file"
    path.write_text("just now")
    Index(tmp_path).sha256(path)
    assert known(path) == "read again"


def test_it_moves_with_its_folder(file, tmp_path):
    Index(tmp_path).sha256(file)
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    tmp_path.rename(moved)
    assert known(moved / "file") == digest.of_file(moved / "file")


def test_half_a_line_is_as_none(file):
    Index(file.parent).sha256(file)
    whole = (file.parent / NAME).read_bytes()
    (file.parent / NAME).write_bytes(whole + whole[:30])
    assert known(file) == digest.of_file(file)
    (file.parent / NAME).write_bytes(b"\xff\xfe no index\n[1]\n")
    assert known(file) == "read again"


def test_where_it_cant_be_written_it_is_not(file, tmp_path):
    assert Index(tmp_path / "nowhere").sha256(file) == digest.of_file(file)
    assert not (tmp_path / "nowhere").exists()


def test_what_no_longer_counts_is_left_out_in_time(file):
    for _ in range(SPARE + 1):
        file.touch()
        time.sleep(0.1)
        Index(file.parent).sha256(file)
    lines = (file.parent / NAME).read_text().splitlines()
    Index(file.parent).compact()
    assert len((file.parent / NAME).read_text().splitlines()) == 1 < len(lines)
    assert known(file) == digest.of_file(file)
