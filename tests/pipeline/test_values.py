"""Columns as NumPy has them."""

import numpy as np
import pytest

from pipeline import values


@pytest.mark.parametrize("kind", ["int32", "int64", "uint64", "float64"])
@pytest.mark.parametrize("numbers", [[3, 1, 3, 2, 1], [5, 5], [7], []])
def test_the_distinct_numbers_are_those_of_numpy(numbers, kind):
    given = np.array(numbers, kind)
    found = values.distinct(given)
    assert found.dtype == given.dtype
    assert found.tolist() == np.unique(given).tolist()


def test_a_category_tells_which_of_its_levels_rows_have():
    assert values.Coded(np.array([2, -1, 0, 2], np.int32), ["a", "b", "c"]).used() == ["a", "c"]
