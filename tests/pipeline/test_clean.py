"""Cleaning mends by rule, and sets aside with reasons; nothing is lost."""

import numpy as np
import pandas as pd
import pytest

from pipeline import clean, tables
from pipeline.errors import DataError
from pipeline.job import Job
from pipeline.problem import Column, Source


def source(columns, **more):
    return Source(path="x.csv", columns={name: Column(**rules) for name, rules in columns.items()}, **more)


def text(**columns):
    return pd.DataFrame({name: pd.array(values, dtype="str") for name, values in columns.items()})


def cleaned(tmp_path, parts, described):
    """Clean the given parts as the stage does; the outcome, the rows kept, and the rows set aside."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for number, part in enumerate(parts):
        part.to_parquet(tables.part_path(raw, number), index=False)
    part = {"sources": {"s": described.model_dump(mode="json")}}
    outcome = clean.clean(Job("", "s", part, {"raw": raw}, out, out, "tester", {}, tmp_path))
    kept, aside = (
        pd.concat([pd.read_parquet(path) for path in tables.parts(out / name)] or [pd.DataFrame()])
        for name in ("rows", "set_aside")
    )
    return outcome, kept.reset_index(drop=True), aside.reset_index(drop=True)


def test_it_works():
    described = source({"x": {}, "c": {"type": "category", "spelling": "upper"}})
    good, bad, _ = clean.clean_part(text(x=["1.5", " 2 "], c=["a", " B"]), described)
    assert good.to_dict("list") == {"x": [1.5, 2.0], "c": ["A", "B"]}
    assert bad.empty


@pytest.mark.parametrize("token", ["", "NA", "n/a", "-", "null", "NaN"])
def test_a_token_for_missing_is_missing(token):
    good, _, _ = clean.clean_part(text(x=[token], c=[token]), source({"x": {}, "c": {"type": "category"}}))
    assert good["x"].isna().all()
    assert good["c"].isna().all()


@pytest.mark.parametrize(
    ("rules", "value", "reason"),
    [
        ({}, "12 kg", "x is no number"),
        ({}, "1,234", "x is no number"),
        ({}, "inf", "x is no number"),
        ({}, "1e999", "x is no number"),
        ({"type": "integer"}, "1.5", "x is no integer"),
        ({"type": "time"}, "yesterday", "x is no time"),
        ({"range": (0, 10)}, "11", "x is outside 0 to 10"),
        ({"type": "category", "allowed": ("a", "b")}, "c", "x is outside a, b"),
        ({"missing": "reject"}, "", "x is missing"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_as_it_came(rules, value, reason):
    good, bad, _ = clean.clean_part(text(x=[value], other=["kept"]), source({"x": rules}))
    assert good.empty
    assert bad.to_dict("records") == [{"x": value, "other": "kept", "reason": reason}]


def test_a_row_keeps_all_its_reasons():
    _, bad, _ = clean.clean_part(text(x=["no"], y=["99"]), source({"x": {}, "y": {"range": (0, 1)}}))
    assert bad["reason"].tolist() == ["x is no number; y is outside 0 to 1"]


def test_a_value_outside_can_be_made_missing_or_clipped_and_is_counted():
    described = source({"x": {"range": (0, 1), "outside": "missing"}, "y": {"range": (0, 1), "outside": "clip"}})
    good, _, counts = clean.clean_part(text(x=["5", "1"], y=["5", "-5"]), described)
    assert good["x"].isna().tolist() == [True, False]
    assert good["y"].tolist() == [1.0, 0.0]
    assert dict(counts) == {"of x made missing for being outside 0 to 1": 1, "of y clipped to 0 to 1": 2}


def test_rows_that_contradict_themselves_are_set_aside_and_those_that_cannot_tell_are_not():
    described = source({"h": {}, "m": {}, "t": {}}, checks={"the clocks differ": "h * 100 + m == t"})
    good, bad, _ = clean.clean_part(text(h=["5", "5", "5"], m=["15", "15", "15"], t=["515", "517", ""]), described)
    assert len(good) == 2
    assert bad["reason"].tolist() == ["the clocks differ"]


def test_texts_and_times_are_checked_as_what_they_are():
    columns = {
        "kind": {"type": "category"},
        "start": {"type": "time"},
        "end": {"type": "time"},
        "paid": {"type": "boolean"},
    }
    checks = {"ends too early": "end >= start", "a gift is paid": "kind != 'gift' or paid == 'false'"}
    rows = {
        "kind": ["gift", "gift", "sale", "sale"],
        "start": ["2013-01-02"] * 4,
        "end": ["2013-01-03", "2013-01-03", "2013-01-01", ""],
        "paid": ["TRUE", "false", "true", ""],
    }
    good, bad, _ = clean.clean_part(text(**rows), source(columns, checks=checks))
    assert bad["reason"].tolist() == ["a gift is paid", "ends too early"]
    assert good["paid"].tolist()[0] == "false"


def test_a_key_that_is_repeated_in_another_part_is_set_aside(tmp_path):
    described = source({"k": {"type": "category", "spelling": "upper"}, "x": {}}, key=("k",), max_rejected=1)
    outcome, kept, aside = cleaned(
        tmp_path, [text(k=["a", "b"], x=["1", "2"]), text(k=["c", " A"], x=["3", "4"])], described
    )
    assert kept["k"].tolist() == ["A", "B", "C"]
    assert aside["reason"].tolist() == ["repeats the key k"]
    assert (outcome.rows_in, outcome.rows_out) == (4, 3)


def test_the_rows_do_not_depend_on_the_parts(tmp_path):
    rng = np.random.default_rng(0)
    table = text(k=rng.integers(0, 500, 1000).astype(str).tolist(), x=rng.choice(["1", "2", "bad"], 1000).tolist())
    described = source({"k": {"type": "category"}, "x": {}}, key=("k",), max_rejected=1)
    results = []
    for count in (1, 7):
        (tmp_path / str(count)).mkdir()
        pieces = [table.iloc[rows].reset_index(drop=True) for rows in np.array_split(np.arange(1000), count)]
        outcome, kept, _ = cleaned(tmp_path / str(count), pieces, described)
        results.append((outcome.rows_out, outcome.notes, kept.to_dict("list")))
    assert results[0] == results[1]


def test_too_many_bad_rows_stop_the_run_with_the_reasons(tmp_path):
    with pytest.raises(DataError, match=r"At most 5\.0% .* 50\.0% do:\n  1 rows: x is no number"):
        cleaned(tmp_path, [text(x=["1", "one"])], source({"x": {}}))


def test_a_part_whose_column_is_empty_keeps_the_types(tmp_path):
    described = source({"x": {}, "c": {"type": "category"}, "t": {"type": "time"}})
    parts = [text(x=["1"], c=["a"], t=["2013-01-01T10:00:00Z"]), text(x=[""], c=[""], t=[""])]
    _, kept, _ = cleaned(tmp_path, parts, described)
    assert kept["t"].tolist()[0] == pd.Timestamp("2013-01-01T10:00Z")
    assert kept["x"].isna().tolist() == [False, True]
