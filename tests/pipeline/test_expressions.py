"""Expressions mean the same on both sides: NumPy arrays here, TensorFlow tensors in test_preprocessing."""

from datetime import date, timedelta

import numpy as np
import pytest

from pipeline import expressions

DAYS = [date(1999, 12, 25) + timedelta(days=number) for number in range(5000)]


def on(days, text):
    """The value of an expression over year, month and day of each of ``days``."""
    parts = {name: np.array([getattr(day, name) for day in days], "float32") for name in ("year", "month", "day")}
    return expressions.evaluate(text, parts)


def test_it_works():
    delays = {"arr_delay": np.array([10, 16, np.nan], "float32")}
    assert expressions.evaluate("arr_delay > 15", delays).tolist() == [False, True, False]


def test_weekday_is_that_of_the_calendar():
    assert on(DAYS, "weekday(year, month, day)").tolist() == [day.weekday() for day in DAYS]


def test_day_of_year_is_that_of_the_calendar():
    assert on(DAYS, "day_of_year(year, month, day)").tolist() == [day.timetuple().tm_yday for day in DAYS]


def test_clock_counts_the_minutes_after_midnight():
    times = np.array([0, 5, 59, 100, 1730, 2359, np.nan], "float32")
    minutes = expressions.evaluate("clock(t)", {"t": times})
    assert minutes[:-1].tolist() == [0, 5, 59, 60, 1050, 1439]
    assert np.isnan(minutes[-1])


def test_columns_are_named_once_in_the_order_of_their_use():
    assert expressions.columns("b - planes.year / (a + b)") == ["b", "planes.year", "a"]


@pytest.mark.parametrize("name", ["sale price", "größe", "1st", "class", "a.b", "50 %"])
def test_any_name_of_a_column_can_be_quoted(name):
    text = f"{expressions.quote(name)} * 2 + other"
    assert expressions.columns(text) == [name, "other"]
    assert expressions.evaluate(text, {name: np.float32(3), "other": np.float32(1)}) == 7


def test_a_plain_name_is_not_quoted():
    assert expressions.quote("arr_delay") == "arr_delay"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a >",
        "'text'",
        "a if b else c",
        "__import__('os')",
        "open(a)",
        "weekday(year)",
        "a[0]",
        "a.b.c",
        "a < b < c",
        "True",
    ],
)
def test_what_the_language_has_no_word_for_is_refused(text):
    with pytest.raises(ValueError, match=r"expected|takes"):
        expressions.parse(text)
