"""A registry for tests from outside: small published versions, people with tokens, and plain HTTP."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.sample import REPOSITORY
from tests.webapp.serving.client import until
from webapp.serving import status

WORKERS = 2
"""Of a server, where nobody sets it."""
MAKE = """
from django.contrib.auth.models import Group, User
for name in ("ada", "ben"):
    User.objects.create_user(name).groups.add(Group.objects.get(name="approver"))
"""

Manage = Callable[..., subprocess.CompletedProcess[str]]
"""Runs a command of ``manage.py``."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Shows a redirect as it came."""

    def redirect_request(self, *arguments: Any) -> None:
        """Follow none."""


OPEN = urllib.request.build_opener(NoRedirect)


def publish(data: Path) -> None:
    """Three small versions of one model."""
    command = [sys.executable, "-m", "tests.webapp.serving.small", str(data)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)


def approvers(manage: Manage) -> dict[str, str]:
    """Two people who may approve, and the token of each for the API."""
    made = manage("shell", "--command", MAKE)
    assert made.returncode == 0, made.stderr
    return {name: token(manage, name, "api") for name in ("ada", "ben")}


def token(manage: Manage, name: str, purpose: str) -> str:
    """The secret of a new token of the person."""
    made = manage("token", name, "--purpose", purpose, "--name", "tests")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def settled(data: Path, version: int) -> None:
    """Wait until every worker answers with this version."""
    until(lambda: [one.live for one in status.read(data / "serving")] == [version] * WORKERS, 20)


def call(url: str, body: Any = None, timeout: float = 60, **headers: str) -> tuple[int, Any]:
    """Send a request, with a body by POST; the status, and the JSON or the text of the answer."""
    data = None if body is None else json.dumps(body).encode()
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, named)  # noqa: S310 - a server of this machine
    try:
        with OPEN.open(request, timeout=timeout) as answer:
            status, content = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    try:
        return status, json.loads(content)
    except ValueError:
        return status, content.decode(errors="replace")


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
