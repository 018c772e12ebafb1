"""What ``make serve`` starts, as processes of its own: ``manage.py setup``, then gunicorn."""

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.conftest import BIN
from tests.sample import REPOSITORY
from tests.webapp.serving.client import until

PRODUCTION = {
    "PLUMBLINE_MODE": "production",
    "DJANGO_SECRET_KEY": "q8Zt3vW1yB6nK0rE5uI9oP2aS7dF4gHjLm2Xc4Vb7Nq1We3Rt5Y",
    "DJANGO_ALLOWED_HOSTS": "models.example.org",
}


def environment(data: Path, **more: str) -> dict[str, str]:
    """An environment with nothing else of ours in it."""
    ours = ("DJANGO", "PLUMBLINE", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**inherited, "PLUMBLINE_DATA": str(data), "PYTHONPATH": str(REPOSITORY), **more}


def manage(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ``manage.py`` with nobody at the keyboard."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=REPOSITORY,
        env=environment(data, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def token(data: Path, purpose: str, **more: str) -> str:
    """The secret of a new token of the administrator."""
    made = manage(data, "token", "admin", "--purpose", purpose, "--name", "a test", **more)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@dataclass(frozen=True)
class Site:
    """A running server.

    Attributes:
        password: of the administrator, as it was shown once; empty where there was one before.
        log: what the server says.
    """

    port: int
    data: Path
    password: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> "Reply":
        """A request as ``http.client`` writes it; underscores in the names of headers are dashes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def raw(self, path: str, method: str = "GET", **headers: str) -> "Reply":
        """A request for exactly these bytes of a path, which no client has made sense of before."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        return Reply(int(head.split(b" ", 2)[1]), [], head + body)

    def log_in(self, name: str, password: str, **headers: str) -> "Session":
        """A browser's cookies, after the log-in page."""
        session = Session(self, headers)
        session.get("/admin/login/")
        session.post("/admin/login/", username=name, password=password)
        return session


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        """Each cookie that is set, with all that is said of it."""
        told = [value for name, value in self.headers if name.lower() == "set-cookie"]
        return {one.partition("=")[0]: one for one in told}


class Session:
    """Keeps cookies and sends forms with their CSRF token, as a browser does."""

    def __init__(self, site: Site, headers: dict[str, str]) -> None:
        self.site, self.headers, self.cookies = site, headers, {}
        self.told: dict[str, str] = {}

    def get(self, path: str) -> Reply:
        return self._kept(self.site.ask("GET", path, **self._sent()))

    def post(self, path: str, **fields: str) -> Reply:
        body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **fields}).encode()
        form = {"Content_Type": "application/x-www-form-urlencoded", "Referer": self.site.url}
        return self._kept(self.site.ask("POST", path, body, **form | self._sent()))

    def _sent(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **self.headers}

    def _kept(self, reply: Reply) -> Reply:
        self.told |= reply.cookies
        self.cookies |= {
            name: one.partition("=")[2].partition(";")[0].strip('"') for name, one in reply.cookies.items()
        }
        return reply


@contextmanager
def site(data: Path, **more: str) -> Iterator[Site]:
    """Set up and serve ``data``, from the first answer to the end."""
    made = manage(data, "setup", **more)
    found = re.search(r"password: (\S+)", made.stdout)
    with serving(data, found[1] if found else "", **more) as started:
        yield started


@contextmanager
def serving(data: Path, password: str = "", **more: str) -> Iterator[Site]:
    """Serve ``data`` as it is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = data / "server.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [str(BIN / "gunicorn")],
            cwd=REPOSITORY,
            env=environment(data, PLUMBLINE_BIND=f"127.0.0.1:{port}", **more),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    started = Site(port, data, password, log)
    try:
        until(lambda: _answers(started), 60)
        yield started
    finally:
        process.terminate()
        process.wait(40)


def _answers(started: Site) -> bool:
    try:
        return started.ask("GET", "/v2/health/ready").status == 200
    except OSError:
        return False
