"""The registry on a real PostgreSQL, behind the real server: what is decided, and what goes on when it is gone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import BIN
from tests.deploy.postgresql import PASSWORD, Database, Way, running
from tests.deploy.registry import approvers, call, free_port, publish, settled
from tests.sample import REPOSITORY
from tests.webapp.serving.client import until
from tests.webapp.serving.small import PROBABILITY, ROW

pytestmark = [pytest.mark.slow, pytest.mark.services]

LATEST = 15.0
"""Seconds within which a refusal must come; a connection is given up after five."""


@dataclass(frozen=True)
class Place:
    """A data folder with three published versions, a database, and the way from the server to it."""

    data: Path
    database: Database
    way: Way

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PLUMBLINE"))}
        url = f"postgres://plumbline:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.way.port}/postgres"
        return inherited | {
            "PLUMBLINE_DATA": str(self.data),
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py``."""
        program = [sys.executable, "manage.py", *command]
        return subprocess.run(
            program, cwd=REPOSITORY, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )


@dataclass(frozen=True)
class Server:
    """The running server, and the tokens of the people who may approve."""

    url: str
    people: dict[str, str]

    def decide(self, who: str, verb: str, version: int) -> tuple[int, str]:
        path = f"/api/v1/models/small/versions/{version}/{verb}/"
        status, told = call(self.url + path, {"reason": "Better."}, Authorization=f"Token {self.people[who]}")
        return status, told.get("detail", "") if isinstance(told, dict) else told

    def live(self) -> int | None:
        """The version that answers, by its answer; it must come at once."""
        status, told = call(f"{self.url}/predict/small", {"rows": [ROW]}, timeout=2)
        if status != 200:
            return None
        return {value: number for number, value in PROBABILITY.items()}[told["predictions"][0]["probability"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    data = tmp_path_factory.mktemp("registry")
    publish(data)
    with running() as database:
        made = Place(data, database, Way(database.port))
        done = made.manage("setup")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("registered as a candidate") == 3
        yield made


@pytest.fixture(scope="module")
def server(place):
    people = approvers(place.manage)
    with serving(place) as url:
        yield Server(url, people)


@contextmanager
def serving(place: Place) -> Iterator[str]:
    port = free_port()
    environment = place.environment | {"PLUMBLINE_BIND": f"127.0.0.1:{port}"}
    path = place.data / f"server-{port}.log"
    with path.open("wb") as log:
        process = subprocess.Popen([BIN / "gunicorn"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: path.read_text().count("ASGI server listening") == 2, 30)  # both workers
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(40)


def refused(server: Server) -> None:
    """A decision is refused in words that a program and a person understand, and soon."""
    started = time.monotonic()
    status, told = server.decide("ada", "approve", 3)
    assert status == 503, told
    assert told == "The database does not answer. Try again in a moment; predictions go on."
    status, told = call(f"{server.url}/admin/login/", {"username": "ada", "password": "x"})
    assert status in {403, 503}  # 403: no form was asked for before
    assert time.monotonic() - started < LATEST


def test_it_works(server, place):
    assert server.live() is None
    assert server.decide("ada", "approve", 1) == (201, "")
    settled(place.data, 1)
    assert server.live() == 1


def test_one_of_two_approvals_at_once_wins(server, place):
    with ThreadPoolExecutor(2) as both:
        told = list(both.map(lambda who: server.decide(who, "approve", 2), server.people))
    assert sorted(status for status, _ in told) == [201, 409], told
    settled(place.data, 2)
    assert place.manage("verify_audit").stdout.startswith("The audit trail is whole")


def test_case_51_the_database_is_stopped(server, place):
    place.database.stop()
    try:
        refused(server)
        assert {server.live() for _ in range(50)} == {2}
    finally:
        place.database.start()
    recovered(server, place)


def test_case_51_the_database_is_black_holed(server, place):
    place.way.darken()
    try:
        with ThreadPoolExecutor(1) as aside:
            refusal = aside.submit(refused, server)
            took = []
            while not refusal.done():
                started = time.monotonic()
                assert server.live() == 2
                took.append(time.monotonic() - started)
            refusal.result()
        assert len(took) > 50
        assert max(took) < 1
    finally:
        place.way.clear()
    recovered(server, place)


def test_a_worker_starts_and_predicts_without_the_database(server, place):
    place.database.stop()
    try:
        with serving(place) as url:
            assert Server(url, server.people).live() == 2
    finally:
        place.database.start()


def recovered(server: Server, place: Place) -> None:
    """Nothing was decided meanwhile, and the next decision counts: version 1 for a moment, and 2 again."""
    until(lambda: call(f"{server.url}/api/v1/models/", Authorization=f"Token {server.people['ada']}")[0] == 200, 20)
    for version in (1, 2):
        assert server.decide("ben", "roll-back", version) == (201, "")
        settled(place.data, version)
    assert place.manage("verify_audit").returncode == 0
