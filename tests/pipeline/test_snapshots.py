"""What is remote is collected once for each day; days are collected once; a run is as of a day."""

import json
import sqlite3
from datetime import UTC, datetime

import pandas as pd
import pytest

from pipeline import receipts, tables
from tests.project import SAMPLE

DAYS = ("2026-06-29", "2026-06-30", "2026-07-01")


def write(folder, rows):
    """The shop's database, with these rows."""
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.execute("drop table if exists orders")
        connection.execute("create table orders (id integer, at text, late real)")
        connection.executemany("insert into orders values (?, ?, ?)", rows)
    connection.close()


@pytest.fixture
def shop(project):
    """A problem whose orders come from a database."""
    write(project.folder, [(number, f"{day}T12:00:00Z", number / 2) for number, day in enumerate(DAYS)])
    path = project.folder / "problems" / "sample.toml"
    path.write_text(path.read_text() + ORDERS)
    return project


ORDERS = """
[sources.orders]
sql = { url = "sqlite:///${SHOP}", table = "orders" }
time = "at"
key = ["id"]

[sources.orders.columns]
id = { type = "integer" }
at = { type = "time" }
late = { known = "after" }
"""
BY_DAY = ORDERS.replace('time = "at"', 'time = "at"\nevery = "day"\nsince = 2026-06-29')


def collect(project, *more, code=0):
    shop = str(project.folder / "shop.db")
    return project.luigi("Collect", *SAMPLE, "--source", "orders", *more, module="pipeline", code=code, SHOP=shop)


def landed(project):
    """For each snapshot: its day, number, and ids."""
    found = []
    for path in sorted((project.folder / "data" / "sample" / "collect" / "orders").rglob(receipts.NAME)):
        receipt = receipts.read(path.parent)
        rows = pd.concat(map(pd.read_parquet, tables.parts(path.parent)))
        found.append((path.parents[1].name, receipt.settings.get("snapshot", 1), sorted(rows["id"])))
    return sorted(found)


def test_it_works(shop):
    collect(shop, "--as-of", "2026-07-01")
    assert landed(shop) == [("2026-07-01", 1, [0, 1])]
    write(shop.folder, [(7, "2026-06-01", 1.0)])
    collect(shop, "--as-of", "2026-07-01")
    assert landed(shop) == [("2026-07-01", 1, [0, 1])]
    collect(shop, "--as-of", "2026-07-02")
    assert landed(shop) == [("2026-07-01", 1, [0, 1]), ("2026-07-02", 1, [7])]
    [receipt] = [receipts.read(path.parent) for path in shop.folder.rglob(f"2026-07-02/*/{receipts.NAME}")]
    assert receipt.made_from["raw"].path == "sqlite:///${SHOP}#orders"
    assert str(shop.folder) not in json.dumps(receipt.settings)
    kinds = json.loads(next(shop.folder.rglob("2026-07-02/*/columns.json")).read_text())
    assert kinds == {"id": "integer", "at": "text", "late": "real"}


def test_a_rule_that_changes_collects_nothing_anew(shop):
    collect(shop, "--as-of", "2026-07-01")
    path = shop.folder / "problems" / "sample.toml"
    path.write_text(
        path.read_text().replace('late = { known = "after" }', 'late = { known = "after", range = [0, 9] }')
    )
    (shop.folder / "shop.db").unlink()
    collect(shop, "--as-of", "2026-07-01")


def test_case_22_days_that_were_missed_are_made_up_for_once_and_in_order(shop):
    path = shop.folder / "problems" / "sample.toml"
    path.write_text(path.read_text().replace(ORDERS, BY_DAY))
    said = collect(shop, "--as-of", "2026-07-01").stderr
    days = [("2026-06-29", 1, [0]), ("2026-06-30", 1, [1])]
    assert [one for one in landed(shop) if one[0] != "orders"] == days
    assert said.index("Collect orders 2026-06-29") < said.index("Collect orders 2026-06-30")
    write(shop.folder, [(9, f"{day}T01:00:00Z", 1.0) for day in DAYS])
    said = collect(shop, "--as-of", "2026-07-02").stderr
    assert [one for one in landed(shop) if one[0] != "orders"] == [*days, ("2026-07-01", 1, [9])]
    assert sorted(one[2] for one in landed(shop) if one[0] == "orders") == [[0, 1], [0, 1, 9]]
    assert "2026-06-30" not in said.replace("2026-06-29 to", "")


def test_a_correction_lies_beside_what_there_was_and_is_used_from_then_on(shop):
    path = shop.folder / "problems" / "sample.toml"
    path.write_text(path.read_text().replace(ORDERS, BY_DAY))
    collect(shop, "--as-of", "2026-07-01")
    write(shop.folder, [(8, f"{day}T01:00:00Z", 1.0) for day in DAYS])
    collect(shop, "--day", "2026-06-30", "--again")
    found = landed(shop)
    assert [one for one in found if one[0] == "2026-06-30"] == [("2026-06-30", 1, [1]), ("2026-06-30", 2, [8])]

    collect(shop, "--as-of", "2026-07-01")
    assert [one[2] for one in landed(shop) if one[0] == "orders"] == [[0, 1]], "nobody knew of it on that day"
    collect(shop, "--as-of", str(datetime.now(UTC).date()))
    assert sorted(one[2] for one in landed(shop) if one[0] == "orders") == [[0, 1], [0, 8, 8]]


def test_a_day_is_collected_when_all_of_it_is_known(shop):
    path = shop.folder / "problems" / "sample.toml"
    path.write_text(path.read_text().replace(ORDERS, BY_DAY.replace("every", 'known_after = "1 day"\nevery')))
    collect(shop, "--as-of", "2026-07-01")
    assert [one for one in landed(shop) if one[0] != "orders"] == [("2026-06-29", 1, [0])]


def test_a_local_table_is_cut_where_the_run_is_as_of(project):
    project.luigi("Collect", *SAMPLE, "--source", "flights", "--as-of", "2013-02-01", module="pipeline")
    rows = pd.concat(map(pd.read_parquet, tables.parts(project.made("collect/flights"))))
    assert rows["time_hour"].min() < "2013-01-02"
    assert "2013-01-31" < rows["time_hour"].max() < "2013-02-01"


def test_a_secret_is_in_no_record_and_no_message(shop):
    path = shop.folder / "problems" / "sample.toml"
    secret = "postgresql+psycopg://ada:${SHOP_PASSWORD}@127.0.0.1:9/shop"
    path.write_text(path.read_text().replace("sqlite:///${SHOP}", secret))
    done = shop.luigi(
        "Collect", *SAMPLE, "--source", "orders", module="pipeline", code=30, SHOP_PASSWORD="n0body/kn0ws"
    )
    assert "Database 127.0.0.1:9/shop must be there and let us in" in done.stderr
    assert "Traceback" not in done.stderr
    told = [done.stdout, done.stderr, *(one.read_text() for one in (shop.folder / "data").rglob("*.jsonl"))]
    assert not [text for text in told if "n0body" in text]
    assert any("postgresql+psycopg://127.0.0.1:9" in text for text in told)


def test_a_secret_that_is_written_out_is_a_mistake(shop):
    path = shop.folder / "problems" / "sample.toml"
    path.write_text(path.read_text().replace("sqlite:///${SHOP}", "postgresql://ada:hunter2@db/shop"))
    said = collect(shop, code=35).stderr
    assert "sources.orders.sql.url: a password must come from the environment; write ${NAME} in its place" in said
    assert "hunter2" not in said


CLOCKS = {
    "a table": ('sql = { url = "sqlite:///${SHOP}", table = "orders" }', "%Y-%m-%d %H:%M:%S", ""),
    "a table with a format": (
        'sql = { url = "sqlite:///${SHOP}", table = "orders" }',
        "%d/%m/%Y %H:%M",
        "%d/%m/%Y %H:%M",
    ),
    "a file a day": ('path = "orders-${day}.csv"', "%Y-%m-%dT%H:%M", ""),
    "a file": ('path = "orders.csv"', "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M"),
}


@pytest.mark.parametrize("kind", CLOCKS)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_day_is_that_of_the_sources_own_clock_and_no_row_is_lost(project, kind, zone):
    """Also on the night of the year in which New York's clocks go forward."""
    origin, written, named = CLOCKS[kind]
    clock = pd.date_range("2026-03-06 00:30", "2026-03-10 23:30", freq="h")
    table = pd.DataFrame({"id": range(len(clock)), "at": clock.strftime(written), "late": 1.0})
    write(project.folder, table.itertuples(index=False, name=None))
    table.to_csv(project.folder / "orders.csv", index=False)
    for day, some in table.groupby(clock.date):
        some.to_csv(project.folder / f"orders-{day}.csv", index=False)
    told = ORDERS.replace('sql = { url = "sqlite:///${SHOP}", table = "orders" }', origin)
    rules = f', time_zone = "{zone}"' + (f', format = "{named}"' if named else "")
    told = told.replace('at = { type = "time" }', f'at = {{ type = "time"{rules} }}')
    told = told.replace('time = "at"', 'time = "at"\nevery = "day"\nsince = 2026-03-06')
    path = project.folder / "problems" / "sample.toml"
    path.write_text(path.read_text() + told)
    collect(project, "--as-of", "2026-03-11")
    days = {day: sorted(map(int, ids)) for day, _, ids in landed(project) if day.startswith("2026")}
    over = 4 if zone == "America/New_York" else 5  # where it is still the tenth as the eleventh begins in UTC
    assert days == {str(day): some["id"].tolist() for day, some in [*table.groupby(clock.date)][:over]}
