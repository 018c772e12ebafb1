"""The hold-out is read with what says which of its rows belong together."""

import numpy as np
import pyarrow as pa
import pytest

from bundle.contract import Contract, Input, Output
from pipeline import holdout, tables
from pipeline.problem import ByRandom

YES = Contract(
    inputs=(Input(name="age", type="number"),),
    outputs=(Output(name="probability", type="number", meaning=""),),
    threshold=0.5,
)


class Half:
    """A model that answers all rows alike."""

    contract = YES

    def predict(self, columns):
        return {"probability": np.full(len(columns["age"]), 0.5)}


@pytest.fixture
def test_rows(tmp_path):
    """A hold-out in two parts, whose categories have other codes in each."""
    for number, customers in enumerate((["ada", "bob", "ada"], ["cyd", "bob"])):
        count = len(customers)
        rows = pa.table(
            {
                "age": pa.array([30.0] * count, tables.TYPES["number"]),
                "customer": pa.array(customers).cast(tables.TYPES["category"]),
                tables.TARGET: pa.array([1.0] * count, tables.TYPES["number"]),
            }
        )
        tables.write(rows, tmp_path, number)
    return tmp_path


def test_it_works(test_rows):
    read = holdout.answer(Half(), test_rows, ["customer"], ByRandom())
    assert read.groups is None
    assert read.scored(YES, read.predicted).rows == 5


def test_rows_of_a_group_belong_together_in_whatever_part_they_lie(test_rows):
    read = holdout.answer(Half(), test_rows, [], ByRandom(group="customer"))
    assert (read.groups.column, read.groups.count) == ("customer", 3)
    numbers = read.groups.numbers
    assert numbers[0] == numbers[2]
    assert numbers[1] == numbers[4]
    some = read.scored(YES, read.predicted, np.array([0, 2, 3]))
    assert (some.rows, some.groups.count) == (3, 2)
