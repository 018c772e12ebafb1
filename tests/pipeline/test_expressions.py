"""Expressions mean the same on both sides: NumPy arrays here, TensorFlow tensors in test_preprocessing."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from pipeline import civil, expressions, values
from pipeline.values import Coded

DAYS = [date(1899, 12, 25) + timedelta(days=number) for number in range(0, 100_000, 3)]
MOMENTS = [datetime(1969, 12, 25, tzinfo=UTC) + timedelta(minutes=757 * number) for number in range(90_000)]


def value(text, *, zone=civil.UTC_CLOCK, **columns):
    """The value of an expression over columns of numbers, texts or times."""
    arrays = {}
    for name, column in columns.items():
        if isinstance(column[0], str):
            arrays[name] = values.of_array(pa.array(column))
        elif isinstance(column[0], datetime):
            arrays[name] = np.array([int(moment.timestamp() // 1) for moment in column])
        else:
            arrays[name] = np.array(column, "float32")
    return values.value(text, arrays, zone)[0]


def on(days, text):
    """The value of an expression over year, month and day of each of ``days``."""
    return value(text, **{name: [getattr(day, name) for day in days] for name in ("year", "month", "day")})


def test_it_works():
    assert value("arr_delay > 15", arr_delay=[10, 16, np.nan]).tolist() == [False, True, False]


def test_weekday_is_that_of_the_calendar():
    assert on(DAYS, "weekday(year, month, day)").tolist() == [day.weekday() for day in DAYS]


def test_day_of_year_is_that_of_the_calendar():
    assert on(DAYS, "day_of_year(year, month, day)").tolist() == [day.timetuple().tm_yday for day in DAYS]


def test_clock_counts_the_minutes_after_midnight():
    minutes = value("clock(t)", t=[0, 5, 59, 100, 1730, 2359, np.nan])
    assert minutes[:-1].tolist() == [0, 5, 59, 60, 1050, 1439]
    assert np.isnan(minutes[-1])


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
)
def test_the_parts_of_a_time_are_those_of_calendar_and_clock(zone):
    local = [moment.astimezone(ZoneInfo(zone)) for moment in MOMENTS if moment.year >= 1970]
    moments = [moment for moment in MOMENTS if moment.year >= 1970]
    clock = civil.zone(zone)
    for name in ("year", "month", "day", "hour", "minute"):
        assert value(f"{name}(t)", t=moments, zone=clock).tolist() == [getattr(one, name) for one in local], name
    assert value("weekday(t)", t=moments, zone=clock).tolist() == [one.weekday() for one in local]
    assert value("day_of_year(t)", t=moments, zone=clock).tolist() == [one.timetuple().tm_yday for one in local]
    assert value("week(t)", t=moments, zone=clock).tolist() == [one.isocalendar().week for one in local]


def test_the_clock_changes_at_the_very_second():
    clock = civil.zone("Europe/Berlin")
    before = datetime(2024, 10, 27, 0, 59, 59, tzinfo=UTC)
    moments = [before, before + timedelta(seconds=1)]
    assert value("hour(t) * 60 + minute(t)", t=moments, zone=clock).tolist() == [179, 120]


def test_times_are_compared_and_subtracted_to_the_second():
    early, late = datetime(2024, 2, 28, tzinfo=UTC), datetime(2024, 3, 1, 0, 0, 1, tzinfo=UTC)
    assert value("days_between(a, b)", a=[early], b=[late])[0] == pytest.approx(2 + 1 / 86_400)
    assert value("seconds_between(a, b)", a=[late], b=[early]).tolist() == [-172_801]
    assert value("b >= a", a=[early, late], b=[late, early]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / b", [0.5, np.nan, -1.5]),
        ("a // b", [0, np.nan, -2]),
        ("log(a)", [0, np.log(np.float32(2)), np.nan]),
        ("abs(a) + max(a, b, 1)", [3, 4, 5]),
        ("min(a / b, 5)", [0.5, np.nan, -1.5]),
        ("a if a > 1 and not b == 2 else 0", [0, 2, 0]),
        ("1 if a in (2, -3) or b == 2 else 0", [1, 1, 1]),
        ("bin(a, 0, 2, 4)", [1, 2, 0]),
        ("cos_cycle(a, 2)", [-1, 1, -1]),
        ("sin_cycle(a, 4)", [1, 0, 1]),
    ],
)
def test_numbers_are_computed_and_missing_where_they_can_not_be(text, expected):
    found = value(text, a=[1, 2, -3], b=[2, 0, 2])
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, np.array(expected, "float32"), atol=1e-6)


def test_categories_are_compared_with_texts_and_each_other():
    columns = {"a": ["x", "y", "z"], "b": ["x", "q", "y"]}
    assert value("a == 'x'", **columns).tolist() == [True, False, False]
    assert value("a != 'x'", **columns).tolist() == [False, True, True]
    assert value("a in ('z', 'y')", **columns).tolist() == [False, True, True]
    assert value("a not in ('z', 'y')", **columns).tolist() == [True, False, False]
    assert value("a == b", **columns).tolist() == [True, False, False]


def test_a_cross_has_a_value_for_each_pair_and_is_missing_where_one_is():
    a, b = Coded(np.array([0, 1, -1, 0], "int32"), ["x", "y"]), Coded(np.array([1, 0, 0, -1], "int32"), ["p", "q"])
    crossed = a.joined(b)
    assert [crossed.levels[code] if code >= 0 else None for code in crossed.codes] == ["x | q", "y | p", None, None]
    assert expressions.crossed("cross(a, b, a)") == ["a", "b"]
    assert not expressions.crossed("a + b")


def test_columns_are_named_once_in_the_order_of_their_use():
    assert expressions.columns("b - planes.year / (a + b)") == ["b", "planes.year", "a"]


@pytest.mark.parametrize("name", ["sale price", "größe", "1st", "class", "a.b", "50 %"])
def test_any_name_of_a_column_can_be_quoted(name):
    text = f"{expressions.quote(name)} * 2 + other"
    assert expressions.columns(text) == [name, "other"]
    assert expressions.evaluate(text, {name: np.float32(3), "other": np.float32(1)}, np) == 7


def test_what_expressions_have_in_common_is_computed_once():
    class Counting:
        times = 0

        def __mul__(self, number):
            self.times += 1
            return np.float32(3 * number)

    columns, computed = {"a": Counting()}, {}
    waves = [expressions.evaluate(f"{wave}_cycle(a * 2, 24)", columns, np, computed) for wave in ("sin", "cos")]
    assert waves == [np.sin(np.float32(6 / 24 * 2 * np.pi)), np.cos(np.float32(6 / 24 * 2 * np.pi))]
    assert columns["a"].times == 1


def test_a_plain_name_is_not_quoted():
    assert expressions.quote("arr_delay") == "arr_delay"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a >",
        "'text'",
        "1 + 2",
        "__import__('os')",
        "open(a)",
        "min()",
        "a[0]",
        "a.b.c",
        "a < b < c",
        "True",
        "a in b",
        "a in (b, c)",
        "cross(a, b) == 'x'",
        "cross(a, 'b')",
        "cross(a)",
        "~a",
        "lambda a: a",
    ],
)
def test_what_the_language_has_no_word_for_is_refused(text):
    with pytest.raises(ValueError, match=r"expected|takes|must be"):
        expressions.parse(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("c * 2", "'c' must be a number; it is a category"),
        ("t - t", "'t' must be a number; it is a time"),
        ("c > 'x'", "a category can only be compared by == and !="),
        ("c == 1", "'c' is a category, and '1' is a number"),
        ("n in (1, 'x')", "'n' is a number, and \"'x'\" is a category"),
        ("n if c else n", "'c' must be a comparison; it is a category"),
        ("weekday(n)", "weekday takes (time) or (number, number, number), got (number)"),
        ("cross(c, n)", "'n' must be a category; it is a number"),
        ("n > 1 and n", "'n' must be a comparison; it is a number"),
        ("(n, n) == 1", "expected an expression, got '(n, n)'"),
        ("(n > 1) + 1", "'n > 1' must be a number; it is a comparison"),
    ],
)
def test_a_value_of_another_kind_than_it_must_be_is_told(text, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        expressions.kind(text, {"n": "number", "c": "category", "t": "time"})


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("arr_delay > 15", "(arr_delay>15)", True),
        ("`arr_delay` > 15", "arr_delay > 15", True),
        ("kind == 'a'", 'kind == "a"', True),
        ("arr_delay > 15", "arr_delay >= 15", False),
        ("sale price", "sale price", True),
        ("sale price", "price", False),
    ],
)
def test_expressions_are_alike_by_what_they_say(one, other, alike):
    assert expressions.alike(one, other) == alike
