"""Slices by a column's values."""

import pandas as pd

from pipeline.slices import groups


def test_numbers_are_told_with_all_digits_that_tell_them_apart():
    labels = pd.Series([1234567.0, 1234568.0, 0.1, 1e16, -3.0, None, "1.0"])
    told = [[value for value, _ in groups(one)] for one in (labels[:6].astype(float), labels[6:])]
    assert told == [["(missing)", "-3", "0.1", "1234567", "1234568", "1e+16"], ["1.0"]]
