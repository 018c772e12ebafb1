"""Every answer is logged, none is waited for, and what is lost is counted."""

import json
import threading
import time

import numpy as np
import pytest

from webapp.monitoring.prediction_log import Entry, PredictionLog


def entry(rows=2, identity="abc"):
    inputs = {
        "distance": np.array([1400.0, np.nan, 3.0][:rows], "float32"),
        "carrier": np.array([b"UA", b"", "żółć".encode()][:rows], object),
    }
    answers = {"probability": np.linspace(0.25, 0.5, rows).astype("float32"), "decision": np.arange(rows)}
    return Entry(identity, "flights", 3, inputs, answers)


def lines(folder):
    return [json.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_text().splitlines()]


@pytest.fixture
def running(tmp_path):
    log = PredictionLog(tmp_path / "served")
    log.start()
    yield log
    if log._thread.is_alive():
        log.stop()


def test_it_works(running):
    running.put(entry(3))
    running.stop()
    [line] = lines(running.folder)
    assert (line["id"], line["version"]) == ("abc", 3)
    assert line["inputs"] == {"distance": [1400.0, None, 3.0], "carrier": ["UA", "", "żółć"]}
    assert line["answers"] == {"probability": [0.25, 0.375, 0.5], "decision": [0, 1, 2]}
    [path] = running.folder.rglob("*.jsonl")
    assert path.parent.name == line["at"][:10]
    assert path.parent.parent.name == "flights"
    assert (running.written, running.lost) == (3, 0)


def test_what_is_put_is_soon_on_disk_without_a_stop(running):
    running.put(entry())
    deadline = time.monotonic() + 10
    while running.written < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(lines(running.folder)) == 1


def test_a_full_queue_loses_and_counts_and_does_not_wait(tmp_path):
    log = PredictionLog(tmp_path, capacity_rows=5)
    for number in range(4):
        log.put(entry(2, str(number)))
    log.start()
    log.stop()
    assert (log.written, log.lost) == (4, 4)
    assert [line["id"] for line in lines(tmp_path)] == ["0", "1"]


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
    assert len({line["id"] for line in lines(running.folder)}) == 1000


def test_a_folder_that_takes_nothing_loses_and_counts_and_the_log_goes_on(tmp_path):
    (tmp_path / "served").write_text("in the way")
    log = PredictionLog(tmp_path / "served")
    log.start()
    log.put(entry())
    deadline = time.monotonic() + 10
    while log.lost < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    (tmp_path / "served").unlink()
    log.put(entry())
    log.stop()
    assert (log.written, log.lost) == (2, 2)
