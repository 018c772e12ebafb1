"""The network: what it embeds, who its members are, how it learns, and what is calibrated."""

from dataclasses import replace

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


def build(target=YES, chosen=None):
    from pipeline import network
    from pipeline.hyperparameters import Hyperparameters

    chosen = chosen or Hyperparameters(width=16, depth=2)
    return network.build(KNOWN.model_copy(update={"target": target}), chosen, seed=0)


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

    layer = EmbedNumbers(KNOWN.taken, width=1, frequency=0.1)
    layer.build((None, 2))
    layer.mix.assign(np.zeros(layer.mix.shape))
    layer.steps.assign(np.array([[[1.0], [10.0], [100.0]], [[5.0], [7.0], [7.0]]]))
    x = np.array([-2, -1, -0.5, 0.25, 0.5, 0.75, 2], "float32")
    embedded = np.asarray(layer(np.stack([x, np.full(7, 0.5)], axis=1).astype("float32")))
    assert embedded[:, 2].tolist() == [0, 0, 0.5, 6, 11, 61, 111]
    assert embedded[:, 3].tolist() == [2.5] * 7


def test_the_temperature_makes_doubtful_answers_of_too_certain_ones():
    from pipeline import train
    from pipeline.seeds import fix_seeds

    fix_seeds(7)  # of weights drawn by chance, some answer two rows so much alike that rounding changes their order
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


def test_a_few_rows_that_were_all_answered_rightly_make_no_answer_much_surer():
    from pipeline import train

    model, some = build(), rows(20_000)
    sure = model.layers[-1]
    sure.kernel.assign(np.asarray(sure.kernel) * 200)
    sure.bias.assign(sure.bias - np.median(train.said(model, some, YES)))
    said = train.said(model, some, YES)
    sides = [np.flatnonzero((side * said > 4) & (side * said < 6))[:25] for side in (1, -1)]
    few = replace(some.take(np.concatenate(sides)), target=np.repeat([1.0, 0.0], 25).astype("float32"))
    many = few.take(np.tile(np.arange(50), 1000))

    def told(right):
        sure.temperature.assign(1.0)
        return train.calibrate(model, right, YES)

    assert 0.6 < told(few) < 1
    assert told(many) < 0.5


@pytest.mark.parametrize("answer", [YES, Target(task="multiclass", classes=("a", "b", "c"), shares=(0.7, 0.2, 0.1))])
def test_who_is_wholly_unsure_answers_with_the_shares_of_training(answer):
    from pipeline import train

    model, some = build(answer), rows(50)
    model.layers[-1].temperature.assign(1e6)
    assert train.predict(model, some, answer) == pytest.approx(np.tile(answer.shares, (50, 1)).squeeze(), abs=1e-4)


def log_loss(true, said):
    return -np.mean(true * np.log(said) + (1 - true) * np.log(1 - said))


def test_a_class_that_training_has_not_counts_for_nothing():
    from pipeline.network.learning import MeanLoss

    loss, said = MeanLoss("multiclass"), np.array([[2.0, 0.0], [0.0, 3.0]], "float32")
    alone = float(loss(np.array([0.0], "float32"), said[:1]))
    assert float(loss(np.array([0.0, -1.0], "float32"), said)) == pytest.approx(alone)


def test_the_batches_to_learn_from_have_one_size_and_are_enough():
    from pipeline.network.batches import BATCH, LEAST_STEPS, SMALLEST_BATCH, Batches

    few, many = (Batches(rows(count), YES, seed=1) for count in (140, 200_000))
    assert (few.size, len(few)) == (SMALLEST_BATCH, LEAST_STEPS)
    assert (many.size, len(many)) == (BATCH, 195)
    assert [{len(answers) for _, answers in batches} for batches in (few, many)] == [{SMALLEST_BATCH}, {BATCH}]
    learned = np.concatenate([numbers[:, 0] for (numbers, _), _ in few])
    assert set(learned.tolist()) == set(few.arrays.numbers[:, 0].tolist())


def test_an_epoch_has_another_order_than_the_one_before_and_is_the_same_after_others_were_skipped():
    from pipeline.network.batches import Batches

    def epoch(given):
        return [tuple(map(np.asarray, (*inputs, answers))) for inputs, answers in given]

    def same(one, other):
        return all(np.array_equal(*pair) for both in zip(one, other, strict=True) for pair in zip(*both, strict=True))

    batches, again = (Batches(rows(3000), YES, seed=1) for _ in range(2))
    made = batches.dataset()
    epochs = [epoch(made) for _ in range(3)]
    assert len(made) == len(epochs[0]) == len(batches)
    assert not same(*epochs[:2])
    again.skip(2)
    assert same(epoch(again), epochs[2])


def test_no_epoch_waits_for_a_thread_that_tunes_its_batches():
    """Such a thread of tf.data sleeps for longer and longer, and may be slept out when the epoch ends."""
    from pipeline.network.batches import Batches

    assert Batches(rows(3000), YES, seed=1).dataset().options().autotune.enabled is False


def test_layers_after_the_first_may_add_to_what_they_were_given():
    from pipeline import network
    from pipeline.hyperparameters import Hyperparameters

    chosen = Hyperparameters(width=16, depth=3, residual=True)
    model, some = network.build(KNOWN, chosen, seed=0), rows(5)
    shared = [layer for layer in model.layers if isinstance(layer, network.Shared)]
    for layer in shared[1:]:  # these make nothing
        layer.kernel.assign(np.zeros(layer.kernel.shape))
        layer.bias.assign(np.zeros(layer.bias.shape))
    shallow = network.build(KNOWN, replace(chosen, depth=1), seed=0)
    for layer, other in zip(shallow.layers[:-1], [one for one in model.layers if one not in shared[1:]], strict=False):
        if layer.weights:
            layer.set_weights(other.get_weights())
    shallow.layers[-1].set_weights(model.layers[-1].get_weights())
    given = [some.numbers, some.categories]
    assert np.allclose(model(given, training=False), shallow(given, training=False), atol=1e-6)


def test_nothing_is_dropped_out_where_the_answer_is_a_number():
    import keras_tuner

    from pipeline.hyperparameters import defaults, space

    assert [defaults(task).dropout > 0 for task in ("binary", "multiclass", "regression")] == [True, True, False]
    assert space(keras_tuner.HyperParameters(), "regression") == defaults("regression")


def test_of_more_rows_there_are_fewer_epochs():
    from pipeline.network import epochs_for, trial_epochs_for

    sizes = (10, 5_000, 26_000, 250_000, 10**9)
    assert [epochs_for(rows) for rows in sizes] == [40, 40, 19, 2, 1]
    assert [trial_epochs_for(rows) for rows in sizes] == [10, 10, 4, 4, 4]


def test_a_step_of_learning_is_traced_once():
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.network import Batches, compile_for

    model, batches, traced = build(), Batches(rows(500), YES, 0), []
    compile_for(model, YES, Hyperparameters(), 100)
    step = model.train_step
    model.train_step = lambda data: (traced.append(data), step(data))[1]
    model.fit(batches.dataset(), epochs=2, shuffle=False, verbose=0)
    assert len(traced) == 1
