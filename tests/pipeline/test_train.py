"""Training leaves the best epoch, and after its process was killed goes on as if nothing had been."""

import multiprocessing
import os
import signal

import numpy as np
import pytest

from tests.pipeline.test_network import YES, build, rows

pytestmark = pytest.mark.slow
EPOCHS = 4


def fit(folder):
    """The weights and the history that training ends with."""
    from pipeline import train
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.seeds import fix_seeds

    fix_seeds(7)
    model = build()
    chosen = Hyperparameters(width=16, depth=2, dropout=0.5, forget=0.3)
    history = train.fit(model, YES, chosen, rows(500), rows(200, seed=1), EPOCHS, 7, folder)
    train.restore(model, folder)
    return model.get_weights(), history


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

    process = multiprocessing.get_context("spawn").Process(target=fit_and_be_killed, args=(tmp_path / "killed",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "killed" / "checkpoint.npz").exists()
    weights, gone_on = fit(tmp_path / "killed")
    assert gone_on == history
    assert all(np.array_equal(one, other) for one, other in zip(weights, undisturbed, strict=True))


PROBABILITIES = np.array([0.1, 0.4, 0.4, 0.6, 0.8, 0.9])
CAME_TRUE = np.array([0, 0, 1, 1, 0, 1], "float32")


@pytest.mark.parametrize(
    ("decision", "threshold"),
    [
        ({}, 0.4),
        ({"best": "accuracy"}, 0.9),
        ({"false_yes": 1, "false_no": 1}, 0.9),
        ({"false_yes": 1, "false_no": 5}, 0.4),
        ({"false_yes": 5, "false_no": 1}, 0.9),
    ],
)
def test_the_threshold_is_best_by_the_metric_or_by_what_mistakes_cost(decision, threshold):
    from pipeline import train
    from pipeline.problem import Decision

    assert train.best_threshold(PROBABILITIES, CAME_TRUE, Decision(**decision)) == pytest.approx(threshold)


def test_where_a_yes_is_never_worth_its_cost_none_is_said():
    from pipeline import train
    from pipeline.problem import Decision

    dear = Decision(false_yes=100, false_no=1)
    found = train.best_threshold(PROBABILITIES, 1 - CAME_TRUE, dear)
    assert np.float32(found) > np.float32(PROBABILITIES.max())
    assert found == pytest.approx(100 / 101)
    sure = np.append(PROBABILITIES, 0.9999)
    assert np.float32(train.best_threshold(sure, np.zeros(7, "float32"), dear)) > np.float32(0.9999)
