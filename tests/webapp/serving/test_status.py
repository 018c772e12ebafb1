"""What each worker says that it serves: as long as it lives, and no longer."""

import os
import time

import pytest

from webapp.serving import status
from webapp.serving.status import SILENT_SECONDS, Board
from webapp.serving.table import Table

TABLE = Table({}, {"small": "It can't be loaded."}, {})


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setattr(status, "TOUCH_SECONDS", 0)
    made = Board(tmp_path)
    made.show(TABLE)
    return made


def place(board):
    [found] = board.folder.glob("*.json")
    return found


def silence(path):
    """Let it be long ago that the file was touched."""
    then = time.time() - SILENT_SECONDS - 1
    os.utime(path, (then, then))


def test_it_works(board, tmp_path):
    [told] = status.read(tmp_path)
    assert (told.name, told.pid, told.fault) == ("small", os.getpid(), "It can't be loaded.")
    board.clear()
    assert status.read(tmp_path) == []


def test_a_worker_that_is_silent_is_not_counted(board, tmp_path):
    silence(place(board))
    assert status.read(tmp_path) == []


def test_a_worker_that_lives_says_so_and_nothing_else(board, tmp_path):
    [before] = status.read(tmp_path)
    silence(place(board))
    written = place(board).read_bytes()
    board.show(TABLE)
    assert status.read(tmp_path) == [before]
    assert place(board).read_bytes() == written


def test_a_file_that_was_taken_away_comes_back(board, tmp_path):
    place(board).unlink()
    board.show(TABLE)
    assert len(status.read(tmp_path)) == 1


def test_a_worker_that_begins_takes_away_what_silent_ones_left(board, tmp_path):
    own = place(board)
    lively, silent = (own.with_name(f"small-{host}-7.json") for host in ("lively", "silent"))
    told = status.read(tmp_path)[0].model_copy(update={"pid": 7})
    lively.write_text(told.model_copy(update={"host": "lively"}).model_dump_json())
    silent.write_text(told.model_copy(update={"host": "silent"}).model_dump_json())
    silence(silent)
    board.clear()
    assert list(board.folder.glob("*.json")) == [lively]


def test_files_are_touched_only_now_and_then(board, monkeypatch):
    monkeypatch.setattr(status, "TOUCH_SECONDS", 1000)
    silence(place(board))
    board.show(TABLE)
    assert status.read(board.folder.parent) == []
