"""Tables: parts of Arrow, categories as codes, worked on in threads or by the workers of a Dask scheduler."""

from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import tables
from tests.pipeline.written import write_part

SCHEMA = pa.schema([("c", tables.CATEGORY), ("x", pa.float64()), ("t", pa.timestamp("us", "UTC"))])


def some(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    moments = pd.to_datetime(rng.integers(0, 10**9, rows), unit="s", utc=True).astype("datetime64[us, UTC]")
    return pd.DataFrame({"c": rng.choice(["a", "b", None], rows), "x": rng.normal(size=rows), "t": moments})


def test_it_works(tmp_path):
    frame = some(1000)
    for number, part in enumerate(np.array_split(np.arange(1000), 3)):
        write_part(frame.iloc[part], tmp_path, number, SCHEMA)
    table = tables.load(tables.parts(tmp_path)[0])
    assert table.schema == SCHEMA
    assert all(column.num_chunks == 1 for column in table.columns)
    pd.testing.assert_frame_equal(tables.whole(tmp_path), frame.astype({"c": "str"}))


def test_parts_of_which_only_some_miss_values_are_one_table(tmp_path):
    frame = pd.DataFrame({"c": ["a", "b", None], "x": [1.5, 2.5, np.nan], "y": np.float32([0.1, np.inf, np.nan])})
    schema = pa.schema([("c", tables.CATEGORY), ("x", pa.float64()), ("y", pa.float32())])
    write_part(frame.iloc[:2], tmp_path, 0, schema)
    write_part(frame.iloc[2:], tmp_path, 1, schema)
    assert [tables.load(part).schema for part in tables.parts(tmp_path)] == [schema, schema]
    everyone = [tables.whole(tmp_path), pd.read_parquet(tmp_path), duckdb.read_parquet(f"{tmp_path}/*").df()]
    for found in everyone:
        pd.testing.assert_frame_equal(found.astype(frame.dtypes), frame)


def test_text_is_loaded_as_codes_where_that_is_asked_for(tmp_path):
    pq.write_table(pa.table({"s": ["x", "y", None, "x"]}), tables.part_path(tmp_path, 0))
    assert pa.types.is_string(tables.load(tables.part_path(tmp_path, 0)).schema.field("s").type)
    [column] = tables.load(tables.part_path(tmp_path, 0), encoded=True).columns
    assert column.chunk(0).dictionary.to_pylist() == ["x", "y"]
    assert column.to_pylist() == ["x", "y", None, "x"]


def test_a_large_file_is_several_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "PART_ROWS", 250)
    pq.write_table(pa.table({"n": range(1000)}), tables.part_path(tmp_path, 0), row_group_size=100)
    pq.write_table(pa.table({"n": range(1000, 1900)}), tables.part_path(tmp_path, 1))
    slices = tables.slices(tmp_path)
    assert [len(tables.load(one)) for one in slices] == [200, 200, 200, 200, 200, 900]
    assert [n for one in slices for n in tables.load(one)["n"].to_pylist()] == list(range(1900))


def test_work_is_done_over_each_part_and_told_in_their_order(tmp_path, capfd):
    done = tables.over(["a", "b", "c"], lambda number, part: (number, part.upper()), "shouting")
    assert done == [(0, "A"), (1, "B"), (2, "C")]


def test_what_fails_in_one_part_is_told(tmp_path):
    def fail(number: int, part: str) -> None:
        raise ValueError(part)

    with pytest.raises(ValueError, match="b"):
        tables.over(["b"], fail, "failing")


@pytest.mark.parametrize("rows", [0, 3])
def test_what_is_stored_in_other_ways_is_loaded_as_what_it_means(tmp_path, rows):
    """As DuckDB writes a UUID, and others JSON or views of text."""
    number = UUID("12345678-1234-5678-1234-567812345678")
    table = pa.table(
        {
            "id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([number.bytes] * rows, pa.binary(16))),
            "about": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}"] * rows, pa.string())),
            "city": pa.array(["Rome"] * rows, pa.string_view()),
            "bytes": pa.array([b"a"] * rows, pa.binary_view()),
        }
    )
    pq.write_table(table, tmp_path / "table.parquet")
    loaded = tables.load(tmp_path / "table.parquet")
    assert loaded.to_pydict() == {
        "id": [str(number)] * rows,
        "about": ["{}"] * rows,
        "city": ["Rome"] * rows,
        "bytes": [b"a"] * rows,
    }
    kinds = [field.type for field in loaded.schema]
    assert kinds == [pa.dictionary(pa.int32(), pa.string()), pa.string(), pa.string(), pa.binary()]


def test_a_part_tells_its_first_and_last_time_without_its_rows_being_read(tmp_path):
    times = pa.array([1_362_096_000_000_001, None, -1_000_000], SCHEMA.field("t").type)
    for number, rows in enumerate((times, times[1:2], times[:0])):
        tables.write(pa.table({"x": np.arange(len(rows)), "t": rows}), tmp_path, number)
    extents = [tables.extent(path, "t") for path in tables.parts(tmp_path)]
    assert extents == [((-1_000_000, 1_362_096_000_000_001), 1), (None, 1), (None, 0)]
