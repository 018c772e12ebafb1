"""Cleaning mends by rule, and sets aside with reasons; nothing is lost."""

import json
from datetime import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import clean, tables
from pipeline.errors import DataError
from pipeline.job import Job
from pipeline.problem import Column, Source
from pipeline.sources.columns import FOUND


def source(columns, **more):
    return Source(path="x.csv", columns={name: Column(**rules) for name, rules in columns.items()}, **more)


def text(**columns):
    return pd.DataFrame({name: pd.array(values, dtype="str") for name, values in columns.items()})


def cleaned(tmp_path, parts, described, **part):
    """Clean the given parts as the stage does; the outcome, the rows kept, and the rows set aside."""
    raw, out = tmp_path / "raw", tmp_path / "clean" / "s" / "out"
    raw.mkdir()
    (raw / FOUND).write_text(json.dumps(dict.fromkeys(described.columns, "text")))
    out.mkdir(parents=True)
    for number, one in enumerate(parts):
        table = one if isinstance(one, pa.Table) else pa.Table.from_pandas(one, preserve_index=False)
        pq.write_table(table, tables.part_path(raw, number))
    part |= {"sources": {"s": described.model_dump(mode="json")}}
    outcome = clean.clean(Job("", "s", part, {"raw": raw}, out, out, "tester", {}, tmp_path))
    aside = tables.whole(out / "set_aside") if tables.parts(out / "set_aside") else pd.DataFrame()
    return outcome, tables.whole(out / "rows"), aside


def test_it_works(tmp_path):
    described = source({"x": {}, "c": {"type": "category", "spelling": "upper"}})
    outcome, good, bad = cleaned(tmp_path, [text(x=["1.5", " 2 "], c=["a", " B"])], described)
    assert good.to_dict("list") == {"x": [1.5, 2.0], "c": ["A", "B"]}
    assert bad.empty
    assert (outcome.rows_in, outcome.rows_out, outcome.notes) == (2, 2, [])


@pytest.mark.parametrize("token", ["", "NA", "n/a", "-", "null", "NaN"])
def test_a_token_for_missing_is_missing(tmp_path, token):
    _, good, _ = cleaned(tmp_path, [text(x=[token], c=[token])], source({"x": {}, "c": {"type": "category"}}))
    assert good["x"].isna().all()
    assert good["c"].isna().all()


@pytest.mark.parametrize(
    ("rules", "value", "reason"),
    [
        ({}, "12 kg", "x is no number"),
        ({}, "1,234", "x is no number"),
        ({}, "inf", "x is no number"),
        ({}, "1e999", "x is no number"),
        ({}, "1e308", "x is no number"),
        ({}, "0x10", "x is no number"),
        ({"type": "integer"}, "1.5", "x is no integer"),
        ({"type": "time"}, "yesterday", "x is no time"),
        ({"type": "boolean"}, "2", "x is no boolean"),
        ({"range": (0, 10)}, "11", "x is outside 0 to 10"),
        ({"type": "category", "allowed": ("a", "b")}, "c", "x is outside a, b"),
        ({"missing": "reject"}, "", "x is missing"),
        ({"thousands": ","}, "1,2", "x is no number"),
        ({"unit": "kg"}, "12 lb", "x is no number"),
        ({}, "$5", "x is no number"),
        ({"clock": True}, "17:60", "x is no number"),
        ({"clock": True}, "17", "x is no number"),
        ({"magnitude": True}, "M", "x is no number"),
        ({}, "1.5k", "x is no number"),
        ({}, "(-5)", "x is no number"),
        ({}, "1-5-", "x is no number"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_as_it_came(tmp_path, rules, value, reason):
    described = source({"x": rules, "n": {}}, max_rejected=1)
    right = {"time": "2013-01-01", "boolean": "true", "category": "a"}.get(rules.get("type"), "5")
    right = "0:05" if "clock" in rules else right
    _, good, bad = cleaned(tmp_path, [text(x=[value, right], n=["7", "8"])], described)
    assert len(good) == 1
    assert bad.to_dict("records")[0] == {"x": value, "n": "7", tables.REASON: reason}


@pytest.mark.parametrize(
    ("rules", "value", "number"),
    [
        ({"unit": "kg"}, "12 kg", 12),
        ({"unit": "€"}, "12€", 12),
        ({"thousands": ","}, "-1,234,567.5", -1234567.5),
        ({"thousands": ".", "decimal": ","}, "1.234,5", 1234.5),
        ({"decimal": ","}, "0,25", 0.25),
        ({}, "+5", 5),
        ({}, ".5", 0.5),
        ({}, "5.", 5),
        ({}, "1e3", 1000),
        ({"unit": "kg", "decimal": ","}, " 1,5kg ", 1.5),
        ({"unit": "$", "thousands": ","}, "-$1,234.50", -1234.5),
        ({"unit": "$", "thousands": ","}, "($1,234.50)", -1234.5),
        ({"unit": "€", "decimal": ","}, "(1,5) €", -1.5),
        ({"unit": "CHF"}, "CHF -5", -5),
        ({"clock": True}, "17:05", 61500),
        ({"magnitude": True}, "1.5k", 1500),
        ({"magnitude": True, "unit": "€", "decimal": ","}, "-€1,5 M", -1.5e6),
        ({"magnitude": True, "thousands": ","}, "1,200B", 1.2e12),
        ({"clock": True}, "5:07:30 pm", 61650),
        ({}, "(5)", -5),
        ({}, "5-", -5),
        ({}, "\u22125", -5),
    ],
)
@pytest.mark.parametrize("beside", ["1", "no number"])
def test_a_number_is_read_as_it_is_written_whatever_is_beside_it(tmp_path, rules, value, number, beside):
    _, good, _ = cleaned(tmp_path, [text(x=[value, beside])], source({"x": rules}, max_rejected=1))
    assert good["x"][0] == number


def test_what_is_true_can_be_written_in_many_ways(tmp_path):
    described = source({"b": {"type": "boolean"}}, duplicates="keep")
    _, good, _ = cleaned(tmp_path, [text(b=["TRUE", "no", "1", "f", ""])], described)
    assert good["b"].fillna("").tolist() == ["true", "false", "true", "false", ""]


def test_different_spellings_become_one(tmp_path):
    described = source({"c": {"type": "category", "spelling": "upper", "spellings": {"N.Y.": "NY"}}}, duplicates="keep")
    _, good, _ = cleaned(tmp_path, [text(c=["n.y.", "NY", " ny ", "LA"])], described)
    assert good["c"].tolist() == ["NY", "NY", "NY", "LA"]


def test_a_row_keeps_all_its_reasons(tmp_path):
    described = source({"x": {}, "y": {"range": (0, 1)}}, max_rejected=1)
    _, _, bad = cleaned(tmp_path, [text(x=["no", "1"], y=["99", "1"])], described)
    assert bad[tables.REASON].tolist() == ["x is no number; y is outside 0 to 1"]


def test_a_value_outside_can_be_made_missing_or_clipped_and_is_counted(tmp_path):
    described = source(
        {"x": {"range": (0, 1), "outside": "missing"}, "y": {"range": (0, 1), "outside": "clip"}}, max_rejected=1
    )
    outcome, good, _ = cleaned(tmp_path, [text(x=["5", "1"], y=["5", "-5"])], described)
    assert good["x"].isna().tolist() == [True, False]
    assert good["y"].tolist() == [1.0, 0.0]
    assert outcome.notes == ["2 values clipped: y is outside 0 to 1", "1 value made missing: x is outside 0 to 1"]


def test_what_a_rule_only_warns_of_stays_and_is_counted(tmp_path):
    rules = {"x": {"range": (0, 1), "outside": "warn", "missing": "warn"}}
    outcome, good, _ = cleaned(tmp_path, [text(x=["5", ""])], source(rules))
    assert len(good) == 2
    assert outcome.notes == ["1 row kept: x is missing", "1 row kept: x is outside 0 to 1"]


def test_what_can_not_be_read_is_told_once_and_is_not_missing_too(tmp_path):
    rules = {"x": {"missing": "reject"}, "y": {"missing": "reject", "unreadable": "missing"}}
    outcome, _, bad = cleaned(
        tmp_path, [text(x=["five", "", "1", "1"], y=["1", "1", "one", "1"])], source(rules, max_rejected=1)
    )
    assert bad[tables.REASON].tolist() == ["x is no number", "x is missing", "y is missing"]
    assert outcome.notes == [
        "1 row set aside: x is missing",
        "1 row set aside: x is no number",
        "1 row set aside: y is missing",
        "1 value made missing: y is no number",
    ]


def test_a_text_that_is_longer_than_a_client_may_send_is_set_aside(tmp_path):
    rules = {"c": {"type": "category"}, "says": {"type": "text", "unreadable": "missing"}}
    came = text(c=["a" * 1000, "a" * 1001, "b"], says=["a", "a", "ż" * 10_001])
    outcome, good, _ = cleaned(tmp_path, [came], source(rules, max_rejected=1))
    assert good["c"].tolist() == ["a" * 1000, "b"]
    assert good["says"].isna().tolist() == [False, True]
    assert outcome.notes == [
        "1 row set aside: c has more than 1,000 characters",
        "1 value made missing: says has more than 10,000 characters",
    ]
    [told, *_] = json.loads((tmp_path / "clean" / "s" / "out" / "violations.json").read_text())["found"]
    assert told["samples"] == [{"c": "a" * 97 + "..."}]


def test_all_that_must_not_be_stops_the_run_at_once_with_sample_rows(tmp_path):
    described = source(
        {
            "k": {"type": "category"},
            "x": {"range": (0, 1), "outside": "block"},
            "y": {"missing": "block"},
            "z": {"unreadable": "block"},
            "t": {"type": "time"},
        },
        key=("k",),
        checks={"x is y": {"holds": "x < y", "otherwise": "block"}},
        min_rows=100,
        time="t",
        max_age="2 days",
    )
    rows = [str(number) for number in range(9)]
    table = text(k=rows, x=rows, y=["", *rows[1:]], z=["?"] * 9, t=["2020-01-01"] * 9)
    with pytest.raises(DataError) as error:
        cleaned(tmp_path, [table], described, today="2020-01-04")
    told = str(error.value)
    for words in (
        "9 rows stopping the run: z is no number",
        "8 rows stopping the run: x is y",
        "7 rows stopping the run: x is outside 0 to 1\n    k '2', x '2'",
        "1 row stopping the run: y is missing",
        "at least 100 rows must be left, and there are 9",
        "the newest t must be at most 2 days old, and is 2020-01-01",
    ):
        assert words in told
    assert told.count("x is outside") == 1
    page = tmp_path / "clean" / "s" / "refused.html"
    assert told.endswith(f"See {page}.")
    assert "at least 100 rows must be left" in page.read_text()
    assert page.read_text().count("<svg") > len(described.columns)
    assert told.count("\n    ") == 16


def test_a_table_that_is_new_enough_is_taken(tmp_path):
    described = source({"t": {"type": "time"}}, time="t", max_age="2 days")
    outcome, _, _ = cleaned(tmp_path, [text(t=["2020-01-01", "2020-01-02"])], described, today="2020-01-03")
    assert outcome.rows_out == 2


def test_rows_that_contradict_themselves_are_set_aside_and_those_that_cannot_tell_are_not(tmp_path):
    described = source({"h": {}, "m": {}, "t": {}}, checks={"the clocks differ": "h * 100 + m == t"}, max_rejected=1)
    _, good, bad = cleaned(tmp_path, [text(h=["5", "5", "5"], m=["15", "15", "15"], t=["515", "517", ""])], described)
    assert len(good) == 2
    assert bad[tables.REASON].tolist() == ["the clocks differ"]


def test_a_column_may_be_called_reason(tmp_path):
    table = text(reason=["late", "early"], x=["1", "?"])
    _, good, bad = cleaned(tmp_path, [table], source({"reason": {"type": "category"}, "x": {}}, max_rejected=1))
    assert (good["reason"].tolist(), bad["reason"].tolist()) == (["late"], ["early"])
    assert bad[tables.REASON].tolist() == ["x is no number"]


def test_texts_and_times_are_checked_as_what_they_are(tmp_path):
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
    _, good, bad = cleaned(tmp_path, [text(**rows)], source(columns, checks=checks, max_rejected=1))
    assert bad[tables.REASON].tolist() == ["a gift is paid", "ends too early"]
    assert good["paid"].tolist()[0] == "false"


def test_bytes_are_text_and_what_is_none_is_told_as_it_came(tmp_path):
    rows = pa.table({"c": pa.array([b" a ", b"\xffb", None, "\u00e9".encode(), b"NA"])})
    described = source({"c": {"type": "category"}}, max_rejected=1)
    _, good, bad = cleaned(tmp_path, [rows], described)
    assert good["c"].fillna("none").tolist() == ["a", "none", "\u00e9"]  # a row that equals another goes
    assert (bad["c"].tolist(), bad[tables.REASON].tolist()) == (["\\xffb"], ["c is no text in UTF-8"])


@pytest.mark.parametrize(("unit", "count"), [("s", 90), ("ms", 90_000), ("us", 90_000_000), ("ns", 90_000_000_000)])
def test_a_duration_counts_its_seconds(tmp_path, unit, count):
    rows = pa.table({"took": pa.array([count, None, count // 2], pa.duration(unit))})
    _, good, _ = cleaned(tmp_path, [rows], source({"took": {"range": (0, 90)}}))
    assert good["took"].fillna(-1).tolist() == [90, -1, 45]


@pytest.mark.parametrize("kind", [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")], ids=str)
def test_a_time_of_day_counts_the_seconds_since_midnight(tmp_path, kind):
    rows = pa.table({"at": pa.array([time(0, 1, 30), None, time(23, 59, 59)]).cast(kind)})
    _, good, _ = cleaned(tmp_path, [rows], source({"at": {"range": (0, 86_400)}}))
    assert good["at"].fillna(-1).tolist() == [90, -1, 86_399]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us"), pa.date32()], ids=str
)
def test_a_time_that_python_has_not_is_no_time(tmp_path, kind):
    """The first and last that it has, and those beyond."""
    days = [-719_162, -719_163, 2_932_896, 2_932_897, None]
    times = pa.array(days, pa.date32()).cast(pa.timestamp("us")).cast(kind)
    rows = pa.table({"t": times, "n": [0, 1, 2, 3, 4]})
    _, good, bad = cleaned(tmp_path, [rows], source({"t": {"type": "time"}, "n": {}}, time="t", max_rejected=1))
    assert good["n"].tolist() == [0, 2, 4]
    assert (bad["n"].tolist(), set(bad[tables.REASON])) == (["1", "3"], {"t is no time"})


def test_columns_without_plain_values_are_named_at_once(tmp_path):
    rows = pa.table({"x": [1.0], "many": [[1, 2]], "c": ["a"], "both": [{"a": 1}]})
    described = source({"x": {}, "many": {}, "c": {"type": "category"}, "both": {"type": "text"}})
    with pytest.raises(DataError, match=r"many is list<.*int64>, both is struct<a: int64>\.$"):
        cleaned(tmp_path, [rows], described)


def test_what_comes_typed_gives_what_its_text_gives(tmp_path):
    rules = {
        "n": {"range": (-5, 5), "outside": "clip"},
        "i": {"type": "integer"},
        "c": {"type": "category"},
        "b": {"type": "boolean"},
        "t": {"type": "time"},
        "d": {"type": "time"},
    }
    moments = pd.to_datetime(["2013-01-01 10:00:00", None, "2013-07-01 00:00:01.5"], format="ISO8601")
    days = pa.array([15706, None, 15707], pa.date32())
    typed = pa.table(
        {
            "n": pa.array([1.5, float("nan"), 9.0]),
            "i": pa.array([1, None, 3], pa.int32()),
            "c": pa.array([10, None, 12], pa.int64()),
            "b": pa.array([True, None, False]),
            "t": pa.Array.from_pandas(moments, type=pa.timestamp("ns")),
            "d": days,
        }
    )
    written = text(
        n=["1.5", "", "9"],
        i=["1", "", "3"],
        c=["10", "", "12"],
        b=["true", "", "false"],
        t=["2013-01-01 10:00:00", "", "2013-07-01 00:00:01.5"],
        d=["2013-01-01", "", "2013-01-02"],
    )
    results = []
    for name, table in (("typed", typed), ("written", written)):
        (tmp_path / name).mkdir()
        outcome, good, _ = cleaned(tmp_path / name, [table], source(rules, max_rejected=1))
        results.append((outcome.notes, good))
    assert results[0][0] == results[1][0]
    pd.testing.assert_frame_equal(results[0][1], results[1][1])


def test_a_key_that_is_repeated_in_another_part_is_set_aside(tmp_path):
    described = source({"k": {"type": "category", "spelling": "upper"}, "x": {}}, key=("k",), max_rejected=1)
    outcome, kept, aside = cleaned(
        tmp_path, [text(k=["a", "b"], x=["1", "2"]), text(k=["c", " A"], x=["3", "4"])], described
    )
    assert kept["k"].tolist() == ["A", "B", "C"]
    assert aside[tables.REASON].tolist() == ["repeats the key k with other values"]
    assert (outcome.rows_in, outcome.rows_out) == (4, 3)


@pytest.mark.parametrize("repeats", ["first", "last", "reject"])
@pytest.mark.parametrize("ordered", [True, False])
def test_the_rows_do_not_depend_on_the_parts(tmp_path, repeats, ordered):
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 500, 1000)
    days = rng.integers(10, 30, 1000)
    table = text(
        k=(np.sort(keys) if ordered else keys).astype(str).tolist(),
        x=rng.choice(["1", "2", "bad"], 1000).tolist(),
        t=[f"2013-01-{day}" for day in days],
    )
    described = source(
        {"k": {"type": "integer"}, "x": {}, "t": {"type": "time"}},
        key=("k",),
        time="t",
        repeats=repeats,
        max_rejected=1,
    )
    results = []
    for count in (1, 7):
        (tmp_path / str(count)).mkdir()
        pieces = [table.iloc[rows].reset_index(drop=True) for rows in np.array_split(np.arange(1000), count)]
        outcome, kept, aside = cleaned(tmp_path / str(count), pieces, described)
        assert kept["k"].is_unique
        results.append((outcome.rows_out, outcome.notes, kept.to_dict("list"), sorted(map(tuple, aside.to_numpy()))))
    assert results[0] == results[1]


def test_of_rows_with_the_same_key_the_one_that_the_rule_names_stays(tmp_path):
    rows = text(k=["a", "a", "b", "a", "a"], t=["2013-01-02", "2013-01-05", "2013-01-01", "2013-01-03", "2013-01-02"])
    stays = {"first": ["2013-01-02", "2013-01-01"], "last": ["2013-01-05", "2013-01-01"], "reject": ["2013-01-01"]}
    for repeats, days in stays.items():
        (tmp_path / repeats).mkdir()
        described = source(
            {"k": {"type": "category"}, "t": {"type": "time"}}, key=("k",), time="t", repeats=repeats, max_rejected=1
        )
        outcome, kept, _ = cleaned(tmp_path / repeats, [rows], described)
        assert kept["t"].dt.strftime("%Y-%m-%d").tolist() == days
        assert "1 row removed: a row equals an earlier one" in outcome.notes


def test_rows_that_contradict_each_other_stop_the_run_where_they_must_not_be(tmp_path):
    described = source({"k": {"type": "category"}, "x": {}}, key=("k",), repeats="block")
    with pytest.raises(DataError, match=r"2 rows stopping the run: repeats the key k with other values\n    k 'a'"):
        cleaned(tmp_path, [text(k=["a"], x=["1"]), text(k=["a"], x=["2"])], described)


def test_equal_rows_stay_where_they_are_different_things(tmp_path):
    described = source({"x": {}}, duplicates="keep")
    assert cleaned(tmp_path, [text(x=["1", "1"])], described)[0].rows_out == 2


def test_too_many_bad_rows_stop_the_run_with_the_reasons(tmp_path):
    with pytest.raises(
        DataError,
        match=r"at most 5\.0% .* 50\.0% are:\n  1 row set aside: x is no number\n    x 'one'",
    ):
        cleaned(tmp_path, [text(x=["1", "one"])], source({"x": {}}))


def test_a_part_whose_column_is_empty_keeps_the_types(tmp_path):
    described = source({"x": {}, "c": {"type": "category"}, "t": {"type": "time"}})
    parts = [text(x=["1"], c=["a"], t=["2013-01-01T10:00:00Z"]), text(x=[""], c=[""], t=[""])]
    _, kept, _ = cleaned(tmp_path, parts, described)
    assert kept["t"].tolist()[0] == pd.Timestamp("2013-01-01T10:00Z")
    assert kept["x"].isna().tolist() == [False, True]
