"""Collect lands a source as it is, from files as people make them."""

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline import collect, tables
from pipeline.errors import DataError
from pipeline.job import Job

DAYS = """t,x
2013-01-01T23:59:59Z,a
2013-01-02T00:00:00Z,b
2013-01-02 12:00:00,c
2013-01-03T00:30:00+01:00,d
soon,e
2013-01-05,f
"""


def run(folder, raw, columns=("x",), day=None, **origin):
    """Collect as the stage does; what it counted."""
    described = {"path": str(raw), **origin, "columns": {name: {} for name in columns}}
    part = {"sources": {"source": described}} | ({"day": day} if day else {})
    output = folder / "out"
    output.mkdir(parents=True)
    return collect.collect(Job("", "source", part, {"raw": Path(raw)}, output, output, "", {}, folder))


def landed(folder):
    return pd.concat([pd.read_parquet(path) for path in tables.parts(folder / "out")], ignore_index=True)


def write(path, text):
    path.write_text(text, newline="")
    return path


def test_it_works(tmp_path):
    raw = write(tmp_path / "a.csv", "x,y,z\n1,a,_\n2,b,_\n")
    done = run(tmp_path, raw, ("y", "x"))
    assert done.rows_out == 2
    assert landed(tmp_path).to_dict("list") == {"y": ["a", "b"], "x": ["1", "2"]}
    assert json.loads((tmp_path / "out" / "columns.json").read_text()) == {"x": "text", "y": "text", "z": "text"}
    assert done.notes == ["columns of a.csv that the problem file does not name: z"]


def test_files_by_a_pattern_are_one_table_in_the_order_of_their_names(tmp_path):
    write(tmp_path / "b.csv", "y,x\n3,c\n")
    write(tmp_path / "a.csv", "x,y\na,1\nb,2\n")
    assert run(tmp_path, tmp_path / "*.csv", ("x", "y")).rows_out == 3
    assert landed(tmp_path).to_dict("list") == {"x": ["a", "b", "c"], "y": ["1", "2", "3"]}


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("where", ["", "file://"])
def test_what_folders_tell_of_their_files_is_a_column(tmp_path, kind, where):
    rows = pd.DataFrame({"x": ["1", "2", "3"], "year": ["2022", "2023", "2023"], "town": ["Bad Ems", "ü/x", None]})
    folder = tmp_path / "orders"
    rows.to_parquet(folder, partition_cols=["year", "town"])
    for file in folder.rglob("*.parquet"):
        part = pq.ParquetFile(file).read().to_pandas()
        if kind == "csv":
            part.to_csv(file.with_suffix(".csv"), index=False)
        elif kind == "jsonl":
            part.to_json(file.with_suffix(".jsonl"), orient="records", lines=True)
    run(tmp_path, f"{where}{folder}/**/*.{kind}", ("town", "x", "year"))
    assert landed(tmp_path).sort_values("x").fillna("").to_dict("list") == {
        "town": ["Bad Ems", "ü/x", ""], "x": ["1", "2", "3"], "year": ["2022", "2023", "2023"]
    }  # fmt: skip
    run(tmp_path / "without", f"{where}{folder}/**/*.{kind}", ("x",))
    assert sorted(landed(tmp_path / "without")["x"]) == ["1", "2", "3"]


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_what_a_file_tells_itself_its_folders_do_not_change(tmp_path, kind):
    folder = tmp_path / "x=9" / "y=8"
    folder.mkdir(parents=True)
    rows, file = pd.DataFrame({"x": ["1", "2"]}), folder / f"a.{kind}"
    {
        "parquet": rows.to_parquet,
        "csv": lambda file: rows.to_csv(file, index=False),
        "jsonl": lambda file: rows.to_json(file, orient="records", lines=True),
    }[kind](file)
    run(tmp_path, file, ("x", "y"))
    assert landed(tmp_path).to_dict("list") == {"x": ["1", "2"], "y": ["8", "8"]}


@pytest.mark.parametrize(
    ("day", "rows"), [("2013-01-01", ["a"]), ("2013-01-02", ["b", "c", "d"]), ("2013-01-04", []), ("2013-01-05", ["f"])]
)
def test_of_a_day_only_its_rows_are_landed(tmp_path, day, rows):
    done = run(tmp_path, write(tmp_path / "a.csv", DAYS), ("t", "x"), day, time="t")
    assert landed(tmp_path)["x"].tolist() == rows
    assert (done.rows_in, done.rows_out) == (6, len(rows))
    assert done.notes == ["1 rows belong to no day: their t is no time"]


def test_a_day_without_rows_is_told_from_one_that_has_not_arrived(tmp_path):
    raw = write(tmp_path / "a.csv", DAYS)
    assert run(tmp_path / "1", raw, ("t",), "2013-01-04", time="t").rows_out == 0
    with pytest.raises(DataError, match="has not arrived there yet"):
        run(tmp_path / "2", raw, ("t",), "2013-01-06", time="t")


@pytest.mark.parametrize("text", ["", "x\n"])
def test_case_01_a_file_without_rows_stops_with_its_name(tmp_path, text):
    with pytest.raises(DataError, match=r"empty\.csv must have .*0 rows"):
        run(tmp_path, write(tmp_path / "empty.csv", text))


def test_case_09_columns_that_nobody_names_are_told_and_not_landed(tmp_path):
    names = [f"c{number}" for number in range(200)]
    with (tmp_path / "wide.csv").open("w", newline="") as file:
        csv.writer(file).writerows([names, *[[str(number)] * 200 for number in range(50)]])
    done = run(tmp_path, tmp_path / "wide.csv", names[:20])
    assert list(landed(tmp_path)) == names[:20]
    assert len(json.loads((tmp_path / "out" / "columns.json").read_text())) == 200
    assert "c20, c21" in done.notes[0]
