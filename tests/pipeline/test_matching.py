"""Rows find the row that their key names, whatever the key is made of."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline import matching, values
from pipeline.errors import DataError
from pipeline.values import Coded


def keyed(rows, key):
    """Columns of a key, from tuples."""
    columns = []
    for place, kind in enumerate(key):
        given = [row[place] for row in rows]
        if kind == "text":
            columns.append(values.of_array(pa.array(given, "string")))
        elif kind == "time":
            columns.append(values.exact(pa.array(given, pa.timestamp("us", "UTC"))))
        else:
            columns.append(np.array([np.nan if one is None else one for one in given], "float64"))
    return columns


def test_it_works():
    known = matching.keys(keyed([("A", 5), ("B", 5), ("A", 7)], ("text", "number")))
    asked = keyed([("A", 7), ("B", 5), ("B", 7), ("Z", 5), (None, 5), ("A", None)], ("text", "number"))
    assert known.match(asked).tolist() == [2, 1, -1, -1, -1, -1]


@pytest.mark.parametrize("dense", [1 << 25, 4])
@pytest.mark.parametrize(
    "key", [("text",), ("number",), ("time",), ("text", "time"), ("number", "text", "number"), ("time", "number")]
)
def test_it_finds_what_a_dictionary_finds(key, dense, monkeypatch):
    monkeypatch.setattr(matching, "DENSE", dense)  # so that both ways are gone
    random = np.random.default_rng(7)
    draw = {
        "text": lambda: None if random.random() < 0.1 else f"t{random.integers(40)}",
        "number": lambda: None if random.random() < 0.1 else random.choice([2.5, 1e17, *range(-6, 60, 3)]),
        "time": lambda: None if random.random() < 0.1 else int(random.integers(50)) * 3_600_000_000 - 7,
    }
    other = list({tuple(draw[kind]() for kind in key) for _ in range(300)})
    asked = [tuple(draw[kind]() for kind in key) for _ in range(500)]
    rows = {row: place for place, row in enumerate(other) if None not in row}
    found = matching.keys(keyed(other, key)).match(keyed(asked, key))
    assert found.tolist() == [rows.get(row, -1) for row in asked]


def test_a_table_without_rows_matches_nothing():
    known = matching.keys(keyed([], ("text", "number")))
    assert known.match(keyed([("A", 1)], ("text", "number"))).tolist() == [-1]


def test_categories_are_matched_by_text_and_not_by_code():
    known = matching.keys([Coded(np.array([0, 1], "int32"), ["x", "y"])])
    assert known.match([Coded(np.array([0, 1, -1], "int32"), ["y", "q"])]).tolist() == [1, -1, -1]


def test_more_combinations_than_can_be_numbered_are_refused():
    with pytest.raises(DataError, match=r"at most 9,223,372,036,854,775,807 combinations.* 70,000, 70,000, 70,000"):
        matching.keys([np.arange(70_000.0)] * 4)
