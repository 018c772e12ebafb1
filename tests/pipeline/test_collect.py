"""Collect lands text as it is, from files as people make them."""

import csv
import gzip
import zipfile

import pandas as pd
import pytest

from pipeline import collect, tables
from pipeline.errors import DataError


def landed(folder):
    return pd.concat([pd.read_parquet(path) for path in tables.parts(folder)], ignore_index=True)


def write(path, text):
    path.write_text(text, newline="")
    return path


def test_it_works(tmp_path):
    raw = write(tmp_path / "a.csv", "x,y\n1,a\n2,b\n")
    assert collect.land(raw, ["y", "x"], tmp_path / "out") == 2
    assert landed(tmp_path / "out").to_dict("list") == {"y": ["a", "b"], "x": ["1", "2"]}


def test_every_value_stays_the_text_that_it_is(tmp_path):
    values = ["007", "1e5", "", "NA", " spaces ", "9007199254740993", 'a "quoted", one', "two\nlines", "żółć"]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["x"], *[[value] for value in values]])
    collect.land(tmp_path / "a.csv", ["x"], tmp_path / "out")
    assert landed(tmp_path / "out")["x"].tolist() == values


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rows_are_those_that_python_reads_whatever_the_block(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(collect, "BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr(collect, "ROWS_PER_PART", 700)
    rows = [[str(number), f'"{number}"' * (number % 5), "a,b\nc"] for number in range(3000)]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator=ending).writerows([["n", "q", "m"], *rows])
    assert collect.land(tmp_path / "a.csv", ["n", "q", "m"], tmp_path / "out") == len(rows)
    assert landed(tmp_path / "out").to_numpy().tolist() == rows
    assert [len(pd.read_parquet(path)) for path in tables.parts(tmp_path / "out")] == [700, 700, 700, 700, 200]


def test_a_zip_and_a_gz_are_read_like_the_file_in_them(tmp_path):
    text = "x\n1\n2\n"
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("__MACOSX/._a.csv", "junk")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("a.csv.zip", "a.csv.gz"):
        collect.land(tmp_path / name, ["x"], tmp_path / f"out-{name}")
        assert landed(tmp_path / f"out-{name}")["x"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("x,y\n", "has 0 rows"),
        ("x,yy\n1,2\n", "'y' is missing; did you mean 'yy'"),
        ("x,y,x\n1,2,3\n", "names x more than once"),
        ("x,y\n1,2,3\n", "as many values in each row"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_its_name(tmp_path, text, told):
    raw = write(tmp_path / "broken.csv", text)
    with pytest.raises(DataError, match=told) as error:
        collect.land(raw, ["x", "y"], tmp_path / "out")
    assert "broken.csv" in str(error.value)


@pytest.mark.parametrize("content", [b"x,y\n1,caf\xe9\n", "x,y\n1,2\n".encode("utf-16")])
def test_text_that_is_not_utf_8_is_refused(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match="UTF-8"):
        collect.land(tmp_path / "a.csv", ["x", "y"], tmp_path / "out")


def test_what_is_no_zip_is_told(tmp_path):
    raw = write(tmp_path / "a.csv.zip", "x\n1\n")
    with pytest.raises(DataError, match="must be a zip archive"):
        collect.land(raw, ["x"], tmp_path / "out")


DAYS = """t,x
2013-01-01T23:59:59Z,a
2013-01-02T00:00:00Z,b
2013-01-02 12:00:00,c
2013-01-03T00:30:00+01:00,d
soon,e
2013-01-05,f
"""


@pytest.mark.parametrize(
    ("day", "rows"), [("2013-01-01", ["a"]), ("2013-01-02", ["b", "c", "d"]), ("2013-01-04", []), ("2013-01-05", ["f"])]
)
def test_of_a_day_only_its_rows_are_landed(tmp_path, day, rows):
    raw = write(tmp_path / "a.csv", DAYS)
    of_day = collect.OfDay(day, "t")
    assert collect.land(raw, ["t", "x"], tmp_path / "out", of_day) == len(rows)
    assert landed(tmp_path / "out")["x"].tolist() == rows
    assert (of_day.seen, of_day.untold) == (6, 1)


@pytest.mark.parametrize(("day", "later"), [("2013-01-04", True), ("2013-01-06", False)])
def test_a_day_without_rows_is_told_from_one_that_has_not_arrived(tmp_path, day, later):
    of_day = collect.OfDay(day, "t")
    collect.land(write(tmp_path / "a.csv", DAYS), ["t", "x"], tmp_path / "out", of_day)
    assert bool(of_day.later) is later
