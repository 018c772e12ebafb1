"""The ASGI application: the predict paths answered here, all others by the application behind it.

    application(get_asgi_application())         # in front of Django
    application(None)                           # alone: predictions, and 404 for everything else

A request is a look-up, a call, an answer. Whatever changes, changes in ``follow``, on another thread.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any

from bundle import identity
from bundle.contract import ContractError
from bundle.monitoring import OUTCOMES, SERVED
from webapp.monitoring import metrics
from webapp.monitoring.metrics import Metrics, State
from webapp.monitoring.outcomes import OutcomeLog
from webapp.monitoring.prediction_log import Entry, PredictionLog
from webapp.serving import content, outcomes, records, routing, tokens, v1, v2, when
from webapp.serving.answer import JSON, Answered, dumped
from webapp.serving.follow import Follower
from webapp.serving.refusal import Headers, Refusal
from webapp.serving.routing import Route
from webapp.serving.settings import Settings
from webapp.serving.table import Approved
from webapp.serving.tokens import Tokens
from webapp.serving.version import Served

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Predict = Callable[[Served, bytes, int], Answered]

PREDICT: Mapping[str, Predict] = {
    "v1 predict": v1.predict,
    "v2 infer": v2.infer,
    "records predict": records.predict,
}
POSTED = {*PREDICT, "outcomes"}
OPEN = {"v2 server", "live", "ready"}
"""What probes ask, who carry no token."""
INLINE_BYTES = 64 * 1024
"""A larger body is answered on a thread of its own, so that small requests do not wait for it.

A small one is answered at once: by way of a thread, one worker had 3,250 requests of a row a second, and 4,340 without.
"""
TEXT = ((b"content-type", metrics.CONTENT_TYPE),)
START_SECONDS = 20.0
"""The longest that a start waits for models; what is not loaded by then answers 503 until it is."""
log = logging.getLogger(__name__)


@dataclass
class Reply:
    """What goes back to the client, as far as it is known."""

    status: int
    body: bytes
    identity: str
    model: str = ""
    version: bytes = b""
    rows: int = 0
    kind: Headers = JSON
    headers: Headers = ()


def application(django: App | None, settings: Settings | None = None, beside: Callable[[], None] = lambda: None) -> App:
    """The ASGI application in front of ``django``, or alone.

    Args:
        django: answers every path that is not ours.
        settings: of this installation; from the environment where None.
        beside: starts what runs beside serving in each worker; called after the fork.
    """
    return Serving(django, settings or Settings.from_environment(), beside)


class Serving:
    """One worker's serving: the table of what answers, and how a request finds its way through it."""

    def __init__(self, django: App | None, settings: Settings, beside: Callable[[], None] = lambda: None) -> None:
        self.django = django
        self._beside = beside
        self.settings = settings
        self._allowed: Tokens = tokens.Followed(settings) if settings.guarded else tokens.open_to_all
        self.follower = Follower(settings, self._allowed, self._warm)
        self.metrics = Metrics(self._states, settings.data)
        self.log = PredictionLog(settings.data / SERVED, self.metrics.logged)
        self.outcomes = OutcomeLog(settings.data / OUTCOMES)
        self._large = ThreadPoolExecutor(1, thread_name_prefix="large requests")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server = v2.server(metadata.version("plumbline"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is ours and hand on the rest."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and (route := routing.find(scope.get("raw_path") or scope["path"].encode())):
            await self._answer(route, scope, receive, send)
        elif self.django is not None:
            await self.django(scope, receive, send)
        elif scope["type"] == "http":
            refusal = Refusal(404, f"Nothing is at {scope['path']!r:.200}.")
            await _send(send, Reply(404, refusal.content(), _identity(time.time())))

    async def _answer(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        now = time.time()
        reply = Reply(200, b"", _identity(now))
        try:
            await self._fill(reply, route, scope, receive, now)
        except Refusal as refusal:
            reply.status, reply.body, reply.headers = refusal.status, refusal.content(), refusal.headers
        except ContractError as error:
            reply.status, reply.body = 400, dumped({"error": str(error)})
        except Exception:
            log.exception("Request %s to %s could not be answered", reply.identity, scope["path"])
            told = f"The server could not answer this request. Its log says why, under {reply.identity}."
            reply.status, reply.body = 500, dumped({"error": told})
        await _send(send, reply)
        if route.verb in PREDICT:
            took = time.perf_counter() - started
            version = reply.version.decode()
            self.metrics.replied(route.protocol, reply.model, version, reply.status, reply.rows, took)

    async def _fill(self, reply: Reply, route: Route, scope: Scope, receive: Receive, now: float) -> None:
        """The body and version of the reply; a prediction is left to the log.

        Raises:
            Refusal: the request can't be answered, and why.
            ContractError: its rows are not what the model takes.
        """
        _check_method(route, scope)
        headers = dict(scope["headers"])
        if route.verb not in OPEN:
            tokens.check(headers, self._allowed)
        if route.verb in PREDICT:
            await self._predict(reply, route, headers, receive, now)
        elif route.verb == "outcomes":
            name = outcomes.model(route.name, self.settings)
            given = outcomes.listed(await content.read(headers, receive, self.settings), self.settings.max_rows)
            table, models = self.follower.table, self.settings.models
            reply.body = await asyncio.to_thread(outcomes.keep, self.outcomes, name, given, table, models)
            self.metrics.outcomes(name, len(given))
        elif route.verb == "metrics":
            reply.body, reply.kind = await asyncio.to_thread(self.metrics.exposition), TEXT
        else:
            self._tell(reply, route)

    async def _predict(
        self, reply: Reply, route: Route, headers: Mapping[bytes, bytes], receive: Receive, now: float
    ) -> None:
        predict = PREDICT[route.verb]
        served = self._model(route.name).version(route.version, route.label)
        reply.model, reply.version = served.name, served.header
        if route.verb == "v2 infer":
            predict = partial(v2.infer, json_size=headers.get(b"inference-header-content-length"))
        about = when.asked(headers, now)
        if about != now:
            reply.identity = _identity(about)
        body = await content.read(headers, receive, self.settings)
        if len(body) <= INLINE_BYTES:
            answered = predict(served, body, self.settings.max_rows)
        else:
            running = asyncio.get_running_loop()
            answered = await running.run_in_executor(self._large, predict, served, body, self.settings.max_rows)
        entry = Entry(reply.identity, served.name, served.number, answered.columns, answered.answers, about, now)
        reply.body, reply.rows = answered.body, entry.rows
        self.log.put(entry)

    def _tell(self, reply: Reply, route: Route) -> None:
        """What there is to know about the server, a model, or a version."""
        table = self.follower.table
        if route.verb == "v2 server":
            reply.body = self._server
        elif route.verb == "live":
            reply.body = v2.live()
        elif route.verb == "ready":
            reply.body = v2.ready(table if self.follower.looked.is_set() else None)
        elif route.verb == "v1 models":
            reply.body = v1.models(table)
        else:
            self._describe(reply, route)

    def _describe(self, reply: Reply, route: Route) -> None:
        model = self._model(route.name)
        served = model.version(route.version, route.label)
        reply.version = served.header
        if route.verb == "v1 status":
            asked = route.version is not None or route.label is not None
            reply.body = v1.status(model, served if asked else None)
        elif route.verb == "v1 metadata":
            reply.body = v1.metadata(served)
        elif route.verb == "v2 ready":
            reply.body = v2.model_ready(served)
        else:
            reply.body = v2.metadata(model, served)

    def _model(self, name: str) -> Approved:
        table = self.follower.table
        if name not in table.models and not self.follower.looked.is_set():
            raise Refusal(503, "Models are still loading. Ask again in some seconds.", ((b"retry-after", b"5"),))
        return table.model(name)

    def _states(self) -> dict[str, State]:
        """Every model of this server, as Prometheus is told of it."""
        table = self.follower.table
        states = {}
        for name in {*table.models, *table.faults}:
            model = table.models.get(name)
            fault = name in table.faults or name in table.degraded
            states[name] = State(model.live, model.version().made, fault) if model else State(None, None, fault)
        return states

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the pointers from the server's start to its end."""
        await receive()
        self._loop = asyncio.get_running_loop()
        self.follower.start()
        self.log.start()
        self._beside()
        if not await asyncio.to_thread(self.follower.looked.wait, START_SECONDS):
            log.warning("Models are still loading after %g s; the server starts without them", START_SECONDS)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.follower.stop)
        await asyncio.to_thread(self.log.stop)
        self._large.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    def _warm(self, served: Served) -> None:
        """Make the version ready on each thread that will call it; called on the follower's."""

        async def everywhere() -> None:
            served.warm()
            await asyncio.get_running_loop().run_in_executor(self._large, served.warm)

        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(everywhere(), self._loop).result(self.settings.load_seconds)


def _check_method(route: Route, scope: Scope) -> None:
    method = scope["method"]
    if not route.verb:
        status = 400 if method == "POST" else 404
        raise Refusal(status, f"Malformed request: {method} {scope['path']!r:.200}. No such path is served.")
    allowed = ("POST",) if route.verb in POSTED else ("GET", "HEAD")
    if method not in allowed:
        raise Refusal(
            405,
            f"The method of this path must be {' or '.join(allowed)}, got {method!r:.20}.",
            ((b"allow", ", ".join(allowed).encode()),),
        )


def _identity(moment: float) -> str:
    return identity.make(int(moment * 1000))


async def _send(send: Send, reply: Reply) -> None:
    headers = [
        *reply.kind,
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-prediction-id", reply.identity.encode()),
        *reply.headers,
    ]
    if reply.version:
        headers.append((b"x-plumbline-version", reply.version))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
