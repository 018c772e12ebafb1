"""Trials run in processes of their own: what they need is given back, and what becomes of them is told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

MEGABYTE = 1 << 20


def resident():
    """The memory that this process has, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Hungry:
    """Trials that need 200 MB each; the last is killed as if memory had run out."""

    def __init__(self, trials):
        self.last, self.forgotten = str(trials - 1), []

    def __call__(self, trial, _, tell):
        from pipeline.tuning.attempts import Ended, Epoch

        taken = np.ones(200 * MEGABYTE, np.int8)
        tell(Epoch(float(taken[0])))
        if trial.trial_id == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        tell(Ended())

    def forget(self, trial):
        self.forgotten.append(trial.trial_id)


def oracle(trials, folder):
    import keras_tuner

    space = keras_tuner.HyperParameters()
    space.Float("rate", 0.0, 1.0)
    made = keras_tuner.oracles.RandomSearchOracle(
        keras_tuner.Objective("val_loss", "min"), trials, hyperparameters=space, seed=1
    )
    made._set_project_dir(str(folder), "keras_tuner")
    made.verbose = 0
    return made


def test_memory_is_given_back_and_a_death_is_told(tmp_path):
    from pipeline.tuning import attempts

    made, work = oracle(9, tmp_path), Hungry(9)
    before = resident()
    assert attempts.run(made, ["one", "two"], work, lambda: False) == 9
    assert resident() - before < 50 * MEGABYTE
    statuses = {name: trial.status for name, trial in made.trials.items()}
    assert statuses == {str(number): "COMPLETED" for number in range(8)} | {"8": "FAILED"}
    assert "SIGKILL, as the system sends where memory has run out" in made.trials["8"].message
    assert sorted(work.forgotten) == sorted(statuses)


def test_trials_end_with_the_process_that_asked_for_them(tmp_path):
    pids = tmp_path / "pids"
    pids.mkdir()
    code = f"""
import os, signal, time
from pathlib import Path
from tests.pipeline.test_attempts import oracle
from pipeline.tuning import attempts

class Endless:
    def __call__(self, *_):
        os.mkdir(f"{pids}/{{os.getpid()}}")
        time.sleep(600)

def kill():
    if len(os.listdir("{pids}")) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

attempts.run(oracle(2, Path("{tmp_path}")), ["one", "two"], Endless(), kill)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=120, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + 10
    while running(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(pids)


def running(pids):
    return [path.name for path in pids.iterdir() if Path("/proc", path.name).exists()]


class Lasting:
    """Trials of which the first ends, and the others would never."""

    def __call__(self, trial, _, tell):
        from pipeline.tuning.attempts import Ended, Epoch

        tell(Epoch(1.0))
        if trial.trial_id != "0":
            time.sleep(1000)
        tell(Ended())

    def forget(self, trial):
        """There is nothing to remove."""


def test_what_the_clock_left_off_is_not_begun_again(tmp_path):
    from pipeline.tuning import attempts

    made = oracle(3, tmp_path)
    assert attempts.run(made, ["one"], Lasting(), lambda: "1" in made.trials) == 1
    assert made.trials["0"].status == "COMPLETED"


def test_after_the_last_trial_nothing_is_waited_for(tmp_path, monkeypatch):
    from pipeline.tuning import attempts

    monkeypatch.setattr(attempts, "SECONDS", 300.0)
    began = time.monotonic()
    assert attempts.run(oracle(1, tmp_path), ["one"], Lasting(), lambda: False) == 1
    assert time.monotonic() - began < 100
