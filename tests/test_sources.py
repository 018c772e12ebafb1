"""A whole run over tables that come from a database, an API, object storage and files, and the commands over them."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from bundle import manifest
from pipeline import receipts
from tests.conftest import BIN
from tests.deploy import postgresql
from tests.pipeline.sources import storage
from tests.pipeline.sources.test_api import Pages
from tests.sample import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.services]

TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=10)
"""The first of ten days of orders."""
CORRECTED = TODAY - timedelta(days=2)
"""A day whose orders are corrected."""
EVERY_DAY = 60
"""Orders."""
TOKEN = "t0ken-of-the-shop"
CITIES = ("Kyiv", "Lima", "Oslo")
PROBLEM = """
name = "shop"
title = "Is an order late?"
table = "orders"
target = "late"
slices = ["city"]

[joins]
weather = ["city", "day"]

[lookups]
shops = "shop"
goods = "code"
makers = "maker"

[features]
columns = ["amount", "city", "rain", "shops.size", "goods.weight", "makers.country"]

[split]
time = "at"
validation = "2 days"
test = "2 days"

[search]
trials = 1
epochs = 1
rows = 500

[training]
epochs = 2

[[requirements]]
metric = "log_loss"
better_than = "prior"

[sources.orders]
sql = {{ url = "postgresql+psycopg://plumbline:${{DB_PASSWORD}}@127.0.0.1:{port}/postgres", table = "orders" }}
time = "at"
every = "day"
since = {since}
key = ["id"]

[sources.orders.columns]
id = {{ type = "integer" }}
at = {{ type = "time" }}
day = {{ type = "time" }}
city = {{ type = "category" }}
shop = {{ type = "category" }}
code = {{ type = "category" }}
maker = {{ type = "category" }}
amount = {{}}
late = {{ type = "boolean", known = "after" }}

[sources.weather]
time = "day"
key = ["city", "day"]
columns = {{ city = {{ type = "category" }}, day = {{ type = "time" }}, rain = {{}} }}

[sources.weather.api]
url = "{api}"
headers = {{ Authorization = "Bearer ${{API_TOKEN}}" }}
records = "data"
next = {{ cursor = "next", parameter = "after" }}

[sources.shops]
path = "s3://shop/shops/*.parquet"
key = ["shop"]
columns = {{ shop = {{ type = "category" }}, size = {{}} }}

[sources.goods]
sql = {{ url = "sqlite:///${{GOODS}}", table = "goods" }}
key = ["code"]
columns = {{ code = {{ type = "category" }}, weight = {{}} }}

[sources.makers]
path = "{folder}/makers.jsonl"
key = ["maker"]
columns = {{ maker = {{ type = "category" }}, country = {{ type = "category" }} }}
"""


@dataclass
class Shop:
    """A folder of a shop's own, the servers that its tables lie on, and the commands that work on it."""

    folder: Path
    environment: dict[str, str]
    database: postgresql.Database
    asked: list[str] = field(default_factory=list)
    """What the API was asked for."""
    said: str = ""
    """By the run that made the version."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def luigi(self, task: str, *more: str, code: int = 0) -> str:
        """Run a task; what it said."""
        where = ("--plumbline-data", str(self.data), "--plumbline-problems", str(self.folder / "problems"))
        return self._call([BIN / "luigi", "--module", "pipeline", task, "--problem", "shop", *where, *more], code)

    def ask(self, *words: str, code: int = 0):
        """The answer of a command, as a program reads it."""
        command = [sys.executable, "-m", "pipeline", *words, "--json", "--data", str(self.data)]
        return json.loads(self._call(command, code).partition("\x00")[0])

    def versions(self) -> list[manifest.Manifest]:
        return [manifest.read(path) for path in sorted((self.data / "models" / "shop").glob("[0-9]*"))]

    def connect(self) -> psycopg.Connection:
        port, password = self.database.port, postgresql.PASSWORD
        return psycopg.connect(host="127.0.0.1", port=port, user="plumbline", password=password, dbname="postgres")

    def snapshots(self) -> dict[str, set[Path]]:
        """What was landed of elsewhere, by source."""
        homes = (self.data / "shop" / "collect" / source for source in ("orders", "weather", "shops", "goods"))
        return {home.name: {path.parent for path in home.glob(f"20*/*/{receipts.NAME}")} for home in homes}

    def _call(self, command: list, code: int) -> str:
        done = subprocess.run(
            command, cwd=REPOSITORY, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return f"{done.stdout}\x00{done.stderr}"


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The orders, which are late where it rains and things are heavy; and the weather."""
    places = pd.Series(range(10 * EVERY_DAY))
    at = pd.Timestamp(FIRST, tz="UTC") + pd.to_timedelta(places * (24 * 60 // EVERY_DAY), unit="min")
    day = at.dt.strftime("%Y-%m-%d")
    orders = pd.DataFrame(
        {
            "id": places,
            "at": at,
            "day": day,
            "city": [CITIES[place % 3] for place in places],
            "shop": [f"s{place % 5}" for place in places],
            "code": [f"{place % 7:03}" for place in places],
            "maker": [f"m{place % 4}" for place in places],
            "amount": places * 37 % 101,
        }
    )
    weather = orders[["city", "day"]].drop_duplicates()
    weather = weather.assign(rain=[place * 13 % 10 for place in range(len(weather))])
    rain = orders.merge(weather, on=["city", "day"])["rain"]
    return orders.assign(late=rain + orders["code"].astype(int) + places * 7 % 5 > 9), weather


def answer(rows: list[dict]):
    """Pages of four; the first is asked for in vain twice, and who does not say who they are is sent away."""

    def pages(handler, path, query):
        if handler.headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, {}, {}
        if len(handler.server.asked) < 3:
            return (503, {}, {}) if len(handler.server.asked) == 1 else (429, {"Retry-After": "0"}, {})
        begins = int(query.get("after", 0))
        following = begins + 4 if begins + 4 < len(rows) else None
        return 200, {}, {"data": rows[begins : begins + 4], "next": following}

    return pages


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A version of the shop, and what the run that made it said."""
    folder = tmp_path_factory.mktemp("shop")
    orders, weather = tables()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.asked, server.answer = [], answer(weather.to_dict("records"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "storage").mkdir()
    with postgresql.running() as database, storage.running(folder / "storage") as elsewhere:
        secrets = {"DB_PASSWORD": postgresql.PASSWORD, "API_TOKEN": TOKEN, "GOODS": str(folder / "goods.db")}
        environment = {**os.environ, **elsewhere.environment, **secrets}
        made = Shop(folder, environment, database, server.asked)
        with made.connect() as connection:
            connection.execute(
                "create table orders (id bigint, at timestamptz, day text, city text, shop text, code text, "
                "maker text, amount int, late bool)"
            )
            with connection.cursor().copy("copy orders from stdin") as copy:
                for row in orders.itertuples(index=False):
                    copy.write_row(row)
        for number in range(5):
            with elsewhere.files.open(f"shop/shops/{number}.parquet", "wb") as file:
                pd.DataFrame({"shop": [f"s{number}"], "size": [10 * number]}).to_parquet(file)
        with sqlite3.connect(folder / "goods.db") as goods:
            goods.execute("create table goods (code text, weight real)")
            goods.executemany("insert into goods values (?, ?)", [(f"{number:03}", number / 2) for number in range(7)])
        goods.close()
        makers = [{"maker": f"m{number}", "country": f"c{number % 2}"} for number in range(4)]
        (folder / "makers.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in makers))
        (folder / "problems").mkdir()
        told = PROBLEM.format(
            port=database.port, since=FIRST, api=f"http://127.0.0.1:{server.server_port}/weather", folder=folder
        )
        (folder / "problems" / "shop.toml").write_text(told)
        made.said = made.luigi("RunAll")
        yield made
    server.shutdown()
    server.server_close()


def test_it_works(shop):
    [version] = shop.versions()
    assert sum(window.rows for window in version.windows) == 10 * EVERY_DAY
    assert shop.asked[:3] == ["/weather"] * 3  # a 503 and a 429 before the first page
    orders = [raw.sha256 for raw in version.raw if raw.source == "orders"]
    assert len(set(orders)) == 10, "each day has a snapshot of its own"
    assert {raw.source for raw in version.raw} == {"orders", "weather", "shops", "goods", "makers"}
    written = [path.read_text(errors="ignore") for path in shop.data.rglob("*") if path.is_file()]
    secrets = (TOKEN, postgresql.PASSWORD, storage.SECRET)
    assert not [secret for text in [*written, shop.said] for secret in secrets if secret in text]


def test_the_same_again_asks_nobody(shop):
    asked = len(shop.asked)
    assert "Everything is up to date" in shop.luigi("RunAll")
    assert len(shop.asked) == asked


def test_snapshots_hold_and_are_no_garbage(shop):
    before = shop.snapshots()
    assert {source: len(found) for source, found in before.items()} == {
        "orders": 10,
        "weather": 1,
        "shops": 1,
        "goods": 1,
    }
    assert shop.ask("verify", "--full")["holds"]
    shop.ask("gc", "--problems", str(shop.folder / "problems"))
    assert shop.snapshots() == before
    [version] = shop.ask("impact", "s3://shop/shops/*.parquet")["versions"]
    assert version["version"] == 1
    assert len([raw for raw in shop.ask("trace", "shop/1")["raw"] if raw["source"] == "orders"]) == 10


def test_a_version_as_of_a_day_lies_beside_and_disturbs_nothing(shop):
    before = shop.snapshots()
    shop.luigi("RunAll", "--as-of", str(CORRECTED))
    _, version = shop.versions()
    assert sum(window.rows for window in version.windows) == 8 * EVERY_DAY
    assert max(window.last for window in version.windows) < str(CORRECTED)
    assert len([raw for raw in version.raw if raw.source == "orders"]) == 8
    after = shop.snapshots()
    assert {source: len(found - before[source]) for source, found in after.items()} == {
        "orders": 0,
        "weather": 1,
        "shops": 1,
        "goods": 1,
    }
    assert "models/shop/1" in shop.luigi("RunAll")
    kept = shop.snapshots()
    assert shop.ask("verify", "--full")["holds"]
    shop.ask("gc", "--problems", str(shop.folder / "problems"))
    assert shop.snapshots() == kept


def test_a_correction_collects_one_day_and_nothing_else(shop):
    before = shop.snapshots()
    with shop.connect() as connection:
        connection.execute("update orders set amount = amount + 1 where day = %s", [str(CORRECTED)])
    asked = len(shop.asked)
    shop.luigi("Collect", "--source", "orders", "--day", str(CORRECTED), "--again")
    after = shop.snapshots()
    assert {source: len(found - before[source]) for source, found in after.items()} == {
        "orders": 1,
        "weather": 0,
        "shops": 0,
        "goods": 0,
    }
    shop.luigi("Split")
    assert len(shop.asked) == asked
    assert shop.snapshots() == after


def test_a_version_is_made_again_from_the_snapshots_that_it_was_made_from(shop):
    """Although by now a day was corrected, and the database says otherwise."""
    rebuilt = shop.ask("rebuild", "shop/1")
    assert rebuilt["equal"]
    assert {step["state"] for step in rebuilt["steps"]} <= {"equal", "taken"}
