"""Every answer is logged, none is waited for, and what is lost is counted."""

import json
import threading
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bundle.contract import Contract, Input, Output, typed
from bundle.monitoring import Served
from webapp.monitoring.prediction_log import LINE_ROWS, Entry, PredictionLog, line

NOON = 1383480000.0  # 3 November 2013, 12:00 UTC


def entry(rows=2, identity="abc", version=3, at=NOON):
    inputs = {
        "distance": np.array([1400.0, np.nan, 3.0][:rows], "float32"),
        "carrier": np.array([b"UA", b"", "żółć".encode()][:rows], object),
    }
    answers = {"probability": np.linspace(0.25, 0.5, rows).astype("float32"), "decision": np.arange(rows)}
    return Entry(identity, "flights", version, inputs, answers, at, NOON + 5)


def lines(folder):
    return [json.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_text().splitlines()]


class Running(PredictionLog):
    """A log that keeps what it counts."""

    def __init__(self, folder, **options):
        self.counts = Counter()
        super().__init__(folder, lambda state, rows: self.counts.update({state: rows}), **options)


@pytest.fixture
def running(tmp_path):
    log = Running(tmp_path / "served")
    log.start()
    yield log
    if log._thread.is_alive():
        log.stop()


def test_it_works(running):
    running.put(entry(3))
    running.stop()
    [line] = lines(running.folder)
    assert line.keys() == Served.__annotations__.keys()
    assert (line["ids"], line["rows"], line["version"]) == (["abc"], [3], 3)
    assert (line["at"], line["answered"]) == (["2013-11-03T12:00:00Z"], ["2013-11-03T12:00:05Z"])
    assert line["inputs"] == {"distance": [1400.0, None, 3.0], "carrier": ["UA", "", "żółć"]}
    assert line["answers"] == {"probability": [0.25, 0.375, 0.5], "decision": [0, 1, 2]}
    [path] = running.folder.rglob("*.jsonl")
    assert (path.parent.parent.name, path.parent.name) == ("flights", "2013-11-03")
    assert running.counts == {"written": 3}


def test_what_is_logged_of_a_time_can_be_read_again():
    seconds = np.array([1383480000, np.iinfo("int64").min, -1], "int64").view("datetime64[s]")
    taken = Entry("abc", "flights", 1, {"at": seconds}, {"probability": np.zeros(3)}, NOON, NOON)
    logged = json.loads(line([taken]))["inputs"]
    assert logged == {"at": ["2013-11-03T12:00:00Z", None, "1969-12-31T23:59:59Z"]}
    outputs = (Output(name="probability", type="number", meaning=""),)
    contract = Contract(inputs=(Input(name="at", type="time"),), outputs=outputs, threshold=0.5)
    np.testing.assert_array_equal(typed(logged, contract)["at"], seconds)


def test_what_waits_together_is_one_line_with_the_rows_one_after_the_other():
    made = json.loads(line([entry(1, "a"), entry(3, "b")]))
    assert (made["ids"], made["rows"]) == (["a", "b"], [1, 3])
    assert made["inputs"]["carrier"] == ["UA", "UA", "", "żółć"]
    assert made["answers"]["decision"] == [0, 0, 1, 2]


def test_each_version_and_day_has_lines_of_its_own(tmp_path):
    log = Running(tmp_path)
    for version, at in ((3, NOON), (4, NOON), (3, NOON + 86_400), (3, NOON)):
        log.put(entry(1, f"{version}", version, at))
    log.start()
    log.stop()
    told = sorted((path.parent.name, path.read_text().count("\n")) for path in tmp_path.rglob("*.jsonl"))
    assert told == [("2013-11-03", 2), ("2013-11-04", 1)]
    assert sorted((made["version"], len(made["ids"])) for made in lines(tmp_path)) == [(3, 1), (3, 2), (4, 1)]


def test_a_line_ends_before_it_is_too_long_to_read(tmp_path):
    log = Running(tmp_path)
    for number in range(LINE_ROWS + 1):
        log.put(entry(1, str(number)))
    log.start()
    log.stop()
    assert [sum(made["rows"]) for made in lines(tmp_path)] == [LINE_ROWS, 1]


def test_what_is_put_is_soon_on_disk_without_a_stop(running):
    running.put(entry())
    deadline = time.monotonic() + 10
    while running.counts["written"] < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(lines(running.folder)) == 1


def test_a_full_queue_loses_and_counts_and_does_not_wait(tmp_path):
    log = Running(tmp_path, capacity_rows=5)
    for number in range(4):
        log.put(entry(2, str(number)))
    log.start()
    log.stop()
    assert log.counts == {"written": 4, "lost": 4}
    assert [line["ids"] for line in lines(tmp_path)] == [["0", "1"]]


def test_many_threads_lose_nothing(running):
    def ask(name):
        for number in range(200):
            running.put(entry(1, f"{name}-{number}"))

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    running.stop()
    assert len({identity for line in lines(running.folder) for identity in line["ids"]}) == 1000


def test_rows_that_no_line_can_be_made_of_are_lost_and_counted_and_the_log_goes_on(tmp_path, caplog):
    log = Running(tmp_path)
    log.put(replace(entry(), answers={"probability": np.array([object(), object()])}))
    log.put(entry(at=NOON + 86_400))
    log.start()
    log.stop()
    assert log.counts == {"written": 2, "lost": 2}
    assert "2 rows of the prediction log are lost" in caplog.text


def test_a_folder_that_takes_nothing_loses_and_counts_and_the_log_goes_on(tmp_path):
    (tmp_path / "served").write_text("in the way")
    log = Running(tmp_path / "served")
    log.start()
    log.put(entry())
    deadline = time.monotonic() + 10
    while log.counts["lost"] < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    (tmp_path / "served").unlink()
    log.put(entry())
    log.stop()
    assert log.counts == {"written": 2, "lost": 2}
