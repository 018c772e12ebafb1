"""The network: what it embeds, who its members are, how it learns, and what is calibrated."""

import numpy as np
import pytest

from pipeline.arrays import Arrays
from pipeline.encoding import Category, Encoding, Number, Target

pytestmark = pytest.mark.slow

YES = Target(task="binary", shares=(0.3,))
KNOWN = Encoding(
    target=YES,
    numbers=(
        Number(name="x", median=0.0, scale=1.0, missing=True, edges=(-1.0, 0.0, 0.5, 1.0)),
        Number(name="flag", median=0.0, scale=1.0, missing=False, edges=(0.0, 1.0)),
    ),
    categories=(Category(name="c", vocabulary=("a", "b")),),
)


def rows(count, seed=0):
    """Rows of which the first number tells the answer."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(count, 2)).astype("float32")
    target = (rng.random(count) < 1 / (1 + np.exp(-2 * numbers[:, 0]))).astype("float32")
    return Arrays(numbers, rng.integers(0, 4, (count, 1)).astype("int32"), target)


def build(target=YES):
    from pipeline import network
    from pipeline.hyperparameters import Hyperparameters

    return network.build(KNOWN.model_copy(update={"target": target}), Hyperparameters(width=16, depth=2), seed=0)


def test_while_it_learns_each_member_answers_and_otherwise_their_mean():
    from pipeline.hyperparameters import Hyperparameters

    model, some = build(), rows(5)
    model.layers[-2].rate = 0.0
    given = [some.numbers, some.categories]
    answer = np.asarray(model(given, training=False))
    assert answer.shape == (5,)
    each = np.asarray(model.layers[-1](model.layers[-3].output, training=True).shape)
    assert list(each[1:]) == [Hyperparameters().members, 1]


@pytest.mark.parametrize("value", [np.nan, -1e30, 1e30, 0.25])
def test_a_number_that_is_missing_or_out_of_all_proportion_has_a_finite_answer(value):
    given = [np.array([[value, value]], "float32"), np.array([[0]], "int32")]
    assert np.isfinite(np.asarray(build()(given, training=False))).all()


def test_an_embedding_bends_at_the_edges_and_nowhere_else():
    from pipeline.network.numbers import EmbedNumbers

    layer = EmbedNumbers(KNOWN, width=1, frequency=0.1)
    layer.build((None, 2))
    layer.mix.assign(np.zeros(layer.mix.shape))
    layer.steps.assign(np.array([[[1.0], [10.0], [100.0]], [[5.0], [7.0], [7.0]]]))
    x = np.array([-2, -1, -0.5, 0.25, 0.5, 0.75, 2], "float32")
    embedded = np.asarray(layer(np.stack([x, np.full(7, 0.5)], axis=1).astype("float32")))
    assert embedded[:, 2].tolist() == [0, 0, 0.5, 6, 11, 61, 111]
    assert embedded[:, 3].tolist() == [2.5] * 7


def test_the_temperature_makes_doubtful_answers_of_too_certain_ones():
    from pipeline import train

    model, some = build(), rows(2000)
    sure = model.layers[-1]
    for variable in sure.trainable_variables:
        variable.assign(np.asarray(variable) * 40)
    before = train.predict(model, some, YES)
    temperature = train.calibrate(model, some, YES)
    after = train.predict(model, some, YES)
    assert temperature > 2
    assert log_loss(some.target, after) < log_loss(some.target, before)
    assert np.array_equal(np.argsort(before, kind="stable"), np.argsort(after, kind="stable"))


def log_loss(true, said):
    return -np.mean(true * np.log(said) + (1 - true) * np.log(1 - said))


def test_a_class_that_training_has_not_counts_for_nothing():
    from pipeline.network.learning import MeanLoss

    loss, said = MeanLoss("multiclass"), np.array([[2.0, 0.0], [0.0, 3.0]], "float32")
    alone = float(loss(np.array([0.0], "float32"), said[:1]))
    assert float(loss(np.array([0.0, -1.0], "float32"), said)) == pytest.approx(alone)


def test_the_batches_to_learn_from_have_one_size_and_are_enough():
    from pipeline.network.batches import BATCH, SMALLEST_BATCH, STEPS, Batches

    few, many = (Batches(rows(count), YES, seed=1) for count in (140, 200_000))
    assert (few.size, len(few)) == (SMALLEST_BATCH, STEPS)
    assert (many.size, len(many)) == (BATCH, 195)
    sizes = {len(batches[number][1]) for batches in (few, many) for number in (0, len(batches) - 1)}
    assert sizes == {SMALLEST_BATCH, BATCH}
    learned = np.concatenate([few[number][0][0][:, 0] for number in range(len(few))])
    assert set(learned.tolist()) == set(few.arrays.numbers[:, 0].tolist())


def test_of_more_rows_there_are_fewer_epochs():
    from pipeline.network import epochs_for

    assert [epochs_for(rows) for rows in (10, 5_000, 26_000, 250_000, 10**9)] == [40, 40, 19, 2, 1]
