"""A person at a terminal sees how far a stage is and how long it will still take; a log is told now and then."""

import os
import pty
import subprocess
import sys

from pipeline import progress

RESUMED = """
from types import SimpleNamespace
from pipeline import progress

now = 0.0
progress.time = SimpleNamespace(monotonic=lambda: now)
with progress.track("training", 40) as advance:
    advance(30)
    now = 10.0
    advance(1, "loss 0.5")
"""


def test_it_works(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.track("tuning", 4) as advance:
        for now[0] in (4.0, 80.0, 81.0, 200.0):
            advance(1, "loss 0.5")
    assert capsys.readouterr().err.splitlines() == [
        "  tuning: 2 of 4 (1:20 left) loss 0.5",
        "  tuning: 4 of 4 loss 0.5",
    ]


def test_where_nobody_knows_how_much_there_is_none_is_told(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.track("exporting", None) as advance:
        now[0] = 6.0
        advance(1, "half")
    assert capsys.readouterr().err == "  exporting: half\n"


def test_what_a_run_before_has_done_takes_no_time_of_this_one(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.track("training", 40) as advance:
        for now[0], steps in ((0.1, 20), (0.6, 10), (10.6, 1), (30.6, 1)):
            advance(steps)
    assert capsys.readouterr().err.splitlines() == [
        "  training: 31 of 40 (1:30 left)",
        "  training: 32 of 40 (2:00 left)",
    ]


def test_many_quick_steps_are_told_from_those_of_a_run_before(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.track("slices", 1000) as advance:
        for place in range(1, 61):
            now[0] = place / 10
            advance()
    assert capsys.readouterr().err == "  slices: 51 of 1000 (1:35 left)\n"


def test_a_terminal_shows_a_bar_with_the_count_and_the_time_left():
    seen, its_end = pty.openpty()
    try:
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
        subprocess.run([sys.executable, "-c", RESUMED], stderr=its_end, check=True, env=environment)
        shown = os.read(seen, 100_000).decode()
    finally:
        os.close(its_end)
        os.close(seen)
    assert "training" in shown
    assert "━" in shown
    assert all(told in shown for told in ("31/40", "(1:30 left)", "loss 0.5"))
