"""Describe tells what a source holds, and what changed since the snapshot before."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline import clean, describe, receipts, schema_diff, tables
from pipeline.data_profile import DataProfile
from pipeline.job import Job
from pipeline.problem import Column, Source
from tests.project import SAMPLE

COLUMNS = {"n": {}, "c": {"type": "category"}, "t": {"type": "time"}, "s": {"type": "text"}}


def described(folder, parts, before=None, columns=COLUMNS, **more):
    """Clean and describe the given parts; the folder that was made, and the outcome."""
    raw, cleaned, out = (folder / name for name in ("raw", "cleaned", "out"))
    for one in (raw, cleaned, out):
        one.mkdir(parents=True)
    for number, one in enumerate(parts):
        one.astype("str").to_parquet(tables.part_path(raw, number), index=False)
    (raw / "columns.json").write_text(json.dumps(dict.fromkeys(parts[0], "text")))
    source = Source(path="x.csv", columns={name: Column(**rules) for name, rules in columns.items()}, **more)
    part = {"sources": {"s": source.model_dump(mode="json")}, "monitoring": {}}
    clean.clean(Job("", "s", part, {"raw": raw}, cleaned, cleaned, "tester", {}, folder))
    part |= {"before": {"path": str(before), "content": ""}} if before else {}
    job = Job("", "s", part, {"raw": raw, "cleaned": cleaned}, out, out, "tester", {}, folder)
    return out, describe.describe(job)


def rows(count=1000, seed=1):
    random = np.random.default_rng(seed)
    days = pd.date_range("2026-01-01", periods=count, freq="h", tz="UTC").map(pd.Timestamp.isoformat)
    return pd.DataFrame(
        {"n": random.normal(size=count), "c": random.choice(["a", "b"], count, p=[0.9, 0.1]), "t": days, "s": "four"}
    )


def test_it_works(tmp_path):
    table = rows()
    table.loc[:239, "c"] = ""
    out, outcome = described(tmp_path, [table], time="t")
    profile = DataProfile.read(out)
    number, category, time, text = profile.columns
    assert number.quantiles[3] == pytest.approx(table["n"].quantile(0.5), abs=1e-2)
    assert sum(number.bars) == 1000
    assert (category.missing, category.top[0]) == (240, ("a", int((table["c"] == "a").sum())))
    assert (time.quantiles[0], text.quantiles[0]) == (pd.Timestamp("2026-01-01").timestamp() / 86400, 4)
    assert sum(period.rows for period in profile.periods) == 1000
    assert category.missing_by_period[:10] == tuple(period.rows for period in profile.periods[:5]) + (0,) * 5
    assert (outcome.rows_in, outcome.notes) == (1000, [])
    few = table["c"][table["c"] != ""].value_counts(normalize=True)
    page = (out / "data.html").read_text()
    assert f"a {few['a']:.1%}, b {few['b']:.1%}" in page
    assert "1 length<" in page


def test_parts_and_repetition_do_not_change_a_byte(tmp_path):
    table = rows()
    first, _ = described(tmp_path / "1", [table], time="t")
    again, _ = described(tmp_path / "2", [table[:100], table[100:400], table[400:]], time="t")
    for name in ("profile.json", "data.html"):
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_what_moved_since_the_snapshot_before_is_told_and_what_did_not_is_not(tmp_path):
    before, _ = described(tmp_path / "1", [rows()])
    still, quiet = described(tmp_path / "2", [rows(seed=2)], before)
    now = rows(seed=3).assign(c=lambda table: table["c"].map({"a": "b", "b": "a"}))
    out, outcome = described(tmp_path / "3", [now.rename(columns={"s": "S_"})], before, {"n": {}, "c": COLUMNS["c"]})
    assert quiet.notes == []
    assert DataProfile.read(still).columns[0].drift.psi < 0.1
    assert outcome.notes[0] == "'s' is gone, and 'S_' is new: it looks renamed"
    assert [note.split(" is not")[0] for note in outcome.notes[1:]] == ["'c'"]
    page = (out / "data.html").read_text()
    assert page.index("<h3>c <small>") < page.index("<h3>n <small>")
    assert "moved: PSI" in page
    assert "it looks renamed" in page


def test_an_empty_a_constant_and_a_mostly_missing_column_and_one_of_ids_ask_for_a_look(tmp_path):
    table = pd.DataFrame({"empty": "", "same": "1", "gaps": ["1", *[""] * 199], "id": range(200), "fine": [0, 1] * 100})
    out, _ = described(tmp_path, [table], columns={name: {} for name in table})
    page = (out / "data.html").read_text()
    order = [page.index(f"<h3>{name} <small>") for name in ("gaps", "empty", "same", "id", "fine")]
    for words in ("100% missing", ">empty<", ">constant<", ">names rows<", "4 of 5 columns ask for a look"):
        assert words in page
    assert order[-1] == max(order)


def test_a_source_of_one_row_has_a_page(tmp_path):
    out, _ = described(tmp_path, [rows()[:1]], time="t")
    assert "1 of 1 rows were kept" in (out / "data.html").read_text()


def test_names_and_values_are_shown_as_text(tmp_path):
    hostile = "<script>alert(1)</script>"
    table = pd.DataFrame({hostile: [hostile, "1", "2"], "c": [hostile, "a", "a"]})
    out, _ = described(tmp_path, [table], columns={hostile: {}, "c": {"type": "category"}}, max_rejected=1)
    page = (out / "data.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_kinds_of_columns_are_compared():
    before = {"id": "integer", "old": "text", "dep_time": "number", "same": "text"}
    now = {"id": "text", "DepTime": "number", "same": "text", "quite other": "text"}
    assert schema_diff.changes(before, now) == [
        "'id' was integer and is text",
        "'dep_time' is gone, and 'DepTime' is new: it looks renamed",
        "'old' is gone",
        "'quite other' is new",
    ]
    assert schema_diff.changes(now, now) == []


def planes(project, change):
    path = project.folder / "planes.csv"
    change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)
    return path


def describe_planes(project, code=0):
    return project.luigi("Describe", *SAMPLE, "--source", "planes", module="pipeline", code=code)


def test_case_12_the_columns_of_a_source_change_from_one_day_to_the_next(project):
    """An int that becomes text and a column that is gone stop the run, and one that comes does not; all is told."""
    was = (project.folder / "planes.csv").read_text()
    describe_planes(project)
    first = project.made("describe")
    planes(project, lambda table: table.assign(colour="red"))
    said = describe_planes(project).stderr
    [second] = [path.parent for path in first.parent.rglob(receipts.NAME) if path.parent != first]
    receipt = receipts.read(second)
    assert receipt.settings["before"]["path"].endswith(first.name)
    assert receipt.notes == ["'colour' is new"]
    assert "Describe planes" in said
    assert "Describe planes" not in describe_planes(project).stderr.replace("Scheduled", "")

    planes(project, lambda table: table.rename(columns={"year": "year_built"}))
    said = describe_planes(project, code=30).stderr
    assert "'year' is missing" in said
    assert "'year' is gone, and 'year_built' is new: it looks renamed" in said
    assert "Traceback" not in said

    (project.folder / "planes.csv").write_text(was)
    planes(project, lambda table: table.assign(year="the year " + table["year"].fillna("?")))
    said = describe_planes(project, code=30).stderr
    assert "Not broken by any row of the snapshot before:" in said
    assert "year is no" in said
    page = project.folder / "data" / "sample" / "clean" / "planes" / "refused.html"
    assert "See data/sample/clean/planes/refused.html." in said
    assert "0 of 3,322 rows were kept" in page.read_text()

    (project.folder / "planes.csv").write_text(was)
    planes(project, lambda table: table.assign(year=table["year"].where(table.index % 10 > 0, "soon"), seats="9"))
    describe_planes(project, code=30)
    text = page.read_text()
    assert ">Refused<" in text
    assert text.index("<h3>seats") < text.index("moved: PSI") < text.index("<h3>year")
