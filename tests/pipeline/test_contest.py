"""Finalists learn to the same, killed or not; the best one is taken, at its best epoch."""

import math
import multiprocessing
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.pipeline import search
from tests.pipeline.test_network import YES, build, rows

pytestmark = pytest.mark.slow
EPOCHS = 4
SPAWN = multiprocessing.get_context("spawn")


def fit(folder):
    """The weights and the history that training ends with."""
    from pipeline import contest
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.seeds import fix_seeds

    fix_seeds(7)
    model = build()
    chosen = Hyperparameters(width=16, depth=2, dropout=0.5, forget=0.3)
    told = []
    history = contest.fit(model, YES, chosen, rows(500), rows(200, seed=1), EPOCHS, 7, folder, told.append)
    contest.restore(model, folder)
    assert sum(epochs for epochs, _ in told) == EPOCHS
    return model.get_weights(), contest.winner([contest.Finalist("0", chosen, EPOCHS, 0.5)], [history])[1]


def fit_and_be_killed(folder):
    """Train, and be killed while the third epoch is written down."""
    from pipeline.checkpoint import Checkpoint

    end = Checkpoint.on_epoch_end

    def killed(self, epoch, logs=None):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        end(self, epoch, logs)

    Checkpoint.on_epoch_end = killed
    fit(folder)


def test_it_leaves_the_best_epoch_and_a_killed_one_goes_on_to_the_same(tmp_path):
    undisturbed, history = fit(tmp_path / "undisturbed")
    losses = [epoch["val_loss"] for epoch in history["epochs"]]
    assert len(losses) == EPOCHS
    assert history["best_epoch"] == int(np.argmin(losses))

    process = SPAWN.Process(target=fit_and_be_killed, args=(tmp_path / "killed",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "killed" / "checkpoint.npz").exists()
    weights, gone_on = fit(tmp_path / "killed")
    assert gone_on == history
    assert all(np.array_equal(one, other) for one, other in zip(weights, undisturbed, strict=True))


def learn_noise(folder):
    """How rows that tell nothing are learned, for 60 epochs at most."""
    from pipeline import contest
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.seeds import fix_seeds

    def noise(seed):
        return replace(rows(200, seed), target=(np.random.default_rng(seed).random(200) < 0.3).astype("float32"))

    fix_seeds(7)
    chosen = Hyperparameters(width=64, depth=2, dropout=0.0, forget=0.0, learning_rate=2e-2)
    model, told = build(chosen=chosen), []
    history = contest.fit(model, YES, chosen, noise(0), noise(1), 60, 7, folder, told.append)
    assert sum(done for done, _ in told) == 60
    return history


def test_what_is_learned_by_heart_ends_early_and_does_not_go_on(tmp_path):
    history = learn_noise(tmp_path)
    nothing = -(0.7 * math.log(0.7) + 0.3 * math.log(0.3))
    assert len(history["val_loss"]) < 60
    assert min(history["val_loss"]) < 1.1 * nothing < max(history["val_loss"])
    assert learn_noise(tmp_path) == history


def hold(folder, answers=None):
    """The contest of three finalists: who wins, how, and the weights that each left."""
    from pipeline import contest
    from pipeline.hyperparameters import Hyperparameters

    wide, narrow = (Hyperparameters(members=2, width=width, depth=2, dropout=0.3) for width in (64, 16))
    two = [contest.Finalist("1", wide, 6, 0.1), contest.Finalist("0", narrow, 6, 0.2)]
    as_it_was = contest.Finalist("1", wide, 3, 0.1)
    best, history = contest.hold(two, as_it_was, search.KNOWN, search.rows(2000, 0), search.rows(500, 1), 7, folder)
    weights = {}
    for one in [*two, as_it_was]:
        with np.load(folder / one.name / contest.BEST) as kept:
            weights[one.name] = [kept[name] for name in kept.files]
    if answers:
        answers.send((best, history, weights))
    return best, history, weights


def begin(folder):
    """The contest in a process that has not worked with TensorFlow before, as a stage's."""
    hears, tells = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=hold, args=(folder, tells))
    process.start()
    tells.close()
    return process, hears


def test_finalists_learn_side_by_side_and_killed_go_on_to_the_same(tmp_path):
    _, hears = begin(tmp_path / "undisturbed")
    best, history, weights = hears.recv()
    losses = [one["val_loss"] for one in history["finalists"]]
    assert [(one["trial"], one["epochs"]) for one in history["finalists"]] == [("1", 6), ("0", 6), ("1", 3)]
    assert min(epoch["val_loss"] for epoch in history["epochs"]) == min(losses)
    assert (best.trial, best.epochs) == (history["trial"], len(history["epochs"]))
    assert len(weights) == len(set(losses)) == 3

    process, _ = begin(tmp_path / "killed")
    while len(list((tmp_path / "killed").glob("*/checkpoint.npz"))) < 2:
        assert process.is_alive()
        time.sleep(0.002)
    process.kill()
    process.join()
    _, hears = begin(tmp_path / "killed")
    again, gone_on, learned = hears.recv()
    assert (again, gone_on) == (best, history)
    for name, arrays in weights.items():
        assert all(np.array_equal(one, other) for one, other in zip(arrays, learned[name], strict=True))


def test_the_finalist_that_comes_to_the_lower_validation_loss_is_taken():
    from pipeline import contest
    from pipeline.errors import DataError
    from pipeline.hyperparameters import Hyperparameters

    three = [contest.Finalist(trial, Hyperparameters(), 3, 0.5) for trial in "201"]
    fast = {"loss": [0.5, 0.3, 0.1], "val_loss": [0.4, 0.39, 0.6]}
    slow = {"loss": [0.6, 0.5, 0.4], "val_loss": [0.5, 0.45, 0.38]}
    lost = {"loss": [math.nan] * 3, "val_loss": [math.nan, math.inf, math.nan]}
    best, found = contest.winner(three, [fast, slow, lost])
    assert best is three[1]
    assert (found["trial"], found["best_epoch"]) == ("0", 2)
    assert [one["val_loss"] for one in found["finalists"]] == [0.39, 0.38, None]
    assert [epoch["val_loss"] for epoch in found["epochs"]] == slow["val_loss"]
    with pytest.raises(DataError, match="must be a finite number in some epoch"):
        contest.winner(three[2:], [lost])


def test_the_best_trial_and_the_defaults_learn_for_the_whole_length_and_the_best_as_it_did():
    from pipeline import contest
    from pipeline.hyperparameters import Hyperparameters

    def trial(name, width, status="COMPLETED"):
        chosen = Hyperparameters(width=width).as_dict()
        return {"id": name, "status": status, "hyperparameters": chosen, "curve": [0.5, 0.4], "score": 0.4}

    def found(*trials, best, epochs=None, rows=100_000):
        two, as_it_was = contest.finalists({"best": best, "trials": list(trials)}, rows, epochs)
        three = [*two, as_it_was] if as_it_was else two
        assert len({one.name for one in three}) == len(three)
        return [(one.trial, one.chosen.width, one.epochs) for one in three]

    first, second, failed = trial("0", 192), trial("1", 128), trial("0", 192, "FAILED")
    assert found(first, second, best="1") == [("1", 128, 5), ("0", 192, 5), ("1", 128, 2)]
    assert found(first, second, best="0") == [("0", 192, 5), ("0", 192, 2)]
    assert found(failed, second, best="1") == [("1", 128, 5), ("1", 128, 2)]
    assert found(first, second, best="1", epochs=9) == [("1", 128, 9), ("0", 192, 9)]
    assert found(first, second, best="1", rows=250_000) == [("1", 128, 2), ("0", 192, 2)]
