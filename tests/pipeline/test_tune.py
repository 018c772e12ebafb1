"""Tuning begins with the defaults, gives the same answer twice, and never takes failed trials for a result."""

import os
import signal
import socket
import time

import numpy as np
import pytest

from pipeline import process
from pipeline.arrays import Arrays
from pipeline.encoding import Target
from pipeline.errors import DataError, StageError
from pipeline.hyperparameters import Hyperparameters
from tests.pipeline.search import KNOWN, Place, rows

pytestmark = pytest.mark.slow

SEARCH = {"trials": 3, "epochs": 2, "rows": 2000, "minutes": 10, "workers": 1}


@pytest.fixture(autouse=True)
def _one_origin(monkeypatch):
    """The environment is the same for every test, so that all stages are forked from one process."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.delenv("KERASTUNER_TUNER_ID", raising=False)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("undisturbed"), SEARCH)
    return place, place.run()


def test_it_works(undisturbed):
    place, outcome = undisturbed
    found = place.result
    assert [trial["status"] for trial in found["trials"]] == ["COMPLETED"] * 3
    assert found["trials"][0]["hyperparameters"] == Hyperparameters().as_dict()
    best = min(found["trials"], key=lambda trial: trial["score"])
    assert found["best"] == best["id"]
    assert all(len(trial["curve"]) == 2 and min(trial["curve"]) == trial["score"] for trial in found["trials"])
    assert set(outcome.measured) == {"0", "1", "2"}
    assert outcome.notes[0].startswith("3 of 3 trials completed, ")
    assert not place.checkpoints


def test_every_trial_is_seen_in_tensorboard(undisturbed):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    place, _ = undisturbed
    for trial in place.result["trials"]:
        execution = place.work / "tensorboard" / trial["id"] / "execution0"
        events = EventAccumulator(str(execution / "validation"))
        events.Reload()
        told = [float(make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_loss")]
        assert told == pytest.approx(trial["curve"], abs=1e-6)
        settings = EventAccumulator(str(execution))
        settings.Reload()
        assert "hparams" in settings.summary_metadata["_hparams_/session_start_info"].plugin_data.plugin_name


def test_case_25_killed_inside_a_trial_it_goes_on_as_if_nothing_had_been(undisturbed, tmp_path):
    whole, _ = undisturbed
    place = Place(tmp_path, SEARCH)
    place.kill_when(lambda: len(place.finished) == 1 and place.checkpoints)
    before = place.finished
    place.run()
    assert {trial: place.finished[trial] for trial in before} == before
    assert place.result == whole.result


def test_case_26_files_that_were_cut_in_half_are_told_and_made_again(undisturbed, tmp_path, capfd):
    whole, _ = undisturbed
    place = Place(tmp_path, SEARCH)
    place.kill_when(lambda: len(place.finished) == 1 and place.checkpoints)
    files = [*place.work.glob("trials/0.json"), *place.checkpoints, *place.work.glob("keras_tuner/**/*.json")]
    assert len(files) == 5
    for path in files:
        os.truncate(path, path.stat().st_size // 2)
    place.run()
    said = capfd.readouterr().err
    assert "0.json must tell of a trial, and is not whole" in said
    assert ".npz must be whole to go on from, and is not" in said
    assert "Traceback" not in said
    assert place.result == whole.result


def test_case_35_when_every_trial_fails_the_run_stops_with_what_the_first_said(tmp_path):
    broken = rows(3000, 0, codes=1000)  # codes that the embedding does not have
    place = Place(tmp_path, {**SEARCH, "trials": 2}, train=broken)
    with pytest.raises(DataError, match=r"0 of 2 trials were\. The first said: .*indices"):
        place.run()


def test_case_08_a_loss_that_is_not_finite_is_no_result(tmp_path):
    from pipeline import contest, network

    known = KNOWN.model_copy(update={"target": Target(task="regression", mean=0.0, scale=1.0)})
    sound = rows(200, 0)
    broken = Arrays(sound.numbers, sound.categories, np.full(200, np.inf, "float32"))
    place = Place(tmp_path, {**SEARCH, "trials": 2}, known=known, train=broken)
    with pytest.raises(DataError, match=r"0 of 2 trials were\. The first said: .*must be a finite number"):
        place.run()
    model = network.build(known, Hyperparameters(), seed=0)
    told = []
    learned = contest.fit(model, known.target, Hyperparameters(), broken, broken, 1, 0, tmp_path / "train", told.append)
    with pytest.raises(DataError, match="must be a finite number in some epoch"):
        contest.winner([contest.Finalist("0", Hyperparameters(), 1, 0.5)], [learned])


def mortal(job):
    """A search whose second trial is killed as it begins."""
    from pipeline import tune
    from pipeline.tuning.trial import Lesson

    class Mortal(Lesson):
        def learn(self, trial, others, tell):
            if trial.trial_id == "1":
                os.kill(os.getpid(), signal.SIGKILL)
            super().learn(trial, others, tell)

    tune.Lesson = Mortal
    return tune.tune(job)


def test_a_trial_that_dies_has_failed_and_the_search_goes_on(tmp_path):
    place = Place(tmp_path, {**SEARCH, "trials": 2, "epochs": 1}, function="tests.pipeline.test_tune:mortal")
    outcome = place.run()
    trials = place.result["trials"]
    assert [trial["status"] for trial in trials] == ["COMPLETED", "FAILED"]
    assert "SIGKILL, as the system sends where memory has run out" in trials[1]["message"]
    assert outcome.notes[0].startswith("1 of 2 trials completed, 1 failed, ")


def test_the_clock_stops_the_search_and_the_trials_before_are_those_of_one_that_was_not(undisturbed, tmp_path):
    whole, _ = undisturbed
    place = Place(tmp_path, {**SEARCH, "minutes": 0.001})
    outcome = place.run()
    assert place.result["trials"] == whole.result["trials"][:1], "the first is never stopped"
    assert "stopped by the clock after 1 of 3 trials" in outcome.notes[0]
    assert outcome.measured["trials before the clock stopped it"] == 1


def endless(job):
    """A search whose second trial learns on until the clock stops it."""
    from pipeline import tune
    from pipeline.tuning.attempts import Epoch
    from pipeline.tuning.oracle import Oracle
    from pipeline.tuning.trial import Lesson

    class Endless(Lesson):
        def learn(self, trial, others, tell):
            if trial.trial_id == "1":
                tell(Epoch(0.625))
                time.sleep(1000)
            super().learn(trial, others, tell)

    class Clock(Oracle):
        def is_over(self):
            return "1" in self.trials and bool(self._curve("1"))

    tune.Lesson, tune.Oracle = Endless, Clock
    return tune.tune(job)


def test_a_trial_that_the_clock_left_off_is_shown_without_a_score(tmp_path):
    place = Place(tmp_path, {**SEARCH, "trials": 2}, function="tests.pipeline.test_tune:endless")
    outcome = place.run()
    first, second = place.result["trials"]
    assert first["status"] == "COMPLETED"
    assert (second["status"], second["score"], second["curve"]) == ("STOPPED BY THE CLOCK", None, [0.625])
    assert outcome.notes[0].startswith("1 of 2 trials completed, stopped by the clock after 1 of 2 trials, ")
    assert outcome.measured["trials before the clock stopped it"] == 1
    assert list(place.finished) == ["0"], "it would be run again"


def test_trials_run_side_by_side(tmp_path):
    place = Place(tmp_path, {**SEARCH, "trials": 2, "epochs": 1, "workers": 2})
    place.run()
    assert [trial["status"] for trial in place.result["trials"]] == ["COMPLETED"] * 2


def test_workers_elsewhere_run_the_trials_of_a_chief(tmp_path):
    search = {**SEARCH, "trials": 4, "epochs": 1, "workers": 2}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    where = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port)}
    chief = Place(tmp_path / "chief", search)
    run = chief.start(**where, KERASTUNER_TUNER_ID="chief")
    workers = [
        Place(tmp_path / name, search).start("take_part", **where, KERASTUNER_TUNER_ID=name) for name in ("one", "two")
    ]
    counts = [int(worker.communicate(timeout=300)[0]) for worker in workers]
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert sum(counts) == 4
    assert all(counts)
    trials = chief.result["trials"]
    assert [trial["status"] for trial in trials] == ["COMPLETED"] * 4
    assert all(trial["hyperparameters"].keys() == Hyperparameters().as_dict().keys() for trial in trials)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"KERASTUNER_ORACLE_IP": "127.0.0.1"}, "KERASTUNER_ORACLE_PORT must say .* KERASTUNER_TUNER_ID must be chief"),
        ({"KERASTUNER_ORACLE_IP": "::1", "KERASTUNER_ORACLE_PORT": "1", "KERASTUNER_TUNER_ID": "a"}, "and is a"),
    ],
)
def test_a_run_is_no_worker(monkeypatch, environment, message):
    from pipeline.tuning import distributed

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StageError, match=message):
        distributed.is_chief()


def test_a_sample_is_drawn_once_and_keeps_the_order():
    train = rows(1000, 0)
    drawn = train.sample(100, seed=3)
    again = train.sample(100, seed=3)
    assert np.array_equal(drawn.numbers, again.numbers)
    places = [int(np.flatnonzero(train.numbers[:, 0] == value)[0]) for value in drawn.numbers[:, 0]]
    assert places == sorted(places)
    assert len(set(places)) == 100


@pytest.fixture(scope="module", autouse=True)
def _end():
    yield
    process.end()
