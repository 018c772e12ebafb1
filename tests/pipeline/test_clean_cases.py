"""What real tables hold: files as they come, collected and cleaned by the real stages."""

import csv

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import clean, collect, tables
from pipeline.errors import DataError
from pipeline.job import Job
from pipeline.problem import Column, Source


def made(folder, raw, columns, **more):
    """Collect and clean a file; the outcomes of both, the rows kept, and those set aside."""
    described = Source(path=str(raw), columns={name: Column(**rules) for name, rules in columns.items()}, **more)
    landed, out = folder / "landed", folder / "clean" / "out"
    landed.mkdir()
    out.mkdir(parents=True)
    part = {"sources": {"s": described.model_dump(mode="json")}, "today": "2020-01-31"}
    collected = collect.collect(Job("", "s", part, {"raw": raw}, landed, landed, "tester", {}, folder))
    cleaned = clean.clean(Job("", "s", part, {"raw": landed}, out, out, "tester", {}, folder))
    aside = tables.whole(out / "set_aside") if tables.parts(out / "set_aside") else pd.DataFrame()
    return collected, cleaned, tables.whole(out / "rows"), aside


def written(folder, header, rows):
    """A CSV file."""
    with (folder / "raw.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return folder / "raw.csv"


def test_case_03_a_column_that_is_missing_or_renamed_is_named_with_what_is_like_it(tmp_path):
    raw = written(tmp_path, ["weigth", "colour"], [["1", "red"]])
    with pytest.raises(DataError, match="'weight' is missing; did you mean 'weigth'"):
        made(tmp_path, raw, {"weight": {}, "colour": {"type": "category"}})


def test_case_04_missing_values_are_kept_counted_or_refused_as_the_rules_say(tmp_path):
    rows = [[number, "", "" if number % 5 < 2 else number] for number in range(100)]
    raw = written(tmp_path, ["id", "never", "often"], rows)
    columns = {"id": {"type": "category"}, "never": {"missing": "warn"}, "often": {"missing": "warn"}}
    _, outcome, kept, _ = made(tmp_path, raw, columns, key=("id",))
    assert outcome.notes == ["100 rows kept: never is missing", "40 rows kept: often is missing"]
    assert kept["never"].isna().all()
    (tmp_path / "again").mkdir()
    with pytest.raises(DataError, match="100 rows stopping the run: never is missing"):
        made(tmp_path / "again", raw, columns | {"never": {"missing": "block"}})


def test_case_06_duplicates_are_removed_and_contradictions_follow_their_rule(tmp_path):
    rows = [[str(number), str(number % 7)] for number in range(1000)]
    raw = written(tmp_path, ["id", "x"], [*rows, *rows[:200], ["3", "99"], ["4", "98"]])
    columns = {"id": {"type": "category"}, "x": {}}
    _, outcome, kept, aside = made(tmp_path, raw, columns, key=("id",))
    assert outcome.notes == [
        "200 rows removed: a row equals an earlier one",
        "2 rows set aside: repeats the key id with other values",
    ]
    assert (len(kept), kept["id"].is_unique) == (1000, True)
    assert sorted(aside["x"].astype(float)) == [98, 99]


def test_case_07_tokens_become_missing_and_what_no_number_is_stops_with_samples(tmp_path):
    values = ["n/a", "-", "", *map(str, range(97))]
    columns = {"id": {"type": "category"}, "x": {}}
    raw = written(tmp_path, ["id", "x"], list(enumerate(values)))
    assert made(tmp_path, raw, columns)[2]["x"].isna().sum() == 3
    wrong = [*values[:90], *["1,234", "12 kg"] * 5]
    raw = written(tmp_path, ["id", "x"], list(enumerate(wrong)))
    for number, unreadable in enumerate(("reject", "missing")):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(DataError) as error:
            made(tmp_path / str(number), raw, columns | {"x": {"unreadable": unreadable}}, key=("id",))
        assert str(error.value).count("    id '") == 5
        assert "id '90', x '1,234'" in str(error.value)
    (tmp_path / "declared").mkdir()
    _, _, kept, _ = made(tmp_path / "declared", raw, columns | {"x": {"thousands": ",", "unit": "kg"}})
    assert kept["x"].tail(2).tolist() == [1234, 12]


def test_case_08_what_is_no_finite_number_follows_the_rule_and_is_counted(tmp_path):
    values = np.arange(100.0)
    values[:4] = [np.inf, -np.inf, np.nan, 1e308]
    frame = pd.DataFrame({"id": range(100), "x": values})
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "raw.parquet")
    frame.to_csv(tmp_path / "raw.csv", index=False)
    for name in ("raw.parquet", "raw.csv"):
        (tmp_path / name[4:]).mkdir()
        columns = {"id": {"type": "integer"}, "x": {"unreadable": "missing"}}
        _, outcome, kept, _ = made(tmp_path / name[4:], tmp_path / name, columns)
        assert outcome.notes == ["3 values made missing: x is no number"]
        assert kept["x"].isna().tolist() == [True] * 4 + [False] * 96


def test_case_09_unknown_columns_are_told_and_left_out(tmp_path):
    raw = written(tmp_path, ["x", *(f"u{number}" for number in range(50))], [[row] * 51 for row in range(2000)])
    collected, _, kept, _ = made(tmp_path, raw, {"x": {}})
    assert kept.columns.tolist() == ["x"]
    assert len(kept) == 2000
    assert any("u49" in note for note in collected.notes)


def test_case_12_a_column_whose_type_changed_stops_and_a_new_one_is_told(tmp_path):
    columns = {"x": {"type": "integer"}}
    raw = written(tmp_path, ["x", "new"], [[number, "a"] for number in range(20)])
    assert any("new" in note for note in made(tmp_path, raw, columns)[0].notes)
    (tmp_path / "2").mkdir()
    raw = written(tmp_path / "2", ["x"], [[f"v{number}"] for number in range(20)])
    with pytest.raises(DataError, match=r"20 rows set aside: x is no integer\n    x 'v0'"):
        made(tmp_path / "2", raw, columns)


@pytest.mark.parametrize("name", ["raw.csv", "raw.parquet"])
def test_case_15_identities_survive_as_they_are_or_stop_the_run(tmp_path, name):
    ids = [2**53 + 1, 2**53 + 3, 2**63 - 1]
    if name == "raw.csv":
        raw = written(tmp_path, ["id"], [[one] for one in [*ids, 2**64 + 1, "007"]])
        expected = [*map(str, ids), str(2**64 + 1), "007"]
    else:
        raw, expected = tmp_path / name, list(map(str, ids))
        pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), raw)
    assert made(tmp_path, raw, {"id": {"type": "category"}})[2]["id"].tolist() == expected
    for kind in ("integer", "number"):
        (tmp_path / kind).mkdir()
        with pytest.raises(DataError, match="id has more digits than a number holds; give it type = 'category'"):
            made(tmp_path / kind, raw, {"id": {"type": kind}}, max_rejected=1)


def test_case_16_local_times_become_moments_and_no_row_is_lost(tmp_path):
    times = {
        "2019-11-03 01:30:00": "2019-11-03T05:30:00Z",  # twice in New York: the first
        "2019-03-10 02:30:00": "2019-03-10T07:30:00Z",  # never: as if the clock had not changed yet
        "2019-07-01 12:00:00": "2019-07-01T16:00:00Z",
        "2019-07-01T12:00:00+02:00": "2019-07-01T10:00:00Z",
        "2019-07-01T12:00:00Z": "2019-07-01T12:00:00Z",
        "2020-06-01 00:00:00": "2020-06-01T04:00:00Z",  # after the run's day
    }
    raw = written(tmp_path, ["t"], [[time] for time in times])
    zoned = {"type": "time", "time_zone": "America/New_York"}
    _, outcome, kept, _ = made(tmp_path, raw, {"t": zoned | {"future": "warn"}})
    assert kept["t"].tolist() == [pd.Timestamp(time) for time in times.values()]
    assert outcome.notes == [
        "2 values mended: t can't be told, for the clock was changed then",
        "1 row kept: t lies in the future",
    ]
    (tmp_path / "strict").mkdir()
    _, _, kept, aside = made(
        tmp_path / "strict", raw, {"t": zoned | {"future": "reject", "clock_change": "reject"}}, max_rejected=0.5
    )
    assert (len(kept), len(aside)) == (3, 3)
