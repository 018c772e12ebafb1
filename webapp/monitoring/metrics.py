"""What Prometheus reads at ``/metrics``.

What happens is counted where it happens, in each worker; a worker that is asked adds up all workers' counts, which lie
in the folder that ``PROMETHEUS_MULTIPROC_DIR`` names (``gunicorn.conf.py`` makes it). What is, is looked at when asked:
what answers, and what Monitor and Maintain last found.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from webapp.monitoring import found

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.encode()


@dataclass(frozen=True)
class State:
    """One model of this server.

    Attributes:
        live: the version that answers, where one does.
        made: when that was made.
        fault: whether the version that was approved could not be loaded, or its files are gone.
    """

    live: int | None
    made: datetime | None
    fault: bool


States = Callable[[], Mapping[str, State]]


class _Bound(NamedTuple):
    requests: Counter
    seconds: Histogram
    rows: Counter


class Metrics:
    """The counts of one worker, and the answer to Prometheus.

    Args:
        states: gives the models of this server.
        data: the folder of everything that is made, for what Monitor and Maintain left.
    """

    def __init__(self, states: States, data: Path) -> None:
        self._states, self._data = states, data
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "plumbline_requests_total",
            "Requests for predictions, by what became of them.",
            ("model", "version", "protocol", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "plumbline_request_seconds",
            "From the request's arrival to its reply.",
            ("model", "protocol"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._rows = Counter("plumbline_rows_total", "Rows answered.", ("model", "version"), registry=registry)
        self._logged = Counter(
            "plumbline_prediction_log_rows_total",
            "Rows answered, by whether the prediction log has them.",
            ("state",),
            registry=registry,
        )
        self._outcomes = Counter("plumbline_outcomes_total", "Outcomes taken.", ("model",), registry=registry)
        self._bound: dict[tuple[str, str, str, int], _Bound] = {}
        for state in ("written", "lost"):
            self._logged.labels(state)

    def replied(self, protocol: str, model: str, version: str, status: int, rows: int, seconds: float) -> None:
        """Count a reply to a request for predictions. Model and version are empty where no version was found."""
        key = (protocol, model, version, status)
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = _Bound(
                self._requests.labels(model, version, protocol, status),
                self._seconds.labels(model, protocol),
                self._rows.labels(model, version),
            )
        bound.requests.inc()
        bound.seconds.observe(seconds)
        if rows:
            bound.rows.inc(rows)

    def logged(self, state: str, rows: int) -> None:
        """Count rows that the prediction log has ``written``, or ``lost``."""
        self._logged.labels(state).inc(rows)

    def outcomes(self, model: str, number: int) -> None:
        """Count outcomes that were taken."""
        self._outcomes.labels(model).inc(number)

    def exposition(self) -> bytes:
        """The metrics of all workers, in Prometheus's text format."""
        counts = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            counts = CollectorRegistry()
            MultiProcessCollector(counts)  # type: ignore[no-untyped-call] # theirs
        now = CollectorRegistry()
        now.register(_Now(self._states(), self._data))
        return generate_latest(counts) + generate_latest(now)


class _Now(Collector):
    """What is, rather than what happened."""

    def __init__(self, states: Mapping[str, State], data: Path) -> None:
        self._states, self._data = states, data

    def collect(self) -> Iterator[Metric]:
        live = _gauge("live_version", "1 for the version that answers.", "model", "version")
        made = _gauge("version_made_timestamp_seconds", "When the live version was made.", "model", "version")
        faults = _gauge("serving_faults", "1 where what was approved can't be loaded, or is gone.", "model")
        for name, state in self._states.items():
            faults.add_metric([name], float(state.fault))
            if state.live is not None:
                live.add_metric([name, str(state.live)], 1.0)
            if state.live is not None and state.made is not None:
                made.add_metric([name, str(state.live)], state.made.timestamp())
        yield from (live, made, faults)
        yield from self._monitored()

    def _monitored(self) -> Iterator[Metric]:
        psi = _gauge("drift_psi", "How far a feature is from training.", "model", "version", "feature")
        drifted = _gauge("drifted_features", "Features that drifted on the newest day.", "model", "version")
        realised = _gauge("realised_metric", "A metric on the newest day.", "model", "version", "metric")
        fallen = _gauge("fallen_metrics", "Metrics on the wrong side of their requirement.", "model", "version")
        day = _gauge("monitored_day_timestamp_seconds", "The start of the newest day with a report.", "model")
        maintained = _gauge("maintained_timestamp_seconds", "When Maintain last ended well.", "model")
        for name in self._states:
            if report := found.newest(self._data, name):
                start = datetime.fromisoformat(report.day).replace(tzinfo=UTC)
                day.add_metric([name], start.timestamp())
                for version in report.versions:
                    labels = [name, str(version.version)]
                    drifted.add_metric(labels, sum(one.drifted for one in version.drift))
                    fallen.add_metric(labels, sum(one.fallen for one in version.realised))
                    for one in version.drift:
                        psi.add_metric([*labels, one.name], one.psi)
                    for metric in version.realised:
                        realised.add_metric([*labels, metric.metric], metric.value)
            if done := found.maintained(self._data, name):
                maintained.add_metric([name], done.at.timestamp())
        yield from (psi, drifted, realised, fallen, day, maintained)


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"plumbline_{name}", meaning, labels=labels)
