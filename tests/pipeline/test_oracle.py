"""Which hyperparameters are tried depends on the seed and the rounds before, and on nothing else."""

import numpy as np
import pytest

from pipeline.problem import Search

pytestmark = pytest.mark.slow


@pytest.fixture
def begin(tmp_path):
    """Makes an oracle whose journal lies in a folder of the given name."""
    import keras_tuner

    from pipeline.tuning.oracle import Oracle

    def begun(name, search, seed=0):
        folder = tmp_path / name
        (folder / "trials").mkdir(parents=True, exist_ok=True)
        space = keras_tuner.HyperParameters()
        space.Float("dropout", 0.1, 0.5, step=0.05, default=0.3)
        space.Int("depth", 2, 4, default=3)
        oracle = Oracle(space, search, search.epochs, seed, folder / "trials", lambda *_: None)
        oracle._set_project_dir(str(folder), "keras_tuner")
        return oracle

    return begun


def loss(trial):
    """What stands for learning: the loss of a trial with these hyperparameters."""
    values = trial.hyperparameters.values
    return abs(values["dropout"] - 0.2) + abs(values["depth"] - 3)


def end(oracle, trial, value):
    """Tell the oracle the one epoch of a trial."""
    from pipeline.tuning.oracle import LOSS, ended

    oracle.update_trial(trial.trial_id, {LOSS: value}, 0)
    oracle.end_trial(ended(trial, "COMPLETED"))


def fail(oracle, trial):
    from pipeline.tuning.oracle import ended

    oracle.end_trial(ended(trial, "FAILED", "no"))


def run(oracle, workers, order, stop_after=1000):
    """Run trials as they are proposed; which of those under way ends next is drawn."""
    running, waiting = {}, list(range(workers))
    while waiting and len(oracle.finished) < stop_after:
        for worker in [one for one in waiting if one not in running]:
            trial = oracle.create_trial(f"tuner{worker}")
            if trial.status == "STOPPED":
                waiting.remove(worker)
            elif trial.status == "RUNNING":
                running[worker] = trial
        if running:
            trial = running.pop(int(order.choice(sorted(running))))
            if trial.trial_id == "4":
                fail(oracle, trial)
            else:
                end(oracle, trial, loss(trial))
    return [oracle.finished[trial].model_dump(exclude={"seconds"}) for trial in sorted(oracle.finished)]


def test_the_order_in_which_trials_end_changes_nothing_nor_does_a_search_that_was_ended(begin):
    workers = 2
    search = Search(trials=6, epochs=1, workers=workers)
    once = run(begin("once", search), workers, np.random.default_rng(1))
    assert once[0]["hyperparameters"] == {"dropout": 0.3, "depth": 3}
    assert len({str(trial["hyperparameters"]) for trial in once}) == 6
    assert [trial["status"] for trial in once] == ["COMPLETED"] * 4 + ["FAILED", "COMPLETED"]
    for stop in (1, 4):
        run(begin(f"again {stop}", search), workers, np.random.default_rng(stop), stop_after=stop)
        assert run(begin(f"again {stop}", search), workers, np.random.default_rng(3)) == once


def test_another_seed_proposes_others(begin):
    search = Search(trials=3, epochs=1)
    one, other = (run(begin(f"{seed}", search, seed), 1, np.random.default_rng(1)) for seed in (0, 1))
    assert one[0] == other[0]
    assert one[1:] != other[1:]


def test_who_asks_for_more_than_a_round_has_waits(begin):
    oracle = begin("one", Search(trials=4, epochs=1, workers=2))
    first, second = oracle.create_trial("a"), oracle.create_trial("b")
    assert oracle.create_trial("c").status == "IDLE"
    for trial in (second, first):
        end(oracle, trial, 0.5)
    assert oracle.create_trial("c").status == "RUNNING"


def test_a_trial_that_was_stopped_has_no_score_to_be_the_best_by(begin):
    oracle = begin("one", Search(trials=1, epochs=2))
    end(oracle, oracle.create_trial("a"), 0.1)
    stopped = oracle.finished["0"]
    assert (stopped.status, stopped.score, stopped.curve) == ("STOPPED", None, [0.1])


def test_when_the_time_is_over_no_trial_begins_and_all_that_ended_are_kept(begin):
    search = Search(trials=8, epochs=1, minutes=1e-9, workers=3)
    oracle = begin("one", search)
    trials = run(oracle, 3, np.random.default_rng(1))
    assert [trial["id"] for trial in trials] == ["0"]
    assert not oracle.ongoing_trials
    assert not oracle.tuner_ids
