"""Training leaves the best epoch, and after its process was killed goes on as if nothing had been."""

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
    return model.get_weights(), history


def test_it_leaves_the_best_epoch_and_a_killed_one_goes_on_to_the_same(tmp_path, monkeypatch):
    from pipeline.checkpoint import Checkpoint

    undisturbed, history = fit(tmp_path / "undisturbed")
    losses = [epoch["val_loss"] for epoch in history["epochs"]]
    assert len(losses) == EPOCHS
    assert history["best_epoch"] == int(np.argmin(losses))

    written, end = [], Checkpoint.on_epoch_end

    def killed(self, epoch, logs=None):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(epoch)
        end(self, epoch, logs)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(tmp_path / "killed")
    assert written == [0, 1]
    weights, gone_on = fit(tmp_path / "killed")
    assert gone_on == history
    assert all(np.array_equal(one, other) for one, other in zip(weights, undisturbed, strict=True))
