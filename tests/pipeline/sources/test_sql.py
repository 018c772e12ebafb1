"""Databases: SQLite, and a real PostgreSQL that is down, refuses, dies and breaks off."""

import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import receipts, tables
from pipeline.errors import DataError
from pipeline.problem import Sql
from pipeline.sources import sql
from pipeline.sources.columns import Columns
from pipeline.sources.landing import Landing
from tests.deploy import postgresql
from tests.deploy.registry import free_port
from tests.pipeline.sources.proxy import resetting
from tests.project import SAMPLE
from tests.webapp.serving.client import until

ROWS = 60_000
ORDERS = """
[sources.orders]
sql = {{ url = "{url}", table = "orders" }}
key = ["id"]

[sources.orders.columns]
id = {{ type = "category" }}
code = {{ type = "category" }}
"""


@pytest.fixture(scope="module")
def database():
    """A server with a table of orders."""
    with postgresql.running() as made:
        with connected(made) as connection:
            connection.execute(
                "create table orders (id bigint, code text, big numeric, ratio float8, paid bool, at timestamptz, "
                "placed timestamp, due date, about jsonb, nothing int)"
            )
            connection.execute(
                "insert into orders select n + 9007199254740992, lpad(n::text, 8, '0'), 18446744073709551616 + n, "
                "n / 8.0, n / 2 * 2 = n, timestamptz '2026-01-01 00:00Z' + n * interval '1 minute', "
                "timestamp '2026-01-01' + n * interval '1 minute', date '2026-01-01', '{\"a\": 1}', null "
                "from generate_series(0, 59999) n"
            )
        yield made


def connected(made) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=made.port, user="plumbline", password=postgresql.PASSWORD, dbname="postgres"
    )


@pytest.fixture
def url(database, monkeypatch) -> str:
    monkeypatch.setenv("DB_PASSWORD", postgresql.PASSWORD)
    return f"postgresql+psycopg://plumbline:${{DB_PASSWORD}}@127.0.0.1:{database.port}/postgres"


def rows(described: Sql, wanted, folder: Path, *asked) -> pa.Table:
    landing = Landing(folder)
    landing.write(sql.read(described, Columns(wanted), *asked))
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("*.parquet"))])


@pytest.mark.services
def test_case_15_values_keep_their_type_and_every_digit(url, tmp_path):
    wanted = ["id", "code", "big", "ratio", "paid", "at", "placed", "due", "about", "nothing"]
    table = rows(Sql(url=url, table="public.orders"), wanted, tmp_path)
    assert table.num_rows == ROWS
    typed = dict(zip(wanted, map(str, table.schema.types), strict=True))
    assert {name: kind for name, kind in typed.items() if kind != "string"} == {
        "id": "int64",
        "ratio": "double",
        "paid": "bool",
        "at": "timestamp[us, tz=UTC]",
        "placed": "timestamp[us]",
    }
    assert table.slice(1, 1).to_pylist() == [
        {
            "id": 9007199254740993,
            "code": "00000001",
            "big": "18446744073709551617",
            "ratio": 0.125,
            "paid": False,
            "at": datetime(2026, 1, 1, 0, 1, tzinfo=UTC),
            "placed": datetime(2026, 1, 1, 0, 1),  # noqa: DTZ001 - without a zone, as it is there
            "due": "2026-01-01",
            "about": '{"a": 1}',
            "nothing": None,
        }
    ]


@pytest.mark.services
def test_what_python_has_no_value_for_comes_as_the_database_writes_it(url, database, tmp_path, recwarn):
    with connected(database) as connection:
        connection.execute("create type pair as (a int, b text)")
        connection.execute(
            "create table lasts as select "
            "unnest(array['infinity', '2026-01-01 10:00:00', '-infinity']::timestamptz[]) as until, "
            "unnest(array['4713-01-01 BC', '2026-01-02', '20260-01-01']::date[]) as day, "
            "unnest(array['1 day 00:00:01.5', null, '-2 seconds']::interval[]) as took, "
            "unnest(array['00:01:30.5', '24:00:00', null]::time[]) as clock, "
            "unnest(array['23:59:59+02', '24:00:00-05', null]::timetz[]) as there, "
            "unnest(array[row(1, 'x'), null, row(2, 'y')]::pair[]) as both"
        )
    table = rows(Sql(url=url, table="lasts"), ["until", "day", "took", "clock", "there", "both"], tmp_path)
    assert table.to_pydict() == {
        "until": ["infinity", "2026-01-01T10:00:00+00:00", "-infinity"],
        "day": ["4713-01-01 BC", "2026-01-02", "20260-01-01"],
        "took": [86401.5, None, -2.0],
        "clock": [90.5, 86_400.0, None],
        "there": [86_399.0, 86_400.0, None],
        "both": ["(1,x)", None, "(2,y)"],
    }
    assert not recwarn.list


@pytest.mark.services
@pytest.mark.parametrize(
    ("time", "zone", "earlier"),
    [("at", "UTC", 0), ("placed", "UTC", 0), ("at", "Europe/Berlin", 60), ("placed", "Europe/Berlin", 0)],
)
def test_a_day_is_asked_for_alone_as_the_clock_shows_it(url, tmp_path, time, zone, earlier):
    query = "select * from orders where at >= :day and at < :next_day".replace("at ", f"{time} ")
    asked = {"table": {"table": "orders"}, "query": {"query": query}}
    for name, what in asked.items():
        table = rows(Sql(url=url, **what), ["id"], tmp_path / name, time, date(2026, 1, 3), zone)
        assert table.num_rows == 24 * 60
        assert min(table["id"].to_pylist()) == 2**53 + 2 * 24 * 60 - earlier


@pytest.mark.services
@pytest.mark.parametrize("what", [{"table": "priced"}, {"query": "select * from priced"}])
def test_one_snapshot_is_read_whatever_is_written_meanwhile(url, database, what):
    """Also by a function of a view, which looks again for each row: it sees what it saw for the first."""
    with connected(database) as connection:
        connection.autocommit = True
        connection.execute("create table prices as select 1 as price")
        connection.execute(
            "create function priced() returns int language plpgsql as 'begin return (select price from prices); end'"
        )
        connection.execute("create view priced as select id, priced() as price from orders")
        try:
            with closing(sql.read(Sql(url=url, **what), Columns(["id", "price"]))) as stream:
                _, first = next(stream), next(stream)
                connection.execute("update prices set price = 2")
                read = pa.concat_tables([first, *stream])
        finally:
            connection.execute("drop view priced; drop function priced; drop table prices")
    assert read.num_rows == ROWS
    assert set(read["price"].to_pylist()) == {1}


@pytest.mark.services
@pytest.mark.parametrize("what", [{"table": "orders"}, {"query": "select id from orders"}])
def test_a_table_that_is_locked_is_waited_for_until_the_deadline(url, database, tmp_path, what):
    with connected(database) as connection:
        connection.execute("lock table orders in access exclusive mode")
        began = time.monotonic()
        with pytest.raises(DataError, match=r"Database .*/postgres must be collected within 1 s, and was not: cancel"):
            rows(Sql(url=url, deadline=1, **what), ["id"], tmp_path / "locked")
        assert 0.9 < time.monotonic() - began < 5
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        assert connection.execute(waiting).fetchone() == (0,)
        threading.Timer(1, connection.rollback).start()
        assert rows(Sql(url=url, deadline=60, **what), ["id"], tmp_path / "free").num_rows == ROWS


@pytest.mark.services
def test_all_rows_together_have_one_deadline(url):
    """Each batch takes less, and the last of them ends with what is left."""
    query = "select id, pg_sleep(0.0001)::text from orders"
    began = time.monotonic()
    stream = sql.read(Sql(url=url, query=query, deadline=4), Columns(["id"]))
    with pytest.raises(DataError, match="must be collected within 4 s, and was not"):
        list(stream)
    assert 2 < time.monotonic() - began < 6


@pytest.mark.services
def test_case_17_a_wrong_password_is_told_at_once_and_never_shown(url, monkeypatch, tmp_path):
    monkeypatch.setenv("DB_PASSWORD", "wr0ng+p@ss/word")
    with pytest.raises(DataError) as told:
        rows(Sql(url=url, table="orders"), ["id"], tmp_path)
    assert "127.0.0.1" in str(told.value)
    assert "/postgres" in str(told.value)
    assert "password authentication failed" in str(told.value)
    assert "wr0ng" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


@pytest.mark.services
def test_a_password_may_be_a_parameter_of_the_url(url, monkeypatch, tmp_path):
    url = url.replace(":${DB_PASSWORD}", "") + "?password=${DB_PASSWORD}"
    assert rows(Sql(url=url, table="orders"), ["id"], tmp_path / "1").num_rows == ROWS
    monkeypatch.setenv("DB_PASSWORD", "wr0ng word")
    with pytest.raises(DataError, match="password authentication failed") as told:
        rows(Sql(url=url, table="orders"), ["id"], tmp_path / "2")
    assert "wr0ng" not in str(told.value)
    monkeypatch.delenv("DB_PASSWORD")
    with pytest.raises(DataError, match="The environment must have DB_PASSWORD"):
        rows(Sql(url=url, table="orders"), ["id"], tmp_path / "3")


def test_what_a_parameter_of_the_url_lets_in_is_hidden_where_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("DB_PASSWORD", "wr0ng/word")
    monkeypatch.setattr(sql, "FIRST_WAIT", 0.01)
    url = "postgresql+psycopg://ada@127.0.0.1/shop?password=${DB_PASSWORD}&sslmode=${DB_PASSWORD}"
    with pytest.raises(DataError, match=r"invalid sslmode value: \"\*\*\*\"") as told:
        rows(Sql(url=url, table="orders"), ["id"], tmp_path)
    assert "wr0ng" not in str(told.value)


def test_case_17_a_database_that_is_down_is_asked_a_few_times(monkeypatch, tmp_path):
    monkeypatch.setenv("DB_PASSWORD", "secret word")
    monkeypatch.setattr(sql, "FIRST_WAIT", 0.01)
    port = free_port()
    described = Sql(url=f"postgresql+psycopg://ada:${{DB_PASSWORD}}@127.0.0.1:{port}/shop", table="orders")
    with pytest.raises(DataError, match=rf"Database 127\.0\.0\.1:{port}/shop must be there") as told:
        rows(described, ["id"], tmp_path)
    assert "secret" not in str(told.value)


@pytest.mark.services
def test_case_18_a_connection_that_is_reset_in_mid_table_is_told(url, database, tmp_path):
    wanted = ["id", "code", "at"]
    with (
        resetting(database.port, after=500_000) as port,
        pytest.raises(DataError, match="must give its rows, and does"),
    ):
        rows(Sql(url=url.replace(str(database.port), str(port)), table="orders"), wanted, tmp_path / "1")
    assert rows(Sql(url=url, table="orders"), ["id"], tmp_path / "2").num_rows == ROWS


@pytest.mark.services
def test_case_18_a_database_that_is_killed_in_mid_table_is_told(url, database, tmp_path):
    stream = sql.read(Sql(url=url, table="orders"), Columns(["id", "code"]))
    assert [next(stream).num_rows, next(stream).num_rows] == [0, sql.ROWS_AT_ONCE]
    killed = int((database.folder / "data" / "postmaster.pid").read_text().split()[0])
    group = [int(one) for one in subprocess.check_output(["pgrep", "-P", str(killed)], text=True).split()]
    for process in (killed, *group):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(DataError, match="must give its rows, and does not"):
        list(stream)
    until(lambda: not any(Path(f"/proc/{process}").exists() for process in (killed, *group)))
    database.start()
    assert rows(Sql(url=url, table="orders"), ["id"], tmp_path).num_rows == ROWS


@pytest.mark.slow
@pytest.mark.services
def test_case_18_a_run_that_loses_its_database_leaves_nothing_and_the_next_has_each_row_once(url, database, project):
    """So it is for case 17: the password is wrong."""
    path = project.folder / "problems" / "sample.toml"
    problem = path.read_text()
    collect = ("Collect", *SAMPLE, "--source", "orders")
    with resetting(database.port, after=500_000) as port:
        path.write_text(problem + ORDERS.format(url=url.replace(str(database.port), str(port))))
        lost = project.luigi(*collect, module="pipeline", code=30, DB_PASSWORD=postgresql.PASSWORD)
    path.write_text(problem + ORDERS.format(url=url))
    refused = project.luigi(*collect, module="pipeline", code=30, DB_PASSWORD="wr0ng")
    assert "must give its rows, and does not" in lost.stderr
    assert f"Database 127.0.0.1:{database.port}/postgres must be there and let us in" in refused.stderr
    for done, password in ((lost, postgresql.PASSWORD), (refused, "wr0ng")):
        assert password not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert not list((project.folder / "data" / "sample" / "collect" / "orders").rglob(receipts.NAME))
    project.luigi(*collect, module="pipeline", DB_PASSWORD=postgresql.PASSWORD)
    made = tables.together(project.made("collect/orders"))["id"].to_pylist()
    assert sorted(made) == [2**53 + number for number in range(ROWS)]


@pytest.fixture
def shop(tmp_path):
    """A SQLite database of orders, whose columns hold what they like."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("create table orders (id, at text, note)")
        connection.executemany(
            "insert into orders values (?, ?, ?)",
            [(1, "2026-01-01T10:00:00Z", None), (2, "2026-01-02 10:00:00", 2.5), ("x", "2026-01-03", b"\x01")],
        )
    connection.close()
    return f"sqlite:///{tmp_path}/shop.db"


def test_it_works(shop, tmp_path):
    table = rows(Sql(url=shop, table="orders"), ["id", "note"], tmp_path / "out")
    assert table.to_pydict() == {"id": ["1", "2", "x"], "note": [None, "2.5", "01"]}
    day = rows(Sql(url=shop, table="orders"), ["id"], tmp_path / "day", "at", date(2026, 1, 2))
    assert day.to_pydict() == {"id": [2]}
    query = "select id from orders where at >= :day and at < :next_day"
    assert rows(Sql(url=shop, query=query), ["id"], tmp_path / "query", "at", date(2026, 1, 1)).to_pydict() == {
        "id": [1]
    }


def test_sqlite_gives_what_was_put_into_a_column_of_times(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute('create table "shop.orders" (id int, due date, at datetime)')
        put = [(1, "2026-01-01", "2026-01-01 10:00:00"), (2, "soon", 1767261600), (3, None, "2026-01-03T10:00:00Z")]
        connection.executemany('insert into "shop.orders" values (?, ?, ?)', put)
    connection.close()
    table = rows(Sql(url=f"sqlite:///{tmp_path}/shop.db", table="shop.orders"), ["id", "due", "at"], tmp_path / "out")
    assert table.to_pydict() == {
        "id": [1, 2, 3],
        "due": ["2026-01-01", "soon", None],
        "at": ["2026-01-01 10:00:00", "1767261600", "2026-01-03T10:00:00Z"],
    }


def test_a_set_of_names_is_the_same_text_whatever_order_the_driver_gives_it_in():
    assert sql.array(({"b", "a"}, None, set(), {"a", "b"})).to_pylist() == ["a,b", None, "", "a,b"]


def test_what_is_missing_is_told(shop, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.db must be a file, and there is none"):
        rows(Sql(url=f"sqlite:///{tmp_path}/nowhere.db", table="sales"), ["id"], tmp_path)
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(DataError, match="must have the table sales, and has not"):
        rows(Sql(url=shop, table="sales"), ["id"], tmp_path)
    with pytest.raises(DataError, match="'not' is missing; did you mean 'note'"):
        rows(Sql(url=shop, table="orders"), ["not"], tmp_path)
    with pytest.raises(DataError, match=r"The environment must have NOT_SET for .*, and has not"):
        rows(Sql(url="postgresql+psycopg://ada:${NOT_SET}@localhost/x", table="orders"), ["id"], tmp_path)
