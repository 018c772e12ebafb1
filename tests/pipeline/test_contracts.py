"""What a client sends is cleaned as the rows were that the model learned from: the same raw value, the same value."""

import numpy as np
import pyarrow as pa
import pytest

from bundle.contract import Contract, Output, columns_of
from pipeline import cells, contracts
from pipeline.cells import Rules
from pipeline.problem import Column, Problem

COLUMNS = {
    "city": {"type": "category", "spelling": "lower", "spellings": {"roma": "rome"}},
    "code": {"type": "category", "spelling": "upper", "allowed": ["A", "B", "STRASSE"], "outside": "missing"},
    "plain": {"type": "category"},
    "note": {"type": "text"},
    "age": {"range": [0, 0.1], "outside": "missing"},
    "speed": {"range": [-5.5, 70], "outside": "clip"},
    "weight": {"range": [0, 10]},
    "y": {"known": "after"},
}
TEXTS = [
    "Rome",
    " rome ",
    "ROMA",
    "roma",
    "oslo",
    "-",
    " NA",
    "null",
    "",
    "?",
    "a",
    "B ",
    "c",
    "straße",
    "İstanbul",
    None,
]
NUMBERS = [0.1, 0.0, -0.1, 0.10000001, 69.9, 70.5, -6, 1e30, 9.5, None]


@pytest.fixture(scope="module")
def problem():
    source = {"path": "t.csv", "missing_tokens": ["", "-", "NA", "null", "?"], "columns": COLUMNS}
    return Problem(
        name="skew", title="", table="t", target="y", task="regression", sources={"t": source},
        features={"columns": [name for name in COLUMNS if name != "y"]},
        split={"by": "hash"}, requirements=[{"metric": "rmse", "max": 1}],
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "y"])
def test_a_raw_value_is_the_same_to_cleaning_and_to_serving(problem, name):
    source, column = problem.sources["t"], problem.sources["t"].columns[name]
    is_number = column.type == "number"
    given = NUMBERS if is_number else TEXTS
    came = pa.array(given, pa.float64() if is_number else pa.string())
    cleaned, faults = cells.clean(came, Rules(name, column, source.missing_tokens))
    kept = ~np.logical_or.reduce([np.zeros(len(given), bool), *(one.rows for one in faults if one.word == "reject")])
    assert kept.sum() > 1

    output = Output(name="prediction", type="number", meaning="")
    contract = Contract(inputs=(contracts.taken(problem, name),), outputs=(output,))
    served = columns_of([{name: value} for value in given], Contract.model_validate_json(contract.model_dump_json()))[
        name
    ]
    if is_number:
        learned = cleaned.to_numpy(zero_copy_only=False).astype("float32")
        assert np.array_equal(served[kept], learned[kept], equal_nan=True)
        one_by_one = [columns_of([{name: value}], contract)[name][0] for value in given]
        assert np.array_equal(served, np.array(one_by_one), equal_nan=True)
    else:
        assert [text.decode() or None for text in served[kept]] == np.array(cleaned.to_pylist(), object)[kept].tolist()


def test_rules_that_set_rows_aside_refuse_no_request(problem):
    taken = contracts.taken(problem, "weight")
    assert (taken.range, Column(range=(0, 10)).outside) == (None, "reject")
