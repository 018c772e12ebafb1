"""What is learned comes from the training split alone, and a feature that drifts is left out."""

import json

import numpy as np
import pandas as pd
import pytest

from bundle.profile import Profile, psi
from pipeline import arrays, encode, encoding, problem, tables
from pipeline.errors import DataError, ProblemError
from pipeline.job import Job
from pipeline.tasks import Encode
from tests.pipeline.written import write_part

SPEC = {
    "name": "some",
    "title": "Some",
    "table": "rows",
    "target": "x > 0",
    "features": {"columns": ["x", "steady", "moving", "same", "kind"]},
    "split": {"time": "t", "validation": "2013-02-01", "test": "2013-03-01"},
    "sources": {
        "rows": {
            "path": "",
            "columns": {
                "x": {},
                "steady": {},
                "moving": {},
                "same": {},
                "kind": {"type": "category"},
                "t": {"type": "time"},
            },
        }
    },
}


def frame(seed, moved):
    rng = np.random.default_rng(seed)
    rows = 3000
    return pd.DataFrame(
        {
            "x": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "steady": rng.integers(0, 5, rows).astype(float),
            "moving": rng.normal(loc=moved, size=rows),
            "same": np.ones(rows),
            "kind": rng.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
            "t": pd.date_range("2013-01-01", periods=rows, freq="10min", tz="UTC").as_unit("us"),
            tables.TARGET: rng.integers(0, 2, rows).astype("float32"),
        }
    )


def run(tmp_path, splits, parts=1, spec=SPEC, **screen):
    described = problem.parse({**spec, "screen": screen} if screen else spec)
    for name, table in splits.items():
        for number, rows in enumerate(np.array_split(np.arange(len(table)), parts)):
            schema = tables.pa.Schema.from_pandas(table, preserve_index=False).remove_metadata()
            write_part(table.iloc[rows], tmp_path / "split" / name, number, schema)
    out = tmp_path / "out"
    out.mkdir()
    part = json.loads(json.dumps(described.part(Encode.reads)))
    outcome = encode.encode(Job("", "", part, {"split": tmp_path / "split"}, out, out, "tester", {}, tmp_path))
    return outcome, encoding.read(out), Profile.model_validate_json((out / "profile.json").read_bytes()), out


@pytest.fixture
def splits():
    return {"train": frame(0, 0.0), "validation": frame(1, 2.0), "test": frame(2, 2.0)}


def test_it_works(tmp_path, splits):
    outcome, known, _, out = run(tmp_path, splits)
    assert known.features == ["x", "steady", "kind"]
    train = arrays.read(out / "train")
    assert train.numbers.shape == (3000, 2)
    assert train.categories.shape == (3000, 1)
    assert outcome.rows_in == 9000


def test_a_feature_that_drifts_or_never_changes_is_left_out_and_the_reason_is_shown(tmp_path, splits):
    _, _, profile, _ = run(tmp_path, splits)
    reasons = {one.name: one.reason for one in profile.features if not one.kept}
    assert reasons["same"] == "it has one value in training"
    assert reasons["moving"].startswith("it drifts from training to validation: PSI")
    assert set(reasons) == {"same", "moving"}


def test_a_box_that_is_ticked_or_blank_is_a_feature(tmp_path, splits):
    """Its one value tells something where others have none."""
    for seed, name in enumerate(splits):
        ticked = np.random.default_rng(seed).random(3000) < 0.4
        kind = pd.Series(np.where(ticked, "x", None), dtype="object")
        splits[name] = splits[name].assign(same=np.where(ticked, 1.0, np.nan), kind=kind)
    _, known, _, out = run(tmp_path, splits)
    assert {"same", "kind"} <= set(known.features)
    [same] = [number for number in known.numbers if number.name == "same"]
    assert (same.median, same.scale, same.missing) == (1.0, 1.0, True)
    train = arrays.read(out / "train")
    assert len(np.unique(train.categories[:, 0])) == 2
    assert np.array_equal(np.isnan(train.numbers[:, known.features.index("same")]), train.categories[:, 0] == 0)


def test_what_chance_alone_moves_stays(tmp_path):
    few = {"train": frame(0, 0.0)[:140], "validation": frame(1, 0.0)[:30], "test": frame(2, 0.0)[:30]}
    _, known, profile, _ = run(tmp_path, few)
    assert known.features == ["x", "steady", "moving", "kind"]
    assert max(one.psi for one in profile.features) > profile.max_psi


def test_a_number_that_float32_hardly_tells_apart_is_named(tmp_path, splits):
    for table in splits.values():
        table["steady"] = table["steady"] / 2 + 5e6
        table["x"] = np.floor(table["x"]) + 5e6
    outcome, _, _, _ = run(tmp_path, splits)
    [note] = [one for one in outcome.notes if "steps" in one]
    assert note.startswith("steady is known in steps of 0.5 at 5000002, and its standard deviation is ")


def test_the_rule_can_keep_what_drifts(tmp_path, splits):
    _, known, _, _ = run(tmp_path, splits, drifting="keep")
    assert "moving" in known.features


def test_nothing_is_learned_from_validation_or_the_hold_out(tmp_path, splits):
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    _, before, _, _ = run(tmp_path / "one", splits)
    for name in ("validation", "test"):
        splits[name] = splits[name].assign(x=splits[name]["x"] * 1000, kind="never seen")
    _, after, _, _ = run(tmp_path / "other", splits, drifting="keep")
    learned = {number.name: number for number in after.numbers}
    assert all(learned[number.name] == number for number in before.numbers)
    assert before.categories == after.categories


def test_what_is_learned_does_not_depend_on_the_parts(tmp_path, splits):
    results = []
    for parts in (1, 7):
        (tmp_path / str(parts)).mkdir()
        _, known, profile, out = run(tmp_path / str(parts), splits, parts)
        results.append((known, profile, np.load(out / "train" / "numbers.npy").tobytes()))
    assert results[0] == results[1]


def test_what_is_usual_for_a_single_day_is_that_of_training_and_validation(tmp_path, splits):
    """One of 40 days has another ``kind`` than all others, and it is what a day may reach."""
    for name, start in (("train", "2013-01-01"), ("validation", "2013-01-21")):
        splits[name]["t"] = pd.date_range(start, periods=3000, freq="576s", tz="UTC").as_unit("us")
    odd = splits["validation"]["t"].dt.strftime("%Y-%m-%d") == "2013-01-25"
    splits["validation"].loc[odd, "kind"] = "c"
    _, _, profile, _ = run(tmp_path, splits)
    [kind] = [one for one in profile.features if one.name == "kind"]
    [steady] = [one for one in profile.features if one.name == "steady"]
    assert kind.usual == pytest.approx(psi(kind.training, [0, 0, 1, 0, 0]))
    assert 0 < steady.usual < 0.5
    assert kind.rows == steady.rows == 3000


def test_case_04_the_imputed_median_is_that_of_the_values_that_training_has(tmp_path, splits):
    _, known, _, _ = run(tmp_path, splits)
    values = np.sort(splits["train"]["x"].dropna().to_numpy("float32"))
    assert known.numbers[0].median == pytest.approx(values[(len(values) - 1) // 2], abs=1e-6)
    assert known.numbers[0].missing


def test_codes_are_missing_unknown_or_the_level(tmp_path, splits):
    splits["test"] = splits["test"].assign(kind=[None, "never seen", "a"] * 1000)
    _, known, _, out = run(tmp_path, splits)
    assert known.categories[0].vocabulary == ("a", "b", "c")
    assert arrays.read(out / "test").categories[:3, 0].tolist() == [
        encoding.MISSING,
        encoding.UNKNOWN,
        encoding.RESERVED,
    ]


def test_the_target_of_training_is_learned(tmp_path, splits):
    _, known, _, out = run(tmp_path, splits)
    yes = splits["train"][tables.TARGET]
    assert known.target.task == "binary"
    assert known.target.shares == pytest.approx((yes.mean(),))
    assert np.array_equal(arrays.read(out / "train").target, yes)


def test_a_class_becomes_its_place_among_those_of_training(tmp_path, splits):
    kinds = {name: np.array(["ox", "bee", "cat"])[[0, 1, 2] * 1000] for name in splits}
    kinds["validation"][0] = "dog"
    answered = {name: table.assign(**{tables.TARGET: kinds[name]}) for name, table in splits.items()}
    spec = {**SPEC, "task": "multiclass", "target": "kind"}
    _, known, _, out = run(tmp_path, answered, spec=spec)
    assert known.target.classes == ("bee", "cat", "ox")
    assert known.target.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert arrays.read(out / "train").target[:3].tolist() == [2, 0, 1]
    assert arrays.read(out / "validation").target[:3].tolist() == [-1, 0, 1]


def test_of_a_number_to_tell_the_mean_and_the_spread_are_learned(tmp_path, splits):
    answered = {name: table.assign(**{tables.TARGET: table["steady"]}) for name, table in splits.items()}
    spec = {**SPEC, "task": "regression", "target": "x * 2"}
    _, known, _, _ = run(tmp_path, answered, spec=spec)
    steady = splits["train"]["steady"]
    assert (known.target.mean, known.target.scale) == pytest.approx((steady.mean(), steady.std(ddof=0)))


def test_case_14_a_leak_is_named_and_may_be_waived(tmp_path, splits):
    for table in splits.values():
        table["steady"] = table[tables.TARGET] * 5.0
    for name, more in (("plain", {}), ("waived", {"waive": {"steady": "It is known by then."}})):
        (tmp_path / name).mkdir()
        outcome, known, profile, _ = run(tmp_path / name, splits, **more)
        leaks = {one.name: one for one in profile.features if one.leak}
        assert set(leaks) == {"steady"}
        assert "steady" in known.features
        assert leaks["steady"].alone == 1
        assert leaks["steady"].waived == more.get("waive", {}).get("steady", "")
        assert any(note.startswith("steady may be a leak: it alone tells 1.000") for note in outcome.notes)


def test_case_04_a_feature_without_any_value_is_left_out(tmp_path, splits):
    for table in splits.values():
        table["steady"] = np.nan
    outcome, known, _, _ = run(tmp_path, splits)
    assert "steady" not in known.features
    assert "steady is left out: it has no value in training" in outcome.notes


def test_numbers_are_clipped_at_quantiles_of_training(tmp_path, splits):
    spec = {**SPEC, "features": {**SPEC["features"], "winsorise": {"x": [0.05, 0.95]}}}
    _, known, _, out = run(tmp_path, splits, spec=spec)
    low, high = known.numbers[0].clip
    assert (low, high) == pytest.approx(np.nanquantile(splits["train"]["x"], [0.05, 0.95]), abs=0.02)
    for name in splits:
        values = arrays.read(out / name).numbers[:, 0]
        assert (np.nanmin(values), np.nanmax(values)) == (np.float32(low), np.float32(high))
        assert np.array_equal(np.isnan(values), splits[name]["x"].isna())


def test_a_million_texts_leave_the_vocabulary_to_those_that_come_often(tmp_path, splits):
    rng = np.random.default_rng(0)
    for table in splits.values():
        table["kind"] = np.where(rng.random(3000) < 0.5, "often", rng.permutation(1_000_000)[:3000].astype(str))
    _, known, _, _ = run(tmp_path, splits)
    assert known.categories[0].vocabulary == ("often",)


def test_the_answers_of_the_hold_out_are_not_read(tmp_path, splits):
    _, _, _, out = run(tmp_path, splits)
    assert not (out / "test" / "target.npy").exists()
    assert len(arrays.read(out / "validation").target) == 3000


def test_without_any_feature_left_the_run_stops(tmp_path, splits):
    with pytest.raises(DataError, match="At least one feature must be left"):
        run(tmp_path, {name: table.assign(x=1.0, steady=1.0, kind="a") for name, table in splits.items()})


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"screen": {"waive": {"stedy": "It is known."}}},
            "screen.waive: 'stedy' is no feature; did you mean 'steady'",
        ),
        ({"screen": {"waive": {"steady": " "}}}, "screen.waive.steady: must give the reason"),
        ({"winsorise": {"kind": [0.1, 0.9]}}, "features.winsorise: 'kind' must be a number; it is of type category"),
        ({"winsorise": {"x": [0.9, 0.1]}}, "x: expected two shares such as [0.01, 0.99]"),
    ],
)
def test_a_rule_that_can_not_be_is_a_mistake(more, told):
    features = {**SPEC["features"], "winsorise": more.get("winsorise", {})}
    with pytest.raises(ProblemError) as error:
        problem.parse({**SPEC, "features": features, "screen": more.get("screen", {})})
    assert told in str(error.value)
