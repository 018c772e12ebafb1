"""Files of each kind, whole and broken."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import DataError
from pipeline.problem import Csv
from pipeline.sources import delimited, landing, parquet, records
from pipeline.sources.columns import Columns


def read_csv(file, wanted, lines=None, **dialect) -> pd.DataFrame:
    lines = [] if lines is None else lines
    return pa.concat_tables(delimited.read([file], Csv(**dialect), Columns(wanted), lines)).to_pandas()


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_it_works(tmp_path):
    assert read_csv(write(tmp_path / "a.csv", "x,y\n1,a\n"), ["y"]).to_dict("list") == {"y": ["a"]}


def test_case_15_every_value_of_a_csv_stays_the_text_that_it_is(tmp_path):
    values = ["007", "1e5", "", "NA", " spaces ", "9007199254740993", "18446744073709551617", 'a "quoted", one']
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["x"], *[[value] for value in values]])
    assert read_csv(tmp_path / "a.csv", ["x"])["x"].tolist() == values


@pytest.mark.parametrize("name", ["ORCID", "PAR1", "ARROW1", "PK"])
def test_a_header_may_begin_as_a_file_of_another_kind_does(tmp_path, name):
    assert read_csv(write(tmp_path / "a.csv", f"{name},y\n1,a\n"), [name])[name].tolist() == ["1"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [1 << 10, 1 << 12])
def test_case_10_rows_are_those_that_python_reads_whatever_the_block(tmp_path, monkeypatch, ending, block):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", block)
    monkeypatch.setattr(landing, "ROWS_PER_PART", 700)
    rows = [[str(number), f'"{number}",' * (number % 5), f"a,b{ending}c"] for number in range(3000)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending).writerows([["n", "q", "m"], *rows])
    file = write(tmp_path / "a.csv", text.getvalue())
    with file.open(newline="") as lines:
        assert list(csv.reader(lines))[1:] == rows
    landed = landing.Landing(tmp_path / "out")
    landed.write(delimited.read([file], Csv(), Columns(["n", "q", "m"]), []))
    parts = [pd.read_parquet(path) for path in sorted((tmp_path / "out").iterdir())]
    assert pd.concat(parts).to_numpy().tolist() == rows
    assert [len(part) for part in parts] == [700, 700, 700, 700, 200]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_case_10_lines_above_the_header_are_skipped_where_they_are_counted(tmp_path, ending, encoding):
    text = 'Café, "sold\n\nx,"y\n2"\n1,a\n2,b\n'.replace("\n", ending)
    file = write(tmp_path / "a.csv", text, encoding)
    said = encoding.removesuffix("-sig")
    given = read_csv(file, ["x", f"y{ending}2"], skip=2, encoding=said)
    assert given.to_numpy().tolist() == [["1", "a"], ["2", "b"]]
    with pytest.raises(DataError, match=r"Where lines stand above the header, say how many: csv = { skip = 1 }"):
        read_csv(write(tmp_path / "b.csv", f"Sold{ending}x,y{ending}1,2{ending}"), ["Sold"])
    named = read_csv(write(tmp_path / "c.csv", f"z,z{ending}1,2{ending}"), ["b"], skip=1, names=["a", "b"])
    assert named["b"].tolist() == ["2"]


def test_several_columns_without_a_name_go_by_their_place(tmp_path):
    file = write(tmp_path / "a.csv", 'x,,"y\n",\n1,2,3,4\n5,6,7,8\n')
    given = read_csv(file, ["x", "column 2", "y\n", "column 4"])
    assert given.to_numpy().tolist() == [["1", "2", "3", "4"], ["5", "6", "7", "8"]]
    assert read_csv(write(tmp_path / "b.csv", ",x\n1,2\n"), [""])[""].tolist() == ["1"]
    with pytest.raises(
        DataError, match=r"names x more than once\. Give all names in its place: csv = { skip = 1, names"
    ):
        read_csv(write(tmp_path / "c.csv", "x,x\n1,2\n"), ["x"])


def test_case_10_ragged_lines_stop_or_are_skipped_and_kept(tmp_path):
    file = write(tmp_path / "a.csv", "x,y\n1,2\n3\n4,5,6\n7,8\n")
    with pytest.raises(DataError, match=r"a\.csv must be CSV with as many values in each row .* Expected 2 columns"):
        read_csv(file, ["x", "y"])
    ragged = []
    assert read_csv(file, ["x", "y"], ragged, ragged="skip")["x"].tolist() == ["1", "7"]
    assert ragged == ["a.csv: 3", "a.csv: 4,5,6"]


def test_a_dialect_is_read_as_it_is_declared(tmp_path):
    file = write(tmp_path / "a.csv", "1,5;'a;b'\n2,5;c\n", "latin-1")
    dialect = {"delimiter": ";", "quote": "'", "names": ("x", "y"), "encoding": "latin-1"}
    assert read_csv(file, ["x", "y"], **dialect).to_dict("list") == {"x": ["1,5", "2,5"], "y": ["a;b", "c"]}
    with pytest.raises(DataError, match=r"must have the 1 columns of csv\.names, and has 2"):
        read_csv(file, ["x"], **dialect | {"names": ("x",)})


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1250"])
def test_case_02_a_declared_encoding_is_read_right(tmp_path, encoding):
    file = write(tmp_path / "a.csv", "x,é\n1,café\n" * 1, encoding)
    assert read_csv(file, ["x", "é"], encoding=encoding).to_dict("list") == {"x": ["1"], "é": ["café"]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x,y\n" + b"1,ok\n" * 900_000 + b"1,caf\xe9\n1,ok\n", "line 900002, byte 4500009.*'latin-1'"),
        (b"x,caf\xe9\n1,2\n", "line 1, byte 5"),
        ("x,y\n1,2\n".encode("utf-16"), "line 1, byte 0.*'utf-16'"),
    ],
)
def test_case_02_what_is_no_utf_8_stops_with_file_line_and_byte(tmp_path, content, told):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.csv must be text in utf-8, and is not: {told}"):
        read_csv(tmp_path / "a.csv", ["x", "y"])


def test_packed_files_are_read_like_what_is_in_them(tmp_path):
    text = b"x\n1\n2\n"
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("__MACOSX/._a.csv", "junk")
    packed = {"gz": gzip.compress(text), "bz2": bz2.compress(text), "xz": lzma.compress(text)}
    packed["zst"] = pa.compress(text, "zstd", asbytes=True)
    for name, content in packed.items():
        (tmp_path / f"a.csv.{name}").write_bytes(content)
    for name in ("zip", *packed):
        assert read_csv(tmp_path / f"a.csv.{name}", ["x"])["x"].tolist() == ["1", "2"]
    for name in ("gz", "xz"):
        (tmp_path / f"half.csv.{name}").write_bytes(packed[name][:-6])
        with pytest.raises(DataError, match=f"half.csv.{name} must be a whole {name} archive"):
            read_csv(tmp_path / f"half.csv.{name}", ["x"])
    with pytest.raises(DataError, match="must be a whole zip archive"):
        read_csv(write(tmp_path / "b.csv.zip", "x\n1\n"), ["x"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,yy\n1,2\n", "'y' is missing; did you mean 'yy'"),
        ("X, Y\n1,2\n", "'x' is missing; did you mean 'X'\\?\n  'y' is missing; did you mean ' Y'"),
        ("x;y\n1;2\n", "'y' is missing\n  columns that the problem file does not name: x;y$"),
        (f"x,{'z' * 200},{','.join('abcdefghi')}\n", f"does not name: {'z' * 100}, a, .*, g and 2 more$"),
        ("x,y,x\n1,2,3\n", "names x more than once"),
    ],
)
def test_what_is_wrong_with_a_header_is_told(tmp_path, text, told):
    with pytest.raises(DataError, match=told):
        read_csv(write(tmp_path / "a.csv", text), ["x", "y"])


@pytest.fixture
def ids(tmp_path):
    """A Parquet file with whole numbers beyond 2^53 and text with leading zeros."""
    table = pa.table(
        {"id": pa.array([2**53 + 1, 2**62 + 1] * 4000), "code": ["007", "0"] * 4000, "other": [1.5] * 8000}
    )
    pq.write_table(table, tmp_path / "ids.parquet", write_page_checksum=True)
    return tmp_path / "ids.parquet"


def test_case_15_parquet_keeps_its_types(ids):
    [table] = parquet.read(ids, Columns(["id", "code"]))
    assert table.schema.types == [pa.int64(), pa.string()]
    assert table["id"].to_pylist()[:2] == [2**53 + 1, 2**62 + 1]
    assert table["code"].to_pylist()[:2] == ["007", "0"]


def test_nested_columns_are_named_with_dots(tmp_path):
    pq.write_table(pa.table({"a": [{"b": {"c": 1}, "d": 2}], "e": [3]}), tmp_path / "a.parquet")
    columns = Columns(["a.b.c", "e"])
    [schema] = parquet.schemas([tmp_path / "a.parquet"], columns)
    assert columns.found.keys() == {"a.b.c", "a.d", "e"}
    assert not parquet.as_they_are([tmp_path / "a.parquet"], [schema])
    [table] = parquet.read(tmp_path / "a.parquet", columns)
    assert table.to_pydict() == {"a.b.c": [1], "e": [3]}


@pytest.mark.parametrize("broken", ["half", "flipped", "text"])
def test_case_11_a_broken_parquet_file_stops_with_its_name(ids, broken):
    whole = ids.read_bytes()
    at = whole.index((2**53 + 1).to_bytes(8, "little"))
    content = {
        "half": whole[: len(whole) // 2],
        "flipped": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        "text": b"id,code\n1,2\n",
    }[broken]
    ids.write_bytes(content)

    def land():
        parquet.schemas([ids], Columns(["id"]))
        return list(parquet.read(ids, Columns(["id"])))

    with pytest.raises(DataError, match=r"ids\.parquet must be a whole Parquet file as it was written"):
        land()


def test_parts_that_differ_are_made_alike_and_lose_nothing(tmp_path):
    tables = [pa.table({"x": [None], "y": [1]}), pa.table({"x": [2**62 + 1], "y": ["a"]})]
    landed = landing.Landing(tmp_path)
    landing.ROWS_PER_PART, before = 1, landing.ROWS_PER_PART
    try:
        landed.write(tables)
    finally:
        landing.ROWS_PER_PART = before
    parts = [pq.read_table(path) for path in sorted(tmp_path.iterdir())]
    assert pa.concat_tables(parts).to_pydict() == {"x": [None, 2**62 + 1], "y": ["1", "a"]}


def test_case_15_json_lines_keep_digits_and_become_text(tmp_path):
    lines = [
        {"id": 2**63 + 1, "at": {"city": "Kyiv", "zip": "01001"}, "ok": True, "tags": ["a", 1]},
        {"id": 1.50, "at": {"city": None}, "new": 1},
    ]
    write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)) + "\n\n")
    columns = Columns(["id", "at.city", "at.zip", "ok", "tags"])
    rows = pa.concat_tables(records.read([tmp_path / "a.jsonl"], columns)).to_pylist()
    assert rows == [
        {"id": "9223372036854775809", "at.city": "Kyiv", "at.zip": "01001", "ok": "true", "tags": '["a", "1"]'},
        {"id": "1.5", "at.city": None, "at.zip": None, "ok": None, "tags": None},
    ]
    assert columns.found == {
        "id": "number", "at.city": "text", "at.zip": "text", "ok": "boolean", "tags": "list", "new": "number"
    }  # fmt: skip


@pytest.mark.parametrize("line", ["{", "[1]", "é".encode("latin-1").decode("latin-1") + '{"x"'])
def test_a_line_that_is_no_record_is_told_by_its_number(tmp_path, line):
    write(tmp_path / "a.jsonl", '{"x": 1}\n' + line + "\n")
    with pytest.raises(DataError, match=r"a\.jsonl must have a record in JSON on each line, and line 2"):
        list(records.read([tmp_path / "a.jsonl"], Columns(["x"])))


def test_a_parquet_file_is_read_in_memory_that_does_not_grow_with_it(tmp_path):
    file = tmp_path / "large.parquet"
    noise = pa.table({"x": np.random.default_rng(0).random(4_000_000)})
    pq.write_table(noise, file, row_group_size=200_000, compression="none")
    del noise
    before, most = pa.total_allocated_bytes(), 0
    for _ in parquet.read(file, Columns(["x"])):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < file.stat().st_size / 4


def test_a_parquet_file_with_a_name_twice_is_told(tmp_path):
    pq.write_table(pa.table([[1], [2], [3]], names=["a", "b", "a"]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet must name each column once, and names a more than once"):
        parquet.schemas([tmp_path / "a.parquet"], Columns(["b"]))


def test_half_a_character_is_shown_as_such_and_loses_no_row(tmp_path):
    file = write(tmp_path / "a.jsonl", '{"x": "fine ✈"}\n{"x": "half \\ud83d"}\n')
    found = pa.concat_tables(records.read([file], Columns(["x"])))
    assert found["x"].to_pylist() == ["fine ✈", "half ?"]
