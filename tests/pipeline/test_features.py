"""Features: the join, the target, and what must not be known yet."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline import civil, features, problem, tables
from pipeline.errors import DataError
from pipeline.job import Job
from tests.pipeline.written import write_part

SPEC = {
    "name": "trips",
    "title": "Is the trip late?",
    "table": "trips",
    "target": "delay > 15",
    "joins": {"weather": ["place", "hour"]},
    "lookups": {"places": "place", "fares": ["place", "carrier"]},
    "features": {
        "columns": ["place", "wind", "places.height", "places.kind", "fares.price"],
        "derived": {"twice": "wind * 2", "high": "places.height > 100"},
    },
    "split": {"time": "hour", "validation": "2013-02-01", "test": "2013-03-01"},
    "sources": {
        "trips": {
            "path": "",
            "columns": {
                "place": {"type": "category"},
                "carrier": {"type": "category"},
                "hour": {"type": "time"},
                "delay": {"known": "after"},
                "paid": {"known": "after"},
            },
        },
        "fares": {
            "path": "",
            "key": ["from", "by"],
            "columns": {"from": {"type": "category"}, "by": {"type": "category"}, "price": {}},
        },
        "weather": {
            "path": "",
            "key": ["place", "hour"],
            "columns": {"place": {"type": "category"}, "hour": {"type": "time"}, "wind": {}},
        },
        "places": {
            "path": "",
            "key": ["place"],
            "columns": {"place": {"type": "category"}, "height": {}, "kind": {"type": "category"}},
        },
    },
}
READS = ("task", "table", "target", "sources", "joins", "lookups", "features")
HOURS = pd.to_datetime(["2013-01-01T05:00Z", "2013-01-01T06:00Z", "2013-01-01T07:00Z"])
TRIPS = pd.DataFrame(
    {
        "place": ["A", "B", "Z", None, "A"],
        "carrier": ["X", "Y", "X", "X", None],
        "hour": HOURS[[0, 1, 0, 1, 2]],
        "delay": [20.0, 15.0, 16.0, 0.0, None],
        "paid": [1.0, 2.0, 3.0, 4.0, 5.0],
    }
)
WEATHER = pd.DataFrame({"place": ["B", "A"], "hour": HOURS[[1, 0]], "wind": [7.0, 3.0]})
FARES = pd.DataFrame({"by": ["X", "Y", "X"], "from": ["B", "B", "A"], "price": [1.0, 2.0, 3.0]})
PLACES = pd.DataFrame({"place": ["A", "B"], "height": [50.0, 150.0], "kind": ["żółć", None]})
FRAMES = {"trips": TRIPS, "weather": WEATHER, "places": PLACES, "fares": FARES}


def make(folder, frames):
    described = problem.parse(SPEC)
    inputs = {}
    for name, frame in frames.items():
        inputs[name] = folder / name
        for number in range(2 if name == "trips" else 1):
            part = frame.iloc[number * 3 : number * 3 + 3] if name == "trips" else frame
            schema = tables.schema(described.sources[name].columns)
            write_part(part, inputs[name] / "rows", number, schema)
    out = folder / "out"
    part = json.loads(json.dumps(described.part(READS)))
    return features.make(Job("", "", part, inputs, out, out, "tester", {}, folder))


@pytest.fixture
def made(tmp_path):
    outcome = make(tmp_path, FRAMES)
    return outcome, *(tables.whole(tmp_path / "out" / name) for name in ("rows", "set_aside"))


def test_it_works(made):
    outcome, rows, _ = made
    assert rows["place"].tolist()[:3] == ["A", "B", "Z"]
    assert rows[tables.TARGET].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert (outcome.rows_in, outcome.rows_out) == (5, 4)


def test_a_row_gets_the_weather_of_its_place_and_hour_and_keeps_its_place_without_a_match(made):
    outcome, rows, _ = made
    assert rows["wind"].fillna(-1).tolist() == [3.0, 7.0, -1.0, -1.0]
    assert "3 rows without a match in weather" in outcome.notes


def test_a_lookup_gives_what_it_knows_and_nothing_for_what_it_does_not(made):
    _, rows, _ = made
    assert rows["places.height"].fillna(-1).tolist() == [50.0, 150.0, -1.0, -1.0]
    assert rows["places.kind"].fillna("").tolist() == ["żółć", "", "", ""]


def test_a_lookup_by_several_columns_needs_all_of_them(made):
    _, rows, _ = made
    assert rows["fares.price"].fillna(-1).tolist() == [3.0, 2.0, -1.0, -1.0]


def test_an_expression_is_missing_where_an_operand_is(made):
    _, rows, _ = made
    assert rows["twice"].fillna(-1).tolist() == [6.0, 14.0, -1.0, -1.0]
    assert rows["high"].fillna(-1).tolist() == [0.0, 1.0, -1.0, -1.0]


def test_case_04_a_row_without_an_answer_is_set_aside_and_counted(made):
    _, _, aside = made
    assert aside[tables.REASON].tolist() == ["delay > 15 can't be told"]
    assert aside.columns.tolist() == [*TRIPS.columns, tables.REASON]


def test_case_04_no_answer_in_any_row_is_told(tmp_path):
    with pytest.raises(DataError, match=r"'delay > 15' must be told .* can't be in any of 5\. .* has in delay"):
        make(tmp_path, {**FRAMES, "trips": TRIPS.assign(delay=np.nan)})


def test_what_is_known_only_afterwards_is_left_behind(made):
    _, rows, _ = made
    assert "delay" not in rows.columns


ANSWERS = pd.DataFrame(
    {
        "rooms": [0.0, 1.0, np.nan, 1.0],
        "income": [">50K", "<=50K", None, ">50K"],
        "late": ["true", "false", "true", None],
        "fare": [2.5, 1e39, np.nan, 8.0],
    }
)
TYPES = {"rooms": "integer", "income": "category", "late": "boolean", "fare": "number"}


def answer(task, target, frame=ANSWERS):
    """The answers of the rows for which they can be told."""
    spec = {
        **SPEC,
        "task": task,
        "target": target,
        "joins": {},
        "lookups": {},
        "features": {"columns": ["age"]},
        "split": {**SPEC["split"], "time": "hour"},
        "table": "homes",
        "sources": {
            "homes": {
                "path": "",
                "columns": {
                    **{name: {"type": kind, "known": "after"} for name, kind in TYPES.items()},
                    "age": {},
                    "hour": {"type": "time"},
                },
            }
        },
    }
    described = problem.parse(spec)
    schema = tables.schema({name: column for name, column in described.columns.items() if name in frame})
    found, told = features.answer(features.Rows(pa.Table.from_pandas(frame, schema), {}, civil.UTC_CLOCK), described)
    return found.filter(pa.array(told)).to_pylist()


@pytest.mark.parametrize(
    ("task", "target", "expected"),
    [
        ("binary", "income == '>50K'", [1, 0, 1]),
        ("binary", "income in ('>50K', '?') and rooms == 1", [0, 0, 1]),
        ("binary", "rooms", [0, 1, 1]),
        ("binary", "late", [1, 0, 1]),
        ("multiclass", "income", [">50K", "<=50K", ">50K"]),
        ("multiclass", "rooms", ["0", "1", "1"]),
        ("multiclass", "late", ["true", "false", "true"]),
        ("regression", "fare", [2.5, 8.0]),
        ("regression", "fare - rooms", [2.5, 7.0]),
    ],
)
def test_the_answer_is_told_by_the_task(task, target, expected):
    assert answer(task, target) == expected


def test_a_number_that_is_neither_yes_nor_no_is_told():
    with pytest.raises(DataError, match=r"target = 'rooms' must be 1 \(yes\) or 0 \(no\) in every row, and one has 3"):
        answer("binary", "rooms", ANSWERS.assign(rooms=[0.0, 3.0, np.nan, 1.0]))


def fares(tmp_path, values, target="fare", parts=1):
    """Make features of a number that is to be told."""
    columns = {"fare": {"known": "after"}, "age": {}, "hour": {"type": "time"}}
    spec = {
        "name": "homes", "title": "How much?", "table": "homes", "task": "regression", "target": target,
        "features": {"columns": ["age"]}, "split": SPEC["split"],
        "sources": {"homes": {"path": "", "columns": columns}},
    }  # fmt: skip
    described = problem.parse(spec)
    frame = pd.DataFrame({"fare": values, "age": 1.0, "hour": HOURS[0]})
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), parts)):
        write_part(frame.iloc[rows], tmp_path / "homes" / "rows", number, tables.schema(described.columns))
    out, part = tmp_path / "out", json.loads(json.dumps(described.part(READS)))
    features.make(Job("", "", part, {"homes": tmp_path / "homes"}, out, out, "tester", {}, tmp_path))
    return tables.whole(out / "rows")[tables.TARGET]


LARGE = 1_712_345_678 + np.random.default_rng(0).normal(0, 20, 1000)


@pytest.mark.parametrize(("target", "common"), [("fare", "fare"), ("0 - fare * 2", r"\(0 - fare \* 2\)")])
def test_answers_that_float32_hardly_tells_apart_are_refused(tmp_path, target, common):
    told = r"in steps of at most 1% of their standard deviation\. .* a step is \d+, .* deviation is \d+.*"
    with pytest.raises(DataError, match=told + rf'target = "{common} [-+] \d+0"'):
        fares(tmp_path, LARGE, target, parts=7)


def test_less_what_they_have_in_common_they_are_told_apart(tmp_path):
    assert fares(tmp_path, LARGE, "fare - 1712345680").nunique() == 1000


@pytest.mark.parametrize("values", [[1e12] * 5, [0.0, 1.0, 1e12], [1e5, 1e5 + 2]], ids=["equal", "far", "near"])
def test_answers_that_float32_tells_apart_are_taken(tmp_path, values):
    assert len(fares(tmp_path, values)) == len(values)


def test_the_rows_do_not_depend_on_the_parts(tmp_path):
    described = problem.parse(SPEC)
    found = []
    for size in (5, 1):
        inputs = {name: tmp_path / f"{name}{size}" for name in FRAMES}
        for name, frame in FRAMES.items():
            for number in range(0, len(frame), size):
                schema = tables.schema(described.sources[name].columns)
                write_part(frame.iloc[number : number + size], inputs[name] / "rows", number, schema)
        out = tmp_path / f"out{size}"
        part = json.loads(json.dumps(described.part(READS)))
        outcome = features.make(Job("", "", part, inputs, out, out, "tester", {}, tmp_path))
        found.append((outcome.notes, *(tables.whole(out / name).to_csv() for name in ("rows", "set_aside"))))
    assert found[0] == found[1]
