"""What judges the model is nothing that it learned from, and what can't be judged is refused."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bundle.manifest import Window
from pipeline import problem, split, tables
from pipeline.errors import DataError, ProblemError
from pipeline.job import Job
from pipeline.tables import TARGET
from pipeline.tasks import Split
from tests.pipeline.written import write_part

BY_TIME = {"time": "t", "time_zone": "America/New_York", "validation": "2013-10-01", "test": "2013-11-01"}
SPEC = {
    "name": "some",
    "title": "Some",
    "table": "rows",
    "target": "x > 0",
    "features": {"columns": ["x"]},
    "sources": {
        "rows": {
            "path": "",
            "columns": {
                "id": {"type": "integer"},
                "who": {"type": "category"},
                "x": {},
                "t": {"type": "time"},
            },
        }
    },
}


def frame(rows=2000, seed=0, groups=200):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(rows, dtype="float64"),
            "who": rng.integers(0, groups, rows).astype(str),
            "x": rng.normal(size=rows),
            "t": pd.date_range("2013-01-01", "2013-12-31", periods=rows, tz="UTC").as_unit("us"),
            TARGET: (rng.random(rows) < 0.2).astype("float32"),
        }
    )


def run(folder, table, rule, parts=1, key=("id",), as_of=None, duplicates="remove", **more):
    """Split the table, which lies in so many parts; the windows, and the rows of each split."""
    rows = {**SPEC["sources"]["rows"], "key": list(key), "duplicates": duplicates}
    described = problem.parse({**SPEC, "sources": {"rows": rows}, "split": rule, **more})
    folder.mkdir(parents=True, exist_ok=True)
    text = pa.float32() if pd.api.types.is_numeric_dtype(table[TARGET]) else pa.string()
    schema = tables.schema(described.columns).append(pa.field(TARGET, text))
    for number, places in enumerate(np.array_split(np.arange(len(table)), parts)):
        write_part(table.iloc[places], folder / "features" / "rows", number, schema)
    out = folder / "out"
    out.mkdir()
    part = json.loads(json.dumps(described.part(Split.reads))) | ({"as_of": as_of} if as_of else {})
    outcome = split.split(Job("", "", part, {"features": folder / "features"}, out, out, "tester", {}, folder))
    windows = [Window.model_validate(one) for one in json.loads((out / "windows.json").read_text())]
    return outcome, windows, {name: tables.whole(out / name) for name in ("train", "validation", "test")}, out


def test_it_works(tmp_path):
    outcome, windows, parted, _ = run(tmp_path, frame(), BY_TIME)
    assert outcome.rows_in == outcome.rows_out == 2000
    assert parted["train"]["t"].max() < pd.Timestamp("2013-10-01", tz="America/New_York")
    assert parted["test"]["t"].min() >= pd.Timestamp("2013-11-01", tz="America/New_York")
    assert [one.split for one in windows] == ["train", "validation", "test"]
    assert sum(one.rows for one in windows) == 2000
    yes = int(parted["test"][TARGET].sum())
    assert windows[2].target == {"no": windows[2].rows - yes, "yes": yes}
    assert windows[2].positives == yes


def test_a_day_begins_in_the_time_zone(tmp_path):
    table = frame(8)
    table["t"] = pd.to_datetime(
        [f"2013-{day}Z" for day in ("01-01T04:30", "10-01T03:59", "10-01T04:00", "11-01T03:59")]
        + [f"2013-{day}Z" for day in ("10-15T12:00", "11-01T04:00", "12-31T12:00", "01-01T12:00")]
    ).as_unit("us")
    table[TARGET] = np.array([1, 0, 1, 0, 1, 0, 1, 1], "float32")
    _, windows, parted, _ = run(tmp_path, table, BY_TIME)
    assert {name: sorted(rows["id"]) for name, rows in parted.items()} == {
        "train": [0, 1, 7],
        "validation": [2, 3, 4],
        "test": [5, 6],
    }
    assert windows[0].first == "2012-12-31T23:30:00-05:00"
    assert windows[2].last == "2013-12-31T07:00:00-05:00"


@pytest.mark.parametrize(
    ("validation", "test", "as_of", "begin"),
    [
        ("30 days", "30 days", None, (date(2013, 11, 2), date(2013, 12, 2))),
        ("1 month", "1 month", "2013-12-01", (date(2013, 10, 1), date(2013, 11, 1))),
        ("2 weeks", date(2013, 11, 15), None, (date(2013, 11, 1), date(2013, 11, 15))),
    ],
)
def test_how_long_a_split_lasts_counts_back_from_the_newest_day_or_the_day_of_the_run(
    tmp_path, validation, test, as_of, begin
):
    _, windows, _, _ = run(tmp_path, frame(), {"time": "t", "validation": validation, "test": test}, as_of=as_of)
    assert [date.fromisoformat(one.first[:10]) for one in windows[1:]] == list(begin)


def test_a_share_of_the_rows_in_time_is_the_newest(tmp_path):
    _, windows, parted, _ = run(tmp_path, frame(), {"time": "t", "validation": 0.2, "test": 0.1})
    assert [one.rows for one in windows] == pytest.approx([1400, 400, 200], abs=1)
    assert parted["train"]["t"].max() < parted["validation"]["t"].min()
    assert parted["validation"]["t"].max() < parted["test"]["t"].min()


@pytest.mark.parametrize(
    "rule",
    [
        BY_TIME,
        {"time": "t", "validation": 0.15, "test": "60 days", "group": "who"},
        {"by": "hash"},
        {"by": "hash", "group": "who"},
        {"by": "random", "stratify": True},
        {"by": "random", "group": "who"},
    ],
)
def test_the_split_of_a_row_does_not_depend_on_the_part_that_it_lies_in(tmp_path, rule):
    found = [run(tmp_path / str(parts), frame(groups=1500), rule, parts) for parts in (1, 7)]
    (_, one, first, _), (_, other, second, _) = found
    assert one == other
    for name in first:
        assert (
            first[name].sort_values("id", ignore_index=True).equals(second[name].sort_values("id", ignore_index=True))
        )


def test_by_digest_a_row_stays_where_it_is_when_others_come_and_go(tmp_path):
    table = frame(4000)
    _, windows, before, _ = run(tmp_path / "one", table, {"by": "hash", "validation": 0.2, "test": 0.1})
    later = pd.concat([frame(1000, seed=5).assign(id=lambda rows: rows["id"] + 9000), table[::-1][:3000]])
    _, _, after, _ = run(tmp_path / "other", later, {"by": "hash", "validation": 0.2, "test": 0.1})
    assert [one.rows / 4000 for one in windows] == pytest.approx([0.7, 0.2, 0.1], abs=0.03)
    for name, rows in before.items():
        kept = set(rows["id"]) & set(later["id"])
        assert kept
        assert kept <= set(after[name]["id"])


@pytest.mark.parametrize("by", ["hash", "random"])
def test_case_06_rows_that_are_alike_lie_in_one_split(tmp_path, by):
    """A table without a key, with rows twice and thrice in it."""
    table = frame(1500)
    table = pd.concat([table, table[:500], table[:200]], ignore_index=True)
    _, _, parted, _ = run(tmp_path, table, {"by": by}, key=())
    rows = [set(rows["id"]) for rows in parted.values()]
    assert not rows[0] & (rows[1] | rows[2])
    assert not rows[1] & rows[2]


def few(rows, seed=0):
    """Rows of 32 different kinds, which are equal by chance."""
    rng = np.random.default_rng(seed)
    who, x = rng.choice(list("abcd"), rows, p=[0.6, 0.2, 0.1, 0.1]), rng.integers(0, 4, rows).astype("float64")
    late = (rng.random(rows) < 0.3).astype("float32")
    return frame(rows).assign(id=0.0, t=pd.Timestamp("2013-01-01", tz="UTC"), who=who, x=x, **{TARGET: late})


def kinds(parted):
    """How many rows of each kind lie in each split."""
    return {name: rows.groupby(["who", "x", TARGET]).size().to_dict() for name, rows in parted.items()}


@pytest.mark.parametrize("rule", [{"by": "hash"}, {"by": "random"}, {"by": "random", "stratify": True}])
def test_rows_that_are_equal_by_chance_are_shared_out(tmp_path, rule):
    how = {"rule": {**rule, "validation": 0.2, "test": 0.1}, "key": (), "duplicates": "keep"}
    _, windows, parted, _ = run(tmp_path / "one", few(4000), **how)
    assert [one.rows / 4000 for one in windows] == pytest.approx([0.7, 0.2, 0.1], abs=0.02)
    assert min(map(len, kinds(parted).values())) > 24
    _, _, again, _ = run(tmp_path / "other", few(4000).sample(frac=1, random_state=1), parts=7, **how)
    assert kinds(again) == kinds(parted)


def test_rows_that_are_equal_by_chance_stay_where_they_are_when_others_come(tmp_path):
    how = {"rule": {"by": "hash"}, "key": (), "duplicates": "keep"}
    _, _, parted, _ = run(tmp_path / "one", few(2000), **how)
    _, _, later, _ = run(tmp_path / "other", pd.concat([few(500, seed=3), few(2000)]), parts=2, **how)
    before, after = kinds(parted), kinds(later)
    assert all(after[name][kind] >= count for name, found in before.items() for kind, count in found.items())


def test_rows_that_are_equal_by_chance_stay_with_their_group(tmp_path):
    how = {"rule": {"by": "hash", "group": "x"}, "key": (), "duplicates": "keep"}
    _, _, parted, _ = run(tmp_path, few(2000).assign(x=np.arange(2000) % 40), **how)
    groups = [set(rows["x"]) for rows in parted.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 40


@pytest.mark.parametrize("rule", [{"by": "hash"}, {"by": "random"}, {"by": "hash", "group": "t"}])
@pytest.mark.parametrize("compared", [split.COMPARED, 500])
def test_rows_of_two_splits_that_only_their_keys_tell_apart_are_told(tmp_path, monkeypatch, rule, compared):
    """Half of the rows are there twice, the second time with another key."""
    monkeypatch.setattr(split, "COMPARED", compared)
    table = frame(2000)
    again = table[:1000].assign(id=table["id"][:1000] + 5000, t=table["t"][:1000] + pd.Timedelta(hours=1))
    both = pd.concat([table, again], ignore_index=True)
    key = ("id",) if "group" in rule else ("id", "t")
    outcome, _, parted, _ = run(tmp_path, both, rule, key=key, parts=3)
    train, test = (set(parted[name]["x"]) for name in ("train", "test"))
    share = parted["test"]["x"].isin(train).mean()
    assert 0.3 < share < 0.7
    assert len(test) < len(parted["test"])
    [note] = [note for note in outcome.notes if "in all but" in note]
    assert note.endswith(f" of the rows of test equal one of train in all but {', '.join(key)}")
    assert float(note.partition("%")[0]) == pytest.approx(100 * share, abs=0.01 if compared > 2000 else 8)


@pytest.mark.parametrize(
    ("rule", "key"),
    [({"by": "hash"}, ("id",)), ({"by": "hash"}, ()), ({"by": "hash"}, ("id", "who", "x", "t")), (BY_TIME, ("id",))],
)
def test_where_no_row_is_there_twice_none_is_told(tmp_path, rule, key):
    outcome, _, _, _ = run(tmp_path, frame(), rule, key=key)
    assert not [note for note in outcome.notes if "in all but" in note]


@pytest.mark.parametrize("by", ["hash", "random"])
def test_no_group_is_in_two_splits(tmp_path, by):
    _, windows, parted, _ = run(tmp_path, frame(groups=400), {"by": by, "group": "who"})
    groups = [set(rows["who"]) for rows in parted.values()]
    assert not groups[0] & (groups[1] | groups[2])
    assert not groups[1] & groups[2]
    assert sum(one.rows for one in windows) == 2000


def test_in_time_the_later_rows_of_a_known_group_are_set_aside(tmp_path):
    rule = {"time": "t", "validation": 0.3, "test": 0.3, "group": "who"}
    outcome, _, parted, out = run(tmp_path, frame(groups=1500), rule)
    groups = [set(rows["who"]) for rows in parted.values()]
    assert not groups[0] & (groups[1] | groups[2])
    assert not groups[1] & groups[2]
    assert parted["train"]["t"].max() < parted["test"]["t"].min()
    reasons = tables.reasons(out / "set_aside")
    assert reasons == {"who is that of a row in an earlier split": outcome.rows_in - outcome.rows_out}
    assert reasons.total() > 100


def test_drawn_shares_are_exact_for_each_answer(tmp_path):
    table = frame(200)
    table[TARGET] = np.repeat(np.array([0, 1], "float32"), [160, 40])
    _, windows, _, _ = run(tmp_path, table, {"by": "random", "stratify": True, "validation": 0.25, "test": 0.25})
    assert [one.target for one in windows] == [{"no": 80, "yes": 20}, {"no": 40, "yes": 10}, {"no": 40, "yes": 10}]
    _, _, one, _ = run(tmp_path / "again", table, {"by": "random"}, seed=1)
    _, _, other, _ = run(tmp_path / "other", table, {"by": "random"}, seed=2)
    assert [len(rows) for rows in one.values()] == [140, 30, 30]
    assert set(one["test"]["id"]) != set(other["test"]["id"])


def test_a_part_that_one_split_has_whole_is_the_same_file(tmp_path):
    _, _, _, out = run(tmp_path, frame(), BY_TIME, parts=20)
    features = tmp_path / "features" / "rows"
    assert tables.part_path(out / "train", 0).samefile(tables.part_path(features, 0))
    assert tables.part_path(out / "test", 19).samefile(tables.part_path(features, 19))


def test_the_seal_is_that_of_the_rows_held_out_and_their_answers(tmp_path):
    seals = []
    for name, table in (
        ("same", frame()),
        ("other features", frame().assign(x=1.0)),
        ("more to train on", pd.concat([frame(), frame(5)[:3].assign(id=[-1.0, -2.0, -3.0])])),
        (
            "another answer",
            frame().assign(**{TARGET: lambda rows: rows[TARGET].where(rows["id"] != 1999, 1 - rows[TARGET])}),
        ),
        ("another row", frame()[:-1]),
    ):
        _, windows, _, _ = run(tmp_path / name, table.sample(frac=1, random_state=len(seals)), BY_TIME)
        assert [one.seal is None for one in windows] == [True, True, False]
        seals.append(windows[2].seal)
    assert seals[0] == seals[1] == seals[2]
    assert len(set(seals)) == 3


def test_case_05_a_target_of_one_class_stops_before_training(tmp_path):
    with pytest.raises(DataError, match=r"can't be split .* evaluated: all 2,000 rows have the answer no"):
        run(tmp_path, frame().assign(**{TARGET: np.float32(0)}), {"by": "hash"})


def test_case_05_a_class_with_one_row_stops_before_training(tmp_path):
    kinds = frame().assign(**{TARGET: np.array(["ox", "bee"], object)[np.arange(2000) % 2]})
    kinds.loc[77, TARGET] = "dodo"
    multiclass = {"task": "multiclass", "target": "who"}
    with pytest.raises(DataError, match=r"1 row has the answer dodo, and .* none of them"):
        run(tmp_path / "hash", kinds, {"by": "hash"}, **multiclass)
    with pytest.raises(DataError, match=r"1 row has the answer dodo, and .* none of them"):
        run(tmp_path / "random", kinds, {"by": "random", "stratify": True}, **multiclass)


def test_of_labels_and_of_numbers_the_windows_tell_the_answers(tmp_path):
    kinds = frame().assign(**{TARGET: np.array(["ox", "bee", "cat"], object)[np.arange(2000) % 3]})
    _, windows, parted, _ = run(tmp_path / "labels", kinds, {"by": "hash"}, task="multiclass", target="who")
    assert windows[0].target == parted["train"][TARGET].value_counts().sort_index().to_dict()
    assert windows[0].positives is windows[0].first is None
    numbers = frame().assign(**{TARGET: lambda rows: rows["x"].astype("float32")})
    _, windows, parted, _ = run(tmp_path / "numbers", numbers, {"by": "hash"}, task="regression", target="x * 2")
    answers = parted["train"][TARGET]
    assert windows[0].target == pytest.approx(
        {"mean": answers.mean(), "min": answers.min(), "max": answers.max()}, 1e-4
    )


def test_every_split_that_can_not_be_used_is_told(tmp_path):
    with pytest.raises(DataError, match="validation has 0 rows; test has 0 rows"):
        run(tmp_path / "empty", frame(), {**BY_TIME, "validation": "2014-10-01", "test": "2014-11-01"})
    with pytest.raises(DataError, match=r"rows of train have the answer 3; .* rows of test have"):
        run(
            tmp_path / "same",
            frame().assign(**{TARGET: np.float32(3)}),
            {"by": "hash"},
            task="regression",
            target="x * 2",
        )


def test_case_16_rows_without_the_time_that_splits_them_are_told(tmp_path):
    table = frame()
    table.loc[:4, "t"] = pd.NaT
    with pytest.raises(DataError, match="in 5 rows t is missing"):
        run(tmp_path, table, BY_TIME)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"by": "hash", "stratify": True}, "split.stratify: there is no such key with by = hash"),
        ({"by": "hsah"}, "split.by: expected 'time', 'hash', 'random', got 'hsah'"),
        ({"by": "hash", "validation": 0.5, "test": 0.5}, "must leave rows to train on, got 0.5 and 0.5"),
        ({"by": "random", "group": "who", "stratify": True}, "stratify and group can't both hold"),
        ({"by": "hash", "group": "whom"}, "split.group: 'whom' is no column; did you mean 'who'"),
        ({"time": "t", "validation": "soon", "test": 0.2}, "split.validation: expected a day such as 2013-10-01"),
        ({"time": "t", "test": 0.2}, "split.validation: must be given"),
        ({**BY_TIME, "validation": "2013-12-01"}, "validation must begin before test"),
    ],
)
def test_a_split_that_can_not_be_is_a_mistake(rule, told):
    with pytest.raises(ProblemError) as error:
        problem.parse({**SPEC, "split": rule})
    assert told in str(error.value)
    assert "by = hash." not in str(error.value)
