"""A level with few rows is told by what training answers with it; no row of training sees its own answer in that."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline import arrays, credibility, encode, encoding, problem, tables, target_encoding
from pipeline.encoding import MISSING, RESERVED, UNKNOWN, Target
from pipeline.job import Job
from pipeline.tasks import Encode
from tests.pipeline.written import write_part

PLACES = {"train": 3000, "validation": 600, "test": 600}


def spec(target, group=None):
    columns = {"user": {"type": "category"}, "home": {"type": "category"}, "x": {}, target: {}, "t": {"type": "time"}}
    if target == "label":
        columns[target] = {"type": "category"}
    split = {"time": "t", "validation": "2013-02-01", "test": "2013-03-01", **({"group": group} if group else {})}
    return {
        "name": "some",
        "title": "Some",
        "table": "rows",
        "target": {"yes": "yes > 0", "label": "label", "amount": "amount"}[target],
        "task": {"yes": "binary", "label": "multiclass", "amount": "regression"}[target],
        "features": {"columns": ["user", "x"]},
        "split": split,
        "sources": {"rows": {"path": "", "columns": columns}},
    }


def frames(task):
    """Rows of 600 users who answer each in their own way: 599 have five rows of training each, one has more."""
    rng = np.random.default_rng(0)
    of_user = rng.normal(0, 2, 601)
    found = {}
    for name, rows in PLACES.items():
        users = np.append(np.tile(np.arange(600), 5)[: rows - 100], np.zeros(100, int))
        if name != "train":
            users[:20] = 600
        noise = rng.logistic(size=rows)
        answers = {
            "binary": (of_user[users] + noise > 0).astype("float32"),
            "multiclass": np.array(["a", "b", "c"])[np.digitize(of_user[users] + noise, [-1, 1])],
            "regression": (of_user[users] * 100 + noise + 1000).astype("float64"),
        }[task]
        frame = pd.DataFrame(
            {"user": [f"u{user}" for user in users], "x": rng.normal(size=rows), tables.TARGET: answers}
        )
        frame["home"] = [f"h{user % 150}" for user in users]
        frame["user"] = frame["user"].astype(object).where(np.arange(rows) % 50 > 0, None)
        frame["t"] = pd.date_range("2013-01-01", periods=rows, freq="10min", tz="UTC").as_unit("us")
        found[name] = frame
    return found


def run(tmp_path, splits, target="yes", parts=1, group=None):
    tmp_path.mkdir(exist_ok=True)
    described = problem.parse(spec(target, group))
    for name, table in splits.items():
        for number, rows in enumerate(np.array_split(np.arange(len(table)), parts)):
            schema = pa.Schema.from_pandas(table, preserve_index=False).remove_metadata()
            write_part(table.iloc[rows], tmp_path / "split" / name, number, schema)
    out = tmp_path / "out"
    out.mkdir()
    part = json.loads(json.dumps(described.part(Encode.reads)))
    encode.encode(Job("", "", part, {"split": tmp_path / "split"}, out, out, "tester", {}, tmp_path))
    return encoding.read(out), out


TARGETS = [("binary", "yes", 1), ("multiclass", "label", 3), ("regression", "amount", 1)]


@pytest.mark.parametrize(("task", "target", "outputs"), TARGETS)
def test_an_id_is_a_number_for_each_output_and_only_its_frequent_levels_are_embedded(tmp_path, task, target, outputs):
    splits = frames(task)
    known, out = run(tmp_path, splits, target)
    [user] = known.categories
    assert len(user.vocabulary) > 550
    assert user.vocabulary[: user.embedded] == ("u0",)
    assert len(user.means) == outputs
    assert known.features == ["x", "user"]
    test = arrays.read(out / "test")
    assert test.numbers.shape == (600, 1 + outputs)
    assert set(np.unique(test.categories)) == {MISSING, UNKNOWN, RESERVED}
    truth = splits["test"][tables.TARGET]
    for place, mean in enumerate(user.means):
        told = (truth == "abc"[place]) if task == "multiclass" else truth
        seen = splits["test"]["user"].notna().to_numpy() & (np.arange(600) >= 20)
        assert np.corrcoef(test.numbers[seen, 1 + place], told[seen].astype(float))[0, 1] > 0.2
        never_seen = test.numbers[1:20, 1 + place]
        assert set(never_seen.tolist()) == {np.float32(mean.by_code[UNKNOWN])}
        assert test.numbers[0, 1 + place] == np.float32(mean.by_code[MISSING])


@pytest.mark.parametrize(("task", "target", "outputs"), TARGETS)
def test_the_graph_gives_what_the_arrays_hold(tmp_path, task, target, outputs):
    import tensorflow as tf

    from pipeline.preprocessing import Encode as Graph

    splits = frames(task)
    known, out = run(tmp_path, splits, target)
    rows = splits["validation"]
    texts = tf.constant(rows["user"].fillna("").astype(str).tolist())
    numbers, codes = Graph(known)({"x": tf.constant(rows["x"].astype("float32")), "user": texts})
    held = arrays.read(out / "validation")
    assert np.array_equal(numbers.numpy(), held.numbers)
    assert np.array_equal(codes.numpy(), held.categories)


def test_no_row_of_training_sees_its_own_answer(tmp_path):
    splits = frames("regression")
    changed = {name: frame.copy() for name, frame in splits.items()}
    changed["train"].loc[7, tables.TARGET] += 300
    _, one = run(tmp_path / "one", splits, "amount")
    _, other = run(tmp_path / "other", changed, "amount")
    before, after = (arrays.read(out / "train").numbers[:, 1] for out in (one, other))
    moved = np.abs(before - after)
    same_user = np.flatnonzero(splits["train"]["user"] == splits["train"]["user"][7])
    assert moved[7] < 0.01  # all that it sees is the mean and the spread of all answers
    assert (moved[same_user] > 0.1).sum() >= 2


def test_nothing_is_learned_from_validation_or_the_hold_out(tmp_path):
    splits = frames("binary")
    before, _ = run(tmp_path / "one", splits)
    for name in ("validation", "test"):
        splits[name][tables.TARGET] = 1 - splits[name][tables.TARGET]
    after, _ = run(tmp_path / "other", splits)
    assert before.categories == after.categories


@pytest.mark.parametrize(("task", "target", "outputs"), TARGETS)
@pytest.mark.parametrize("group", [None, "home"])
def test_what_is_learned_does_not_depend_on_the_parts(tmp_path, task, target, outputs, group):
    splits = frames(task)
    one, out = run(tmp_path / "one", splits, target, group=group)
    seven, other = run(tmp_path / "seven", splits, target, parts=7, group=group)
    assert one == seven
    for name in splits:
        assert np.array_equal(arrays.read(out / name).numbers, arrays.read(other / name).numbers, equal_nan=True)


def test_a_group_that_no_other_split_has_tells_nothing_of_its_own_rows(tmp_path):
    """Users live in one home each, and a home is in one split: what training answers with a user tells nothing."""
    _, out = run(tmp_path, frames("binary"), group="home")
    train = arrays.read(out / "train")
    told = train.numbers[train.categories[:, 0] != MISSING, 1]
    assert told.std() < 0.02


def test_levels_that_do_not_differ_are_told_by_nothing(tmp_path):
    splits = frames("binary")
    for frame in splits.values():
        frame[tables.TARGET] = (np.arange(len(frame)) // 600 % 2).astype("float32")
    known, _ = run(tmp_path, splits)
    assert known.categories[0].means == ()
    assert len(known.taken) == 1


def test_a_part_is_counted_as_its_rows_are():
    codes, folds = np.array([0, 2, 2, 1, 2]), np.array([0, 4, 4, 1, 0])
    told = target_encoding.outputs(np.array([1, 0, 1, 1, 1], "float32"), Target(task="binary", shares=(0.8,)))
    sums = target_encoding.summed(codes, folds, 3, told)
    assert sums.rows[2].tolist() == [1, 0, 0, 0, 2]
    assert sums.totals[0, 2].tolist() == [1, 0, 0, 0, 1]
    twice = sums + sums
    assert (twice.rows.sum(), twice.squares.sum()) == (10, 8)


def test_a_level_is_believed_by_its_rows(tmp_path):
    splits = frames("binary")
    known, _ = run(tmp_path, splits)
    [user] = known.categories
    train = splits["train"]
    codes = train["user"].map({level: code for code, level in enumerate(user.vocabulary, RESERVED)})
    codes = codes.fillna(0).astype(int).to_numpy()
    answers = train[tables.TARGET].to_numpy().astype(float)
    told = [
        np.bincount(codes, weights, len(user.vocabulary) + RESERVED) for weights in (answers**0, answers, answers**2)
    ]
    assert user.means[0].by_code == pytest.approx(credibility.means(*told), abs=1e-6)


@pytest.mark.slow
def test_of_ids_with_five_rows_each_the_network_learns_about_what_a_tuned_line_with_a_weight_for_each_does(tmp_path):
    from scipy import sparse
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.metrics import log_loss

    from pipeline import contest
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.network import build
    from pipeline.train import predict

    splits = frames("binary")
    known, out = run(tmp_path, splits)
    train, validation, test = (arrays.read(out / name) for name in splits)
    chosen = Hyperparameters(width=64)
    model = build(known, chosen, seed=0)
    contest.fit(model, known.target, chosen, train, validation, 10, 0, tmp_path / "best", lambda _: None)
    contest.restore(model, tmp_path / "best")
    truth = splits["test"][tables.TARGET]
    loss = log_loss(truth, predict(model, test, known.target))

    levels = {level: place for place, level in enumerate(known.categories[0].vocabulary)}

    def dummies(name):
        places = splits[name]["user"].map(levels)
        there = np.flatnonzero(places.notna())
        at = (np.ones(len(there)), (there, places.iloc[there].astype(int)))
        return sparse.csr_array(at, shape=(len(places), len(levels)))

    line = LogisticRegressionCV(scoring="neg_log_loss", use_legacy_attributes=False, l1_ratios=(0,)).fit(
        dummies("train"), splits["train"][tables.TARGET]
    )
    assert loss < log_loss(truth, line.predict_proba(dummies("test"))[:, 1]) + 0.015
