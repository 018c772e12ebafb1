"""Figures as people read them."""

import pytest

from bundle.figure import counted, shown


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.69149, 3, "0.691"),
        (0.69149, 4, "0.6915"),
        (-0.5, 3, "-0.500"),
        (0.0, 3, "0.000"),
        (0.05, 4, "0.0500"),
        (0.0123456, 3, "0.0123"),
        (0.00012345, 3, "0.000123"),
        (-0.0000012345, 4, "-1.23e-06"),
        (99.5, 3, "99.500"),
        (12345.678, 3, "12,346"),
        (None, 3, "–"),  # noqa: RUF001 - a dash for what is not there
    ],
)
def test_a_small_figure_has_three_digits_that_tell_something(value, digits, expected):
    assert shown(value, digits) == expected


def test_a_difference_has_its_sign():
    assert [shown(value, sign="+") for value in (0.25, -0.00031, 1234.56)] == ["+0.2500", "-0.000310", "+1,234.6"]


def test_one_of_a_thing_is_no_several():
    assert [counted(count, "row") for count in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
