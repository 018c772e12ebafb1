"""``python -m pipeline new``: what it writes can be read, and what it says helps."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline import problem
from pipeline.commands import pipeline

ROWS = 300


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a table of orders."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "order_id": [f"A{number:04}" for number in range(ROWS)],
            "ordered at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(ROWS) * 7, unit="h"),
            "Größe (cm)": chance.normal(100, 20, ROWS).round(1),
            "a.b": chance.integers(0, 50, ROWS),
            "class": chance.choice(["gold", "silver"], ROWS),
            'say "hi"\\': chance.choice(["x", "y", "z"], ROWS),
            "notes": None,
            "Late?": chance.choice(["Yes", "No"], ROWS),
        }
    )
    frame.to_csv(tmp_path / "orders.csv", index=False)
    return tmp_path


def new(*words, code=0):
    done = CliRunner().invoke(pipeline, ["new", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_it_works(place):
    said = new("orders.csv", "--target", "Late?")
    for word in ("order_id", "key", "binary", "`Late?` == 'Yes'", "notes: it has no value", "problems/orders.toml"):
        assert word in said
    assert "luigi --module pipeline RunAll --problem orders" in said
    read = problem.load(place / "problems" / "orders.toml")
    assert read.sources["orders"].key == ("order_id",)
    assert read.split.time == "ordered at"
    assert set(read.features.columns) == {"Größe (cm)", "a.b", "class", 'say "hi"\\'}
    assert read.features.derived == {
        "ordered_at_weekday": "weekday(`ordered at`)",
        "ordered_at_hour": "hour(`ordered at`)",
    }
    assert read.inputs() == sorted([*read.features.columns, "ordered at"])


def test_the_file_tells_what_was_not_sure(place):
    new("orders.csv", "--target", "class")
    text = (place / "problems" / "orders.toml").read_text()
    assert "# Not sure of:\n#   class: yes is taken to be" in text
    assert "# without notes: it has no value" in text


@pytest.mark.parametrize(("target", "costs"), [("Late?", True), ("a.b", False)])
def test_what_it_suggests_can_be_taken_as_it_stands(place, target, costs):
    new("orders.csv", "--target", target)
    file = place / "problems" / "orders.toml"
    suggested = r"(?m)^# (\[.*\]|(metric|min|no_worse_than|by|false_yes|false_no|uses|limitations) = .*)$"
    file.write_text(re.sub(suggested, r"\1", file.read_text()))
    read = problem.load(file)
    assert [one.no_worse_than for one in read.requirements] == [None, None, "live"]
    assert read.notes.limitations
    assert (read.decision.false_no == 5) == costs


@pytest.mark.parametrize(
    ("values", "task"), [([0, 1], "binary"), (["a", "b", "c"], "multiclass"), (range(50), "regression")]
)
def test_a_target_may_be_called_anything(place, values, task):
    frame = pd.read_csv("orders.csv")
    chosen = np.random.default_rng(1).choice(values, ROWS)
    frame.assign(**{"Größe next month?": chosen}).to_csv("orders.csv", index=False)
    new("orders.csv", "--target", "Größe next month?")
    read = problem.load(place / "problems" / "orders.toml")
    assert (read.task, read.target) == (task, "`Größe next month?`")


def test_a_leak_is_told_once_and_stands_in_the_file(place):
    frame = pd.read_csv("orders.csv")
    frame.assign(copy=frame["Late?"].map({"Yes": "late", "No": "in time"})).to_csv("orders.csv", index=False)
    said = new("orders.csv", "--target", "Late?")
    assert said.count("copy: it alone nearly tells the target") == 1
    text = (place / "problems" / "orders.toml").read_text()
    assert "#   copy: it alone nearly tells the target" in text
    assert "# without copy: it alone nearly tells the target" in text


def test_the_same_table_gives_the_same_bytes(place):
    new("orders.csv", "--target", "Late?")
    before = (place / "problems" / "orders.toml").read_bytes()
    new("orders.csv", "--target", "Late?", "--force")
    assert (place / "problems" / "orders.toml").read_bytes() == before


def test_a_file_that_is_there_stays(place):
    new("orders.csv", "--target", "Late?")
    (place / "problems" / "orders.toml").write_text("mine")
    assert "--force" in new("orders.csv", "--target", "Late?", code=2)
    assert (place / "problems" / "orders.toml").read_text() == "mine"


def test_a_name_and_a_place_can_be_given(place):
    new("orders.csv", "--target", "Late?", "--name", "late", "--problems", "here")
    assert problem.load(place / "here" / "late.toml").name == "late"


def test_a_program_gets_json(place):
    told = json.loads(new("orders.csv", "--target", "Late?", "--json"))
    assert (told["task"], told["rows"], told["key"], told["time"]) == ("binary", ROWS, "order_id", "ordered at")
    assert told["features"]["Größe (cm)"] == "number"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("order.csv", "--target", "Late?"), "order.csv must be a file, and there is none. Beside it are orders.csv"),
        (("orders.csv", "--target", "late?"), "did you mean 'Late?'"),
        (("orders.csv", "--target", "notes"), "must have two values or more"),
        (("orders.csv", "--target", "order_id"), "at most 100 classes"),
        (("orders.csv", "--target", "Late?", "--name", "Late!"), "such as late, and is 'Late!'"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(place, words, why):
    said = new(*words, code=2)
    assert why in said
    assert "Traceback" not in said
    assert not (place / "problems").exists()
