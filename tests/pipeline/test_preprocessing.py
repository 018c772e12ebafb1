"""Features inside the model are those of the pipeline: NumPy, TensorFlow and LiteRT make the same of raw columns."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bundle.contract import Contract, Input, Output, columns_of
from bundle.model import Model, features
from pipeline import civil, expressions, matching, past, problem, values
from pipeline.encoding import Category, Encoding, Number, Target
from pipeline.values import Coded

pytestmark = pytest.mark.slow

ZONE = civil.zone("America/New_York")
DERIVED = {
    "hour": "hour(t)",
    "year": "year(t)",
    "month": "month(t)",
    "day": "day(t)",
    "minute": "minute(t)",
    "of_week": "weekday(t)",
    "of_year": "day_of_year(t)",
    "week": "week(t)",
    "later": "t >= u",
    "ratio": "x / y",
    "steps": "x // y + x % 7",
    "either": "x if y > 2 and c == 'b' or d != 'p' else 0",
    "within": "1 if c not in ('a', 'q') else -x",
    "binned": "bin(x, -1, 0, 3)",
    "least": "min(x / y, abs(y), 3)",
    "most": "max(x, y)",
    "same": "c == d",
    "paid": "b == 'true'",
}
ROUNDED = {"log": "log(x)", "since": "days_between(u, t)", "wave": "sin_cycle(month(t), 12)", "turn": "cos_cycle(x, 7)"}
"""Those of which the last bit depends on whose sine or logarithm it is, or on how a compiler divides."""
PAST = {
    "mean": problem.Past(statistic="mean", of="x", by=("c", "d"), window="3 days"),
    "count": problem.Past(statistic="count", by=("c",), window="2 days"),
    "sum": problem.Past(statistic="sum", of="x > 1", window="30 days"),
}
ON = {"mean": ["t", "c", "d"], "count": ["t", "c"], "sum": ["t"]}
TYPES = {"t": "time", "u": "time", "x": "number", "y": "number", "c": "category", "d": "category", "b": "boolean"}
ARROW = {"time": pa.timestamp("us", "UTC"), "number": "float64", "category": "string", "boolean": "string"}
CONTRACT = Contract(
    inputs=tuple(Input(name=name, type=kind) for name, kind in TYPES.items()),
    outputs=(Output(name="probability", type="number", meaning=""),),
    threshold=0.5,
)
FARES = pd.DataFrame(
    {
        "to": ["q", "p", None, "p", "b"],
        "from": ["b", "a", "a", "żółć", "never asked for"],
        "price": [1.5, 2.5, 7.0, np.nan, 9.0],
        "class": ["first", "", "first", "żółć", "first"],
    }
)
"""A row for some pairs of ``c`` and ``d``; one row has no whole key."""
SEATS = pd.DataFrame({"letter": ["b", "a", "p"], "rows": [20.0, 30.0, 40.0]})
LOOKED_UP = ("fares.price", "seats.rows")
KNOWN = ["a | p", "b | q", "b | p | p", "b | p", "żółć | q"]


def rows(count, seed=0):
    """Raw rows as a client sends them: all kinds of values, some missing, some never seen before."""
    random = np.random.default_rng(seed)
    start = datetime(2013, 10, 20, tzinfo=UTC)

    def some(value):
        return None if random.random() < 0.1 else value

    return [
        {
            "t": some((start + timedelta(seconds=int(random.integers(40 * 86_400)))).isoformat()),
            "u": some((start + timedelta(seconds=int(random.integers(-(10**9), 10**9)))).isoformat()),
            "x": some(float(random.integers(-9, 9)) / 2),
            "y": some(float(random.integers(-2, 5))),
            "c": some(str(random.choice(["a", "b", "b | p", "żółć", "z"]))),
            "d": some(str(random.choice(["p", "q", "b"]))),
            "b": some(bool(random.integers(2))),
        }
        for _ in range(count)
    ]


def operands(given):
    """The same rows as the pipeline has them."""
    frame = pd.DataFrame(given)
    columns = {}
    for name, kind in TYPES.items():
        column = frame[name]
        if kind == "time":
            column = pd.to_datetime(column, utc=True, format="ISO8601")
        elif kind == "number":
            column = column.astype("float64")
        else:
            column = column.map(lambda value: str(value).lower() if isinstance(value, bool) else value)
        columns[name] = values.of_array(pa.array(column, ARROW[kind]))
    return columns


def learned(given):
    """The windows over rows, as Features learns them."""
    columns = operands(given)
    days = np.where(values.told(columns["t"]), civil.Moment(columns["t"], ZONE, np).days, np.nan)
    return {name: past.window(name, one, [past.sums(one, columns, days, ZONE)], 0) for name, one in PAST.items()}


def row_of(columns, table, on, key):
    """The row of a table that each key names, as Features looks it up."""
    known = matching.keys([values.of_array(pa.array(table[name], "string")) for name in key])
    return table.reindex(known.match([columns[name] for name in on]))


def in_the_pipeline(given, windows):
    """Every feature as Features makes it."""
    columns = operands(given)
    singles, computed = {name: values.single(column, ZONE) for name, column in columns.items()}, {}
    found = {name: values.number(text, singles.get, computed) for name, text in (DERIVED | ROUNDED).items()}
    days = civil.Moment(columns["t"], ZONE, np).days
    for name, window in windows.items():
        told = reduce(np.logical_and, [values.told(columns[column]) for column in ON[name]])
        found[name] = np.where(told, window.of([columns[one] for one in ON[name][1:]], days), np.float32(np.nan))
    found["fares.price"] = row_of(columns, FARES, ["c", "d"], ["from", "to"])["price"].to_numpy("float32")
    found["seats.rows"] = row_of(columns, SEATS, ["d"], ["letter"])["rows"].to_numpy("float32")
    return found, Coded.joined(columns["c"], columns["d"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A small network with every kind of feature, in both forms; and the windows inside it."""
    from pipeline import export, network
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.preprocessing import Derive, Encode

    windows = learned(rows(4000))
    names = [*DERIVED, *ROUNDED, *PAST, *LOOKED_UP]
    kinds = dict.fromkeys(names, "number") | {"cross": "category", "fares.class": "category"}
    derived = DERIVED | ROUNDED | {"cross": "cross(c, d)"}
    on = {name: (ON[name], window) for name, window in windows.items()}
    tables = {"fares": (["c", "d"], ["from", "to"], FARES), "seats": (["d"], ["letter"], SEATS)}
    derive = Derive(kinds, derived, tables, zone=ZONE, windows=on, crosses={"cross": KNOWN})
    known = Encoding(
        numbers=tuple(Number(name=name, median=1.0, scale=9.0, missing=True, edges=(-5.0, 0.0, 9.0)) for name in names),
        categories=(
            Category(name="cross", vocabulary=tuple(KNOWN)),
            Category(name="fares.class", vocabulary=("first",)),
        ),
        target=Target(task="binary", classes=(), shares=(0.3,), mean=0.0, scale=1.0),
    )
    model = network.build(known, Hyperparameters(width=16, depth=2), seed=0)
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.normal(size=variable.shape) * 0.3)
    folder = tmp_path_factory.mktemp("exported")
    export.save(folder, derive, Encode(known), model, known, CONTRACT)
    export.compile_beside(folder, derive, Encode(known), model, known, CONTRACT)
    return folder, windows


def test_it_works(exported):
    folder, windows = exported
    given = rows(3000, seed=1)
    expected, crossed = in_the_pipeline(given, windows)
    found = features(folder, CONTRACT)(columns_of(given, CONTRACT))
    for name in (*DERIVED, *PAST, *LOOKED_UP):
        np.testing.assert_array_equal(found[name], expected[name], name)
        assert 0.02 < np.isnan(expected[name]).mean() < 0.9, name
    for name in ROUNDED:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=2e-6, err_msg=name)
    texts = np.append(np.array(crossed.levels, object), "")[crossed.codes]
    kinds = row_of(operands(given), FARES, ["c", "d"], ["from", "to"])["class"].fillna("")
    assert [text.decode() for text in found["fares.class"]] == kinds.tolist()
    assert set(kinds) == {"first", "żółć", ""}
    seen = np.array([text if text in (*KNOWN, "") else expressions.BETWEEN for text in texts], object)
    assert [text.decode() for text in found["cross"]] == seen.tolist()
    assert set(seen) == {*KNOWN, "", expressions.BETWEEN}


def test_nothing_is_found_where_nothing_is_known():
    import tensorflow as tf

    from pipeline.preprocessing import LookUp

    for key in (["to"], ["to", "from"]):
        found = LookUp("fares", key, FARES[:0])([tf.constant(["", "q"])] * len(key), ["fares.price"])
        assert np.isnan(found["fares.price"]).all()


def test_both_forms_answer_alike_on_every_kind_of_row(exported):
    from pipeline import export

    columns = columns_of([*rows(3000, seed=2), *export.odd_rows(CONTRACT)], CONTRACT)
    saved, compiled = (Model(exported[0], CONTRACT, runtime).predict(columns) for runtime in ("savedmodel", "litert"))
    assert export.largest_difference(saved["probability"], compiled["probability"]) < 1e-5
    assert len(np.unique(saved["probability"])) > 2000


def test_after_the_last_day_a_row_sees_what_was_newest(exported):
    folder, windows = exported
    last = datetime(2013, 11, 30, 12, tzinfo=UTC)
    given = [{**rows(1)[0], "t": day.isoformat(), "c": "a"} for day in (last, last + timedelta(days=400))]
    found = features(folder, CONTRACT)(columns_of(given, CONTRACT))
    assert found["count"][0] == found["count"][1] == windows["count"].statistic[0, -1] > 0


def test_case_13_a_category_never_seen_in_training_is_one_and_the_same_unknown_everywhere(exported):
    import tensorflow as tf

    from pipeline.encoding import UNKNOWN
    from pipeline.preprocessing import Encode

    folder, windows = exported
    given = [{**row, "c": f"never seen {place}"} for place, row in enumerate(rows(200, seed=3)) if row["d"]]
    _, crossed = in_the_pipeline(given, windows)
    known = Encoding(
        numbers=(),
        categories=(Category(name="cross", vocabulary=tuple(KNOWN)),),
        target=Target(task="binary", classes=(), shares=(0.3,), mean=0.0, scale=1.0),
    )
    trained = tf.constant(np.array(crossed.levels, object)[crossed.codes], tf.string)
    served = tf.constant(features(folder, CONTRACT)(columns_of(given, CONTRACT))["cross"])
    codes = [Encode(known)({"cross": texts})[1].numpy() for texts in (trained, served)]
    assert (codes[0] == UNKNOWN).all()
    assert (codes[1] == UNKNOWN).all()
    one, other = ([{**given[0], "c": text}] for text in ("never seen", "nor this"))
    for runtime in ("savedmodel", "litert"):
        model = Model(folder, CONTRACT, runtime)
        answers = [model.predict(columns_of(row, CONTRACT))["probability"] for row in (one, other)]
        assert answers[0] == answers[1]
