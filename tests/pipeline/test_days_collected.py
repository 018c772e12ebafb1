"""``RangeDaily`` collects day by day: the holes, in order; and what was collected of a day stays."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from pipeline import receipts, tables
from tests.project import BIN, SAMPLE
from tests.sample import REPOSITORY

DAYS = ["2013-01-01", "2013-01-02", "2013-01-03"]


def collect(project, *more, source="flights", code=0):
    """The documented command."""
    of = ("--of", "Collect", "--of-params", json.dumps({"problem": "sample", "source": source}))
    when = more or ("--start", "2013-01-01", "--stop", "2013-01-04")
    return project.luigi("RangeDaily", *of, *when, module="pipeline", code=code)


def landed(project) -> dict[str, str]:
    """The key of what was landed of each day."""
    found = (project.folder / "data" / "sample" / "collect" / "flights").rglob(receipts.NAME)
    return {path.parents[1].name: path.parent.name for path in sorted(found)}


def order(project) -> list[str]:
    """The days that the newest run landed, one after another."""
    newest = max((project.folder / "data" / "lineage").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    events = [json.loads(line) for line in newest.read_text().splitlines()]
    assert len({event["run"]["runId"] for event in events}) == len(events) / 2
    assert {event["job"]["name"] for event in events} == {"sample.Collect.flights"}
    times = [event["run"]["facets"]["nominalTime"]["nominalStartTime"] for event in events]
    return [time[:10] for time, event in zip(times, events, strict=True) if event["eventType"] == "COMPLETE"]


@pytest.mark.slow
def test_it_works(project):
    raw = pd.read_csv(project.folder / "flights.csv", dtype="str", keep_default_na=False)
    collect(project)
    assert order(project) == DAYS
    home = project.folder / "data" / "sample" / "collect" / "flights"
    for day, key in landed(project).items():
        folder = home / day / key
        rows = pd.concat(map(pd.read_parquet, tables.parts(folder)))
        assert len(rows) > 0
        assert rows["time_hour"].tolist() == raw["time_hour"][raw["time_hour"].str.startswith(day)].tolist()
        receipt = receipts.read(folder)
        assert (receipt.rows_in, receipt.rows_out) == (len(raw), len(rows))
        assert receipt.settings["day"] == day
    before = landed(project)
    assert list(before) == DAYS

    flights = project.folder / "flights.csv"  # becomes another file
    flights.write_text("".join(flights.read_text().splitlines(keepends=True)[:-1]))
    collect(project)
    assert landed(project) == before

    (home / DAYS[1] / before[DAYS[1]] / "part-00000.parquet").write_bytes(b"damaged")
    collect(project)
    after = landed(project)
    assert order(project) == [DAYS[1]]
    assert {day: after[day] for day in (DAYS[0], DAYS[2])} == {day: before[day] for day in (DAYS[0], DAYS[2])}

    flights.unlink()
    collect(project)
    collect(project, "--start", "2013-01-01", "--stop", "2013-01-05", code=20)
    assert landed(project) == after


@pytest.mark.slow
def test_the_newest_days_are_chosen_where_that_is_asked_for(project):
    collect(project, "--start", "2013-01-01", "--stop", "2013-01-04", "--reverse", "--task-limit", "2")
    assert order(project) == DAYS[1:]


@pytest.mark.slow
def test_two_workers_read_a_file_once_between_them(project):
    collect(project, "--start", "2013-01-01", "--stop", "2013-01-07", "--workers", "2")
    home = project.folder / "data" / "sample" / "collect" / "flights"
    assert len(landed(project)) == 6
    assert len(list(home.glob(".days-*.aside"))) == 1
    assert not list(home.glob("*.part"))


def test_a_source_without_a_time_is_not_collected_by_day(project):
    said = collect(project, source="planes", code=35).stderr
    assert "sources.planes.time must name the column" in said
    assert "Traceback" not in said


def test_a_day_is_collected_when_it_is_over(project):
    today = str(datetime.now(UTC).date())
    said = project.luigi("Collect", *SAMPLE, "--source", "flights", "--day", today, module="pipeline", code=30).stderr
    assert f"A day must be over (UTC) before it is collected, and {today} is not." in said
    said = project.luigi("Collect", *SAMPLE, "--source", "flights", "--day", "2014-02-01", module="pipeline", code=30)
    assert "the day has not arrived there yet" in said.stderr


def test_without_a_day_everything_is_landed(project):
    project.luigi("Collect", *SAMPLE, "--source", "airports", module="pipeline")
    assert receipts.read(project.made("collect/airports")).rows_out == 1458


SHOP = """
name = "shop"
title = "How much is an order?"
task = "regression"
table = "orders"
target = "total"

[features]
columns = ["pieces"]

[split]
by = "hash"

[[requirements]]
metric = "rmse"
max = 1

[sources.orders]
path = "orders.csv"
time = "sold"
every = "day"
since = {since}

[sources.orders.columns]
sold = {{ type = "time", format = "%d/%m/%Y %H:%M", time_zone = "Europe/Rome" }}
pieces = {{}}
total = {{ known = "after" }}
"""


def test_the_line_for_cron_collects_the_days_that_are_over_and_not_there(project):
    """As cron runs it: by a plain shell, with hardly an environment. Days are told by their own format and clock."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=ago) for ago in (3, 2, 1, 0)]
    rows = [f"{day:%d/%m/%Y} {clock},1,2" for day in days for clock in ("00:30", "12:00")]
    (project.folder / "orders.csv").write_text("\n".join(["sold,pieces,total", *rows]) + "\n")
    (project.folder / "problems" / "shop.toml").write_text(SHOP.format(since=days[0]))
    (project.folder / ".venv").symlink_to(BIN.parent)
    (project.folder / "data").mkdir()

    documented = (REPOSITORY / "docs" / "sources.md").read_text()
    [line] = re.findall(r"^15 1 \* \* \*  (.*Collect --problem shop --source orders.*)$", documented, re.MULTILINE)
    command = line.replace("/srv/plumbline", str(project.folder))
    cron = {"HOME": str(project.folder), "LOGNAME": "shop", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    for _ in range(2):
        subprocess.run(["/bin/sh", "-c", command], env=cron, cwd="/", timeout=120, check=True)
    log = (project.folder / "data" / "nightly.log").read_text()
    home = project.folder / "data" / "shop" / "collect" / "orders"
    for day in days[:-1]:
        [part] = home.glob(f"{day}/[!.]*/*.parquet")
        assert pd.read_parquet(part)["sold"].tolist() == [f"{day:%d/%m/%Y} 00:30", f"{day:%d/%m/%Y} 12:00"]
    assert log.count("rows out") == len(days), log  # each day once, and once all of them
