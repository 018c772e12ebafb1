"""The real server as a process of its own, on a port of this machine."""

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import BIN
from tests.sample import REPOSITORY
from tests.webapp.serving.client import SECRET, until
from tests.webapp.serving.small import PROBABILITY, ROW
from webapp.serving import status

PREDICT = "/v1/models/small:predict"
BODY = json.dumps({"instances": [ROW]}).encode()


@dataclass(frozen=True)
class Server:
    """A running server and the folder that it serves from."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path

    @contextmanager
    def connected(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            yield connection
        finally:
            connection.close()

    def live(self):
        """The version that answers, which must be the one that the reply names; None where no answer is had."""
        try:
            with self.connected() as connection:
                return told(connection)
        except (OSError, http.client.HTTPException):
            return None

    def workers(self):
        """The version that each worker has live, by its process."""
        return {one.pid: one.live for one in status.read(self.data / "serving")}


def told(connection):
    connection.request("POST", PREDICT, BODY)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    version = int(answer.headers["X-Plumbline-Version"])
    assert json.loads(body)["predictions"][0]["probability"] == PROBABILITY[version]
    return version


@contextmanager
def running(data: Path) -> Iterator[Server]:
    """The server, from its first answer to its end; version 1 is approved in ``data``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PLUMBLINE_APP": "webapp.serving.asgi:application(None)",
        "PLUMBLINE_DATA": str(data),
        "PLUMBLINE_SECRET": SECRET,
        "PLUMBLINE_BIND": f"127.0.0.1:{port}",
        "PLUMBLINE_MAX_BYTES": "1000000",
        "PLUMBLINE_SHARED": str(data / "shared"),
    }
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen([str(BIN / "gunicorn")], cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    started = Server(process, port, data)
    try:
        until(lambda: started.live() == 1 and len(started.workers()) == 2, 30)
        yield started
    finally:
        process.terminate()
        process.wait(40)
