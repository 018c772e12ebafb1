"""A served day is its files as they stood when they were looked at."""

import json
from datetime import UTC, datetime

import pytest

from bundle.monitoring import OUTCOMES, SERVED
from pipeline import dates, days
from pipeline.days import Files

DAY = "2013-11-03"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / SERVED / "m" / DAY
    made.mkdir(parents=True)
    (made / "1.jsonl").write_text('{"version":1}\n{"version":2}\n')
    (made / "2.jsonl").write_text('{"version":1}\n')
    (made / "notes.txt").write_text("no log")
    return made


def test_it_works(tmp_path, folder):
    files = days.look(tmp_path, SERVED, "m", DAY)
    assert list(files) == ["1.jsonl", "2.jsonl"]
    assert files["1.jsonl"].versions == (1, 2)
    assert days.look(tmp_path, OUTCOMES, "m", DAY) == {}


def test_the_days_are_those_that_have_a_folder(tmp_path, folder):
    for name in ("2013-11-01", "2013-13-01", "20131104", "lost+found"):
        (folder.parent / name).mkdir()
    assert days.served(tmp_path, "m") == ["2013-11-01", DAY]
    assert days.served(tmp_path, "other") == []


def test_the_same_bytes_are_the_same_whatever_their_time(tmp_path, folder):
    before = days.look(tmp_path, SERVED, "m", DAY)
    (folder / "1.jsonl").write_text('{"version":1}\n{"version":2}\n')
    after = days.look(tmp_path, SERVED, "m", DAY)
    assert [one.sha256 for one in before.values()] == [one.sha256 for one in after.values()]


def test_what_a_report_was_made_from_is_not_read_again(tmp_path, folder):
    files = days.look(tmp_path, SERVED, "m", DAY)
    known = {name: one.model_copy(update={"sha256": "as known"}) for name, one in files.items()}
    report = tmp_path / "monitoring" / "m" / DAY
    report.mkdir(parents=True)
    days.write(Files(served=known, outcomes={}), report)
    with (folder / "2.jsonl").open("a") as file:
        file.write('{"version":3}\n')
    after = days.look(tmp_path, SERVED, "m", DAY)
    assert after["1.jsonl"].sha256 == "as known"
    assert after["2.jsonl"].sha256 != "as known"
    assert after["2.jsonl"].versions == (1, 3)


def test_a_damaged_record_is_no_record(tmp_path):
    (tmp_path / days.NAME).write_text(json.dumps({"served": 1}))
    assert days.read(tmp_path) == Files(served={}, outcomes={})


def test_a_day_is_over_when_the_next_begins_in_utc():
    assert not dates.is_over(DAY, datetime(2013, 11, 3, 23, 59, tzinfo=UTC))
    assert dates.is_over(DAY, datetime(2013, 11, 4, tzinfo=UTC))
    assert dates.is_over(DAY)
