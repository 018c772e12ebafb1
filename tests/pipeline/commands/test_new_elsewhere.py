"""``python -m pipeline new`` of what is no local table: real servers, and what is written runs as far as Split."""

import json
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import psycopg
import pytest

from pipeline import problem
from tests.conftest import BIN
from tests.deploy import postgresql
from tests.pipeline.sources import storage
from tests.sample import REPOSITORY

ROWS = 400
TOKEN = "t0ken"


@pytest.fixture
def orders():
    """A table of orders."""
    chance = np.random.default_rng(0)
    columns = {
        "order_id": [f"A{number:04}" for number in range(ROWS)],
        "price": chance.normal(100, 20, ROWS).round(2),
        "city": chance.choice(["Rome", "Oslo", "Lima"], ROWS),
        "late": chance.choice(["yes", "no"], ROWS),
    }
    return pd.DataFrame(columns)


@pytest.fixture
def site(tmp_path):
    """The files of a folder over HTTP."""
    (tmp_path / "site").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path / "site"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def command(folder, *words):
    asked = [sys.executable, "-m", "pipeline", "new", *map(str, words), "--target", "late", "--problems"]
    return subprocess.run(
        [*asked, str(folder / "problems")], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


def new(folder, *words):
    """What the command concludes of the place."""
    done = command(folder, *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def refused(folder, *words):
    done = command(folder, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "problems").exists()
    return done.stderr


def split(folder, name="orders"):
    """The rows that Split parts, once all before it has run."""
    where = ("--plumbline-data", str(folder / "data"), "--plumbline-problems", str(folder / "problems"))
    luigi = [str(BIN / "luigi"), "--module", "pipeline", "Split", "--problem", name, *where]
    done = subprocess.run(luigi, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sum(len(pd.read_parquet(part)) for part in (folder / "data" / name / "split").rglob("*.parquet"))


def source(folder, name="orders"):
    return problem.load(folder / "problems" / f"{name}.toml").sources[name]


def test_a_file_over_http(orders, site, tmp_path):
    orders.to_csv(tmp_path / "site" / "orders.csv.gz", index=False, sep=";")
    found = new(tmp_path, f"{site}/orders.csv.gz?version=2")
    assert (found["rows"], found["key"], found["task"]) == (ROWS, "order_id", "binary")
    assert source(tmp_path).path == f"{site}/orders.csv.gz?version=2"
    assert source(tmp_path).csv.delimiter == ";"
    assert split(tmp_path) == ROWS


def test_json_lines_whose_records_differ(orders, tmp_path):
    lines = orders.astype(object).where(lambda frame: frame != "Rome", None).to_dict("records")
    records = [{name: value for name, value in line.items() if value is not None} for line in lines]
    records[-2:] = [record | {"about": {"gift": record is records[-1]}} for record in records[-2:]]
    (tmp_path / "orders.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    found = new(tmp_path, tmp_path / "orders.jsonl")
    assert found["features"] == {"price": "number", "city": "category", "about.gift": "boolean"}


def test_a_table_and_a_query_of_sqlite(orders, tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        orders.to_sql("orders", connection, index=False)
    url = f"sqlite:///{tmp_path}/shop.db"
    assert new(tmp_path, f"{url}#orders")["features"] == {"price": "number", "city": "category"}
    assert source(tmp_path).sql.table == "orders"
    query = "select price, city, late\nfrom orders where city <> 'Rome'"
    assert new(tmp_path, url, "--query", query)["rows"] == (orders["city"] != "Rome").sum()
    assert source(tmp_path, "shop").sql.query == query
    connection.close()


class Orders(BaseHTTPRequestHandler):
    """The orders in pages of 150, for who has the token."""

    def do_GET(self):
        begins = int(dict(parse_qsl(urlsplit(self.path).query)).get("after", 0))
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        following = str(begins + 150) if begins + 150 < ROWS else None
        told = {"meta": {"next_after": following}, "data": {"items": self.server.rows[begins : begins + 150]}}
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(told if known else {}).encode())

    def log_message(self, *_):
        pass


class Answer(BaseHTTPRequestHandler):
    """The same answer to whatever is asked."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.answer.encode())

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("orders.json", "array"),
        ("orders.json", "lines"),
        ("v1.2", "array"),
        ("v1.2", "csv"),
        ("", "array"),
        ("", "csv"),
        ("orders.do", "array"),
    ],
)
def test_what_answers_tells_whether_it_is_a_file(orders, tmp_path, path, form):
    written = {
        "array": orders.to_json(orient="records"),
        "lines": orders.to_json(orient="records", lines=True),
        "csv": orders.to_csv(index=False),
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.answer = written[form]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = new(tmp_path, f"http://127.0.0.1:{server.server_port}/{path}", "--name", "orders")
        server.shutdown()
    assert (found["rows"], found["key"]) == (ROWS, "order_id")
    assert (source(tmp_path).api is not None) == (form == "array")
    assert any("reads the 400 records of this page and no more" in one for one in found["unsure"][:1]) == (
        form == "array"
    )
    text = (tmp_path / "problems" / "orders.toml").read_text()
    assert ("# It reads one page. If there are more, write how" in text) == (form == "array")


def test_the_pages_of_an_api(orders, tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", TOKEN)
    with ThreadingHTTPServer(("127.0.0.1", 0), Orders) as server:
        server.rows = orders.to_dict("records")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, header = f"http://127.0.0.1:{server.server_port}/orders", "Authorization: Bearer ${API_TOKEN}"
        found = new(tmp_path, url, "--header", header)
        assert (found["rows"], found["key"]) == (ROWS, "order_id")
        assert any("meta.next_after is taken to be sent as 'after'" in one for one in found["unsure"])
        assert split(tmp_path) == ROWS
        server.shutdown()
    described = source(tmp_path).api
    assert (described.records, described.next.cursor, described.next.parameter) == (
        "data.items",
        "meta.next_after",
        "after",
    )
    assert TOKEN not in (tmp_path / "problems" / "orders.toml").read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["postgresql+psycopg://me:hunter2@db/shop#orders"], "a password must come from the environment"),
        (["https://example.org/orders.csv?api_key=hunter2"], "api_key must come from the environment"),
        (["sqlite:///shop.db"], "must come with a table, sqlite:///shop.db#orders, or with a --query"),
        (["https://example.org/orders", "--header", "Authorization: hunter2"], "Authorization must come from the"),
        (["https://example.org/orders", "--header", "X-Auth: hunter2"], "--header: X-Auth must come from the"),
        (["https://hunter2@example.org/orders.csv"], "who asks over HTTP must come from the environment"),
        (["orders.csv", "--query", "select 1"], "--query must come with the URL of a database"),
        (["postgresql+psycopg://me:${NO_SUCH}@db/shop#orders"], "The environment must have NO_SUCH"),
    ],
)
def test_a_mistake_is_told_and_no_secret(tmp_path, words, why):
    said = refused(tmp_path, *words)
    assert why in " ".join(said.split())
    assert "hunter2" not in said


@pytest.mark.services
def test_a_table_of_postgresql(orders, tmp_path, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", postgresql.PASSWORD)
    with postgresql.running() as server:
        login = {"user": "plumbline", "password": postgresql.PASSWORD, "dbname": "postgres"}
        with psycopg.connect(host="127.0.0.1", port=server.port, **login) as connection:
            connection.execute("create table orders (order_id text, price float8, city text, late text)")
            with connection.cursor().copy("copy orders from stdin") as copy:
                for row in orders.itertuples(index=False):
                    copy.write_row(row)
        url = f"postgresql+psycopg://plumbline:${{DB_PASSWORD}}@127.0.0.1:{server.port}/postgres"
        found = new(tmp_path, f"{url}#public.orders")
        assert (found["rows"], found["key"]) == (ROWS, "order_id")
        assert split(tmp_path) == ROWS
        assert source(tmp_path).sql.url == url
        assert f"{url}#public.orders" in (tmp_path / "problems" / "orders.toml").read_text()
        monkeypatch.setenv("DB_PASSWORD", "wr0ng")
        (tmp_path / "problems" / "orders.toml").unlink()
        (tmp_path / "problems").rmdir()
        assert "wr0ng" not in refused(tmp_path, f"{url}#public.orders")


@pytest.mark.services
def test_files_in_object_storage(orders, tmp_path, monkeypatch):
    (tmp_path / "storage").mkdir()
    with storage.running(tmp_path / "storage") as shop:
        for name, value in shop.environment.items():
            monkeypatch.setenv(name, value)
        for number, part in enumerate(np.array_split(np.arange(ROWS), 3)):
            with shop.files.open(f"shop/orders/{number}.parquet", "wb") as file:
                orders.iloc[part].to_parquet(file)
        assert new(tmp_path, "s3://shop/orders/*.parquet", "--name", "orders")["rows"] == ROWS
        assert split(tmp_path) == ROWS
