"""The alerts: the very files of ``deploy/``, checked by their own tools, and then run until an alert arrives.

The real Prometheus and Alertmanager get copies in which only addresses, the places of the tokens and the times are
replaced: intervals, ``for`` and the waits of Alertmanager become a second. What they scrape has the server's metrics by
their names.
"""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from tests.deploy.registry import call, free_port
from tests.deploy.tools import path_of
from tests.sample import REPOSITORY
from tests.webapp.serving.client import until

DEPLOY = REPOSITORY / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"
DOCUMENTED = (REPOSITORY / "docs" / "deployment.md").read_text()
METRICS_TOKEN, ALERTS_TOKEN = "a token for metrics", "a token for alerts"


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert):
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["labels"].keys() <= {"severity", "action"}
    assert alert["annotations"].keys() == {"summary", "description"}
    assert f"`{alert['alert']}`" in DOCUMENTED
    if "action" in alert["labels"]:
        assert alert["labels"]["action"] == "new_run"
        assert "by (model" in alert["expr"]  # the server is told which model


slow = pytest.mark.slow
services = pytest.mark.services


def checked(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@slow
@services
def test_the_rules_fire_when_they_should_and_only_then():
    promtool = path_of("promtool", "prometheus")
    assert f"{len(alerts())} rules found" in checked(promtool, "check", "rules", RULES)
    assert "SUCCESS" in checked(promtool, "test", "rules", RULES.with_name("rules_test.yml"))


@slow
@services
def test_the_settings_are_valid(tmp_path):
    settings = copied(tmp_path, {})
    checked(path_of("promtool", "prometheus"), "check", "config", settings / "prometheus" / "prometheus.yml")
    amtool = path_of("amtool", "prometheus-alertmanager")
    given = settings / "alertmanager" / "alertmanager.yml"
    checked(amtool, "check-config", given)
    route = (amtool, "config", "routes", "test", f"--config.file={given}")
    assert checked(*route, "alertname=PlumblineDrift", "model=m", "action=new_run").strip() == "new_run,people"
    assert checked(*route, "alertname=PlumblineErrors", "model=m").strip() == "people"
    assert checked(*route, "alertname=PlumblineDrift", "action=new_run").strip() == "people"


class Source:
    """What Prometheus scrapes in these tests: the server's metrics by their names, for whoever has the token."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        version = ("model", "version")
        self.live = Gauge("plumbline_live_version", "", version, registry=registry)
        self.faults = Gauge("plumbline_serving_faults", "", ("model",), registry=registry)
        self.drifted = Gauge("plumbline_drifted_features", "", version, registry=registry)
        self.psi = Gauge("plumbline_drift_psi", "", (*version, "feature"), registry=registry)
        self.maintained = Gauge("plumbline_maintained_timestamp_seconds", "", ("model",), registry=registry)
        self.maintained.labels("flights").set_to_current_time()
        self.live.labels("flights", "2").set(1)
        self.faults.labels("flights").set(0)
        self.drifted.labels("flights", "2").set(0)
        self.psi.labels("flights", "2", "origin").set(0.02)
        self.scrapes = 0

    def answer(self, request: BaseHTTPRequestHandler) -> bytes | None:
        if request.path != "/metrics" or request.headers["Authorization"] != f"Bearer {METRICS_TOKEN}":
            return None
        self.scrapes += 1
        return generate_latest(self.registry)


class Inbox:
    """What arrived at a receiver of Alertmanager: the alerts, each with its state."""

    def __init__(self, path: str, token: str = "") -> None:
        self.path, self.authorization = path, f"Token {token}" if token else None
        self.alerts: list[dict[str, Any]] = []

    def answer(self, request: BaseHTTPRequestHandler) -> bytes | None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if request.path != self.path or request.headers["Authorization"] != self.authorization:
            return None
        self.alerts += json.loads(body)["alerts"]
        return b"{}"

    def seen(self) -> set[tuple[str, str]]:
        return {(alert["labels"]["alertname"], alert["status"]) for alert in self.alerts}


@contextmanager
def answering(what: Source | Inbox) -> Iterator[str]:
    """A server that answers with what it is given, or 403; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = what.answer(self)
            self.send_response(200 if content is not None else 403)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(content or b"")

        do_POST = do_GET  # noqa: N815 - as the library calls it

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def copied(folder: Path, replaced: dict[str, str]) -> Path:
    """A copy of the settings, quick and with other addresses; every replacement must have found its place."""
    replaced = {**replaced, "/run/secrets/": f"{folder}/"}
    (folder / "metrics_token").write_text(METRICS_TOKEN)
    (folder / "alerts_token").write_text(ALERTS_TOKEN)
    texts = {path: path.read_text() for path in (DEPLOY / "prometheus").glob("*.yml")}
    texts |= {path: path.read_text() for path in (DEPLOY / "alertmanager").glob("*.yml")}
    for old in replaced:
        assert any(old in text for text in texts.values()), old
    for path, text in texts.items():
        quick = re.sub(r"\b(scrape_interval|evaluation_interval|for|group_wait|group_interval): \d+\w", r"\1: 1s", text)
        for old, new in replaced.items():
            quick = quick.replace(old, new)
        place = folder / path.relative_to(DEPLOY)
        place.parent.mkdir(exist_ok=True)
        place.write_text(quick)
    return folder


@contextmanager
def started(*command: str, log: Path) -> Iterator[None]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@slow
@services
def test_an_alert_goes_all_the_way(tmp_path):
    source, people, server = Source(), Inbox("/"), Inbox("/api/v1/alerts/", ALERTS_TOKEN)
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    with answering(people) as to_people, answering(server) as to_server, answering(source) as scraped:
        settings = copied(
            tmp_path,
            {
                "pager:9000": to_people,
                "web:8000/api": f"{to_server}/api",
                "web:8000": scraped,
                "alertmanager:9093": f"127.0.0.1:{ports['alertmanager']}",
            },
        )
        with running(settings, ports) as prometheus:
            until(lambda: source.scrapes > 3, 30)
            assert call(f"{prometheus}/api/v1/alerts")[1]["data"]["alerts"] == []

            source.psi.labels("flights", "2", "origin").set(0.61)
            source.drifted.labels("flights", "2").set(1)
            until(lambda: server.alerts and ("PlumblineDrift", "firing") in people.seen(), 30)
            (alert, *_) = server.alerts
            assert alert["labels"]["model"] == "flights"
            assert alert["labels"]["action"] == "new_run"
            assert alert["annotations"]["summary"] == "Features of flights 2 have drifted: 1"
            assert "origin 0.61" in alert["annotations"]["description"]

            source.drifted.labels("flights", "2").set(0)
            until(lambda: ("PlumblineDrift", "resolved") in people.seen(), 30)

            source.faults.labels("flights").set(1)
            until(lambda: ("PlumblineServingFault", "firing") in people.seen(), 30)
            source.faults.labels("flights").set(0)
            until(lambda: ("PlumblineServingFault", "resolved") in people.seen(), 30)
            # the server itself hears of what calls for a new run, and of nothing else
            assert server.seen() == {("PlumblineDrift", "firing")}

            source.answer = lambda _: None  # as a server whose token changed
            until(lambda: ("PlumblineDown", "firing") in people.seen(), 30)
            assert server.seen() == {("PlumblineDrift", "firing")}


@contextmanager
def running(settings: Path, ports: dict[str, int]) -> Iterator[str]:
    """Prometheus and Alertmanager; the address of the first."""
    prometheus, alertmanager = (f"127.0.0.1:{ports[name]}" for name in ("prometheus", "alertmanager"))
    with (
        started(
            path_of("prometheus-alertmanager", "prometheus-alertmanager"),
            f"--config.file={settings}/alertmanager/alertmanager.yml",
            f"--storage.path={settings}/alertmanager/state",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
            log=settings / "alertmanager.log",
        ),
        started(
            path_of("prometheus", "prometheus"),
            f"--config.file={settings}/prometheus/prometheus.yml",
            f"--storage.tsdb.path={settings}/prometheus/series",
            f"--web.listen-address={prometheus}",
            log=settings / "prometheus.log",
        ),
    ):
        yield f"http://{prometheus}"
