"""What Prometheus is told, and in its own words."""

import json
import re
import subprocess
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bundle.monitoring import DayReport, Drift, Maintained, Realised, VersionDay
from tests.deploy.tools import path_of
from tests.sample import REPOSITORY
from tests.webapp.serving.client import approve, until
from tests.webapp.serving.server import BODY, PREDICT
from tests.webapp.serving.small import ROW
from webapp.monitoring.metrics import Metrics, State

MADE = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = datetime(2013, 11, 3, tzinfo=UTC)
SHARES = {"bins": ("a", "missing"), "expected": (1.0, 0.0), "actual": (0.5, 0.5)}
REPORT = DayReport(
    model="flights",
    day="2013-11-03",
    made=MADE,
    rows=100,
    outcomes=90,
    unknown_outcomes=0,
    versions=(
        VersionDay(
            version=2,
            requests=100,
            rows=100,
            outcomes=90,
            mean_answer=0.3,
            mean_outcome=0.2,
            drift=(
                Drift(name="carrier", psi=0.7, usual=0.1, q=0.001, drifted=True, **SHARES),
                Drift(name="distance", psi=0.05, usual=None, q=0.5, drifted=False, **SHARES),
            ),
            realised=(
                Realised(
                    metric="roc_auc",
                    value=0.6,
                    low=0.55,
                    high=0.65,
                    hold_out=0.7,
                    minimum=0.67,
                    maximum=None,
                    fallen=True,
                ),
            ),
        ),
    ),
    drifted=True,
    fallen=True,
    findings=("carrier drifted",),
)


def samples(exposition):
    """Every sample by its name and labels; a name that comes twice is a fault."""
    found = {}
    for family in text_string_to_metric_families(exposition.decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def of(found, name, **labels):
    return found[(f"plumbline_{name}", *sorted(labels.items()))]


@pytest.fixture
def reported(tmp_path):
    day = tmp_path / "monitoring" / "flights" / REPORT.day
    day.mkdir(parents=True)
    (day / "report.json").write_text(REPORT.model_dump_json())
    older = day.with_name("2013-11-02")
    older.mkdir()
    (older / "report.json").write_text("{")
    (tmp_path / "maintained").mkdir()
    done = Maintained(model="flights", at=MADE, reasons=(), outcome="nothing to do", version=2)
    (tmp_path / "maintained" / "flights.json").write_text(done.model_dump_json())
    return tmp_path


def test_it_works(serve, data):
    approve(data, 1)
    client = serve()
    client.post("/v1/models/small:predict", {"instances": [ROW, ROW]})
    client.post("/predict/small", {"rows": [ROW]})
    client.post("/predict/small", {"rows": [{}]})
    client.post("/predict/other", {"rows": [ROW]})
    until(lambda: of(samples(client.get("/metrics").body), "prediction_log_rows_total", state="written") == 3)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.body)
    asked = {"model": "small", "version": "1"}
    assert of(found, "requests_total", **asked, protocol="v1", status="200") == 1
    assert of(found, "requests_total", **asked, protocol="records", status="200") == 1
    assert of(found, "requests_total", **asked, protocol="records", status="400") == 1
    assert of(found, "requests_total", model="", version="", protocol="records", status="404") == 1
    assert of(found, "request_seconds_count", model="small", protocol="records") == 2
    assert of(found, "rows_total", **asked) == 3
    assert of(found, "prediction_log_rows_total", state="lost") == 0
    assert of(found, "live_version", **asked) == 1
    assert of(found, "serving_faults", model="small") == 0
    assert of(found, "version_made_timestamp_seconds", **asked) == MADE.timestamp()


def test_outcomes_are_counted(serve, data):
    approve(data, 1)
    client = serve()
    asked = client.post("/predict/small", {"rows": [ROW]}).headers["x-prediction-id"]
    client.post("/outcomes/small", {"outcomes": [{"id": asked, "value": 1}]})
    client.post("/outcomes/small", {"outcomes": [{"id": "none", "value": 1}]})
    assert of(samples(client.get("/metrics").body), "outcomes_total", model="small") == 1


def test_an_approved_version_that_can_not_be_loaded_is_a_fault(serve, data):
    approve(data, 1)
    (data / "models" / "small" / "1" / "saved_model.pb").write_bytes(b"")
    found = samples(serve().get("/metrics").body)
    assert of(found, "serving_faults", model="small") == 1
    assert not [key for key in found if key[0] == "plumbline_live_version"]


def test_a_thousand_names_that_are_no_model_make_one_line(serve):
    client = serve()
    for number in range(1000):
        client.post(f"/predict/nothing-{number}", {"rows": [ROW]})
    lines = [key for key in samples(client.get("/metrics").body) if key[0] == "plumbline_requests_total"]
    assert len(lines) == 1


def test_what_monitor_and_maintain_found_is_told(reported):
    metrics = Metrics(lambda: {"flights": State(2, MADE, fault=False)}, reported)
    found = samples(metrics.exposition())
    version = {"model": "flights", "version": "2"}
    assert of(found, "drift_psi", **version, feature="carrier") == 0.7
    assert of(found, "drifted_features", **version) == 1
    assert of(found, "realised_metric", **version, metric="roc_auc") == 0.6
    assert of(found, "fallen_metrics", **version) == 1
    assert of(found, "monitored_day_timestamp_seconds", model="flights") == DAY.timestamp()
    assert of(found, "maintained_timestamp_seconds", model="flights") == MADE.timestamp()


def test_every_metric_is_on_the_page_and_every_alert_asks_for_one_that_there_is(reported, tmp_path):
    metrics = Metrics(lambda: {"flights": State(2, MADE, fault=False)}, reported)
    metrics.replied("v1", "flights", "2", 200, 1, 0.001)
    metrics.outcomes("flights", 1)
    told = {re.sub("_(bucket|sum|count|created)$", "", name) for name, *_ in samples(metrics.exposition())}
    page = (REPOSITORY / "docs" / "monitoring.md").read_text()
    rules = (REPOSITORY / "deploy" / "prometheus" / "rules.yml").read_text()
    counters = {f"{name}_total" for name in told}
    assert set(re.findall(r"`(plumbline_\w+)\{", page)) == {name for name in told if f"{name}_total" not in told}
    assert set(re.findall(r"\bplumbline_\w+", rules.replace("_bucket", ""))) <= told | counters


def test_a_report_that_can_not_be_read_hides_no_other(reported, caplog):
    (reported / "monitoring" / "flights" / "2013-11-04").mkdir()
    (reported / "monitoring" / "flights" / "2013-11-04" / "report.json").write_text(json.dumps({"day": "x"}))
    found = samples(Metrics(lambda: {"flights": State(None, None, fault=False)}, reported).exposition())
    assert of(found, "monitored_day_timestamp_seconds", model="flights") == DAY.timestamp()
    assert "2013-11-04/report.json must be a report of a day" in caplog.text


@pytest.mark.slow
@pytest.mark.services
def test_prometheus_own_check_finds_no_fault(server):
    with server.connected() as connection:
        connection.request("GET", "/metrics")
        exposition = connection.getresponse().read()
    command = [path_of("promtool", "prometheus"), "check", "metrics"]
    checked = subprocess.run(command, input=exposition, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.slow
def test_all_workers_count_together(server):
    """The real server: requests on many connections reach both workers, and any of them tells the sum."""
    for _ in range(40):
        with server.connected() as connection:
            connection.request("POST", PREDICT, BODY)
            assert connection.getresponse().status == 200

    def counted():
        with server.connected() as connection:
            connection.request("GET", "/metrics")
            return samples(connection.getresponse().read())

    labels = {"model": "small", "version": "1", "protocol": "v1", "status": "200"}

    def asked():
        """As two workers, or one twice, have counted; a request is counted once it is answered."""
        first, second = (of(counted(), "requests_total", **labels) for _ in range(2))
        return first == second and first

    total = until(lambda: asked() >= 40 and asked())  # and those by which the fixture saw that the server is there
    until(lambda: of(counted(), "prediction_log_rows_total", state="written") == total)
