"""Each evaluation that reads a hold-out is counted once, whatever happens in between."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from pipeline import ledger
from pipeline.errors import StageError

SEAL = "5ea1"


def count(data, evaluation, model="a model", seal=SEAL):
    return len(ledger.record(data, seal, evaluation, model))


def test_it_works(tmp_path):
    assert [count(tmp_path, "one"), count(tmp_path, "two", "another"), count(tmp_path, "three")] == [1, 2, 3]
    readings = ledger.record(tmp_path, SEAL, "three", "a model")
    assert [one.model for one in readings] == ["a model", "another", "a model"]


def test_an_evaluation_made_again_has_the_count_that_it_had(tmp_path):
    assert [count(tmp_path, name) for name in ("one", "two", "one", "two", "three")] == [1, 2, 1, 2, 3]


def test_each_hold_out_has_a_count_of_its_own(tmp_path):
    assert [count(tmp_path, "one"), count(tmp_path, "two", seal="07e4")] == [1, 1]


def test_a_line_that_was_not_finished_counts_for_nobody(tmp_path):
    count(tmp_path, "one")
    path = tmp_path / ledger.FOLDER / f"{SEAL}.jsonl"
    first = path.read_bytes()
    path.write_bytes(first + first[:20])
    assert count(tmp_path, "two") == 2
    assert path.read_bytes().startswith(first)
    assert len(path.read_bytes().splitlines()) == 2


def test_a_line_that_is_no_reading_is_named_and_kept(tmp_path):
    count(tmp_path, "one")
    path = tmp_path / ledger.FOLDER / f"{SEAL}.jsonl"
    path.write_bytes(path.read_bytes() + b"{}\n")
    before = path.read_bytes()
    with pytest.raises(StageError, match="in line 2"):
        count(tmp_path, "two")
    assert path.read_bytes() == before


def test_processes_that_read_at_once_are_all_counted(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        counts = list(pool.map(partial(count, tmp_path), map(str, range(40))))
    assert sorted(counts) == list(range(1, 41))
