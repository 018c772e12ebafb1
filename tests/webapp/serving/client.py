"""A client that speaks ASGI to an application in the same process, on a loop of its own."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundle import digest, manifest
from tests.webapp.serving.small import NAME
from webapp import pointer
from webapp.pointer import Pointer
from webapp.serving.asgi import Serving
from webapp.serving.settings import Settings

SECRET = "a secret of the tests"
NEVER = None
"""A part of a body that never comes."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body, parse_constant=not_strict)

    @property
    def error(self) -> str:
        """The text of an error; every one has this shape and no other."""
        assert self.headers["content-type"] == "application/json"
        told = self.json()
        assert told.keys() == {"error"}
        return told["error"]


def not_strict(name):
    raise AssertionError(f"{name} is not JSON")


class Client:
    """Starts the application as a server would, and sends it requests."""

    def __init__(self, settings: Settings, django: Any = None) -> None:
        self.settings = settings
        self.app = Serving(django, settings)
        self.loop = asyncio.new_event_loop()
        self.received = 0
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._life = self._soon(self.app({"type": "lifespan"}, self._to_app.get, self._from_app.put))
        self._lifespan("startup")

    def close(self) -> None:
        """Shut down as a server would; a second time does nothing."""
        if self.loop.is_closed():
            return
        self._lifespan("shutdown")
        self._life.result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def request(self, method: str, path: str, *chunks: bytes | None, **headers: str) -> Answer:
        """Send a request whose body comes in these chunks; ``received`` says how many the application took."""
        return self._soon(self._request(method, path, chunks, headers)).result(60)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def post(self, path: str, value: Any, **headers: str) -> Answer:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.request("POST", path, body, **{"content-length": str(len(body)), **headers})

    async def _request(self, method, path, chunks, headers):
        sent = []
        waiting = list(chunks or (b"",))
        self.received = 0

        async def receive():
            self.received += 1
            chunk = waiting.pop(0)
            if chunk is NEVER:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        await self.app(scope, receive, send)
        start, *rest = sent
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], told, b"".join(message["body"] for message in rest))

    def _lifespan(self, event: str) -> None:
        self._soon(self._to_app.put({"type": f"lifespan.{event}"})).result(10)
        assert self._soon(self._from_app.get()).result(60) == {"type": f"lifespan.{event}.complete"}

    def _soon(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop)


def approve(data: Path, live: int, *more: int, sequence: int = 1, secret: str = SECRET, **changes: Any) -> None:
    """Do what an approval does: leave the pointer."""
    fields = {
        "name": NAME,
        "live": live,
        "served": changes.pop("served", None) or {number: manifest_digest(data, number) for number in (live, *more)},
        "labels": {},
        "decided_by": "Ann",
        "reason": "the best so far",
        "decided_at": "2026-11-23T13:00:00+00:00",
        "sequence": sequence,
    }
    pointer.write(data / "serving", Pointer(**fields | changes), secret)


def manifest_digest(data: Path, number: int) -> str:
    return digest.of_file(data / "models" / NAME / str(number) / manifest.NAME)


def rewrite_golden(folder, change):
    """Publish a version anew that is whole in every digest, and wrong."""
    path = folder / "assets.extra" / "golden.json"
    golden = json.loads(path.read_text())
    change(golden)
    path.write_text(json.dumps(golden))
    described = manifest.read(folder)
    described.model_copy(update={"files": manifest.file_digests(folder)}).write(folder)


def until(holds: Callable[[], Any], seconds: float = 10) -> Any:
    """Wait until something holds, and give what it is."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)
    return found
