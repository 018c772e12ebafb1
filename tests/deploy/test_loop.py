"""The loop from a drifted day to a request for a new run, with nothing in it that is not the real thing.

The real server tells Prometheus what Monitor found; Prometheus and Alertmanager, with the files of ``deploy/``, post
the alert to the server's webhook; the server leaves the request that Maintain takes.
"""

from datetime import UTC, datetime

import pytest

from bundle.monitoring import DayReport, Drift, RunRequest, VersionDay
from tests.deploy.registry import approvers, call, free_port, publish, token
from tests.deploy.test_alerts import Inbox, answering, copied, running
from tests.webapp import whole
from tests.webapp.serving.client import until

pytestmark = [pytest.mark.slow, pytest.mark.services]
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
DRIFTED = Drift(
    name="carrier",
    bins=("UA", "others", "missing"),
    expected=(0.5, 0.5, 0.0),
    actual=(0.0, 1.0, 0.0),
    psi=0.9,
    usual=0.1,
    q=0.0001,
    drifted=True,
)
REPORT = DayReport(
    model="small",
    day=TODAY,
    made=datetime.now(UTC),
    rows=1000,
    outcomes=0,
    unknown_outcomes=0,
    versions=(
        VersionDay(
            version=2,
            requests=10,
            rows=1000,
            outcomes=0,
            mean_answer=0.5,
            mean_outcome=None,
            drift=(DRIFTED,),
            realised=(),
        ),
    ),
    drifted=True,
    fallen=False,
    findings=("carrier drifts in version 2: PSI 0.90.",),
)


def test_a_drifted_day_ends_in_a_request_for_a_new_run(tmp_path):
    data, settings = tmp_path / "data", tmp_path / "settings"
    settings.mkdir()
    publish(data)
    people = Inbox("/")
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    with answering(people) as to_people, whole.site(data) as site:
        by_ada = approvers(lambda *words: whole.manage(data, *words))["ada"]
        approve = f"{site.url}/api/v1/models/small/versions/2/approve/"
        assert call(approve, {"reason": "Good."}, Authorization=f"Bearer {by_ada}")[0] == 201
        address = f"127.0.0.1:{site.port}"
        alertmanager = f"127.0.0.1:{ports['alertmanager']}"
        copied(settings, {"pager:9000": to_people, "web:8000": address, "alertmanager:9093": alertmanager})
        asking = token(lambda *words: whole.manage(data, *words), "ada", "predict")
        (settings / "metrics_token").write_text(asking)
        (settings / "alerts_token").write_text(by_ada)
        with running(settings, ports) as prometheus:
            until(lambda: scraped(prometheus), 30)
            day = data / "monitoring" / "small" / TODAY
            day.mkdir(parents=True)
            (day / ".report.json").write_text(REPORT.model_dump_json())
            (day / ".report.json").replace(day / "report.json")
            requests = data / "requests" / "small"
            until(lambda: any(requests.glob("*.json")), 60)
            until(lambda: ("PlumblineDrift", "firing") in people.seen(), 30)
        [path] = requests.glob("*.json")
        asked = RunRequest.model_validate_json(path.read_bytes())
        assert (asked.model, asked.by) == ("small", "ada")
        assert asked.reason == "PlumblineDrift: Features of small 2 have drifted: 1"
        _, lines = call(f"{site.url}/api/v1/decisions/", Authorization=f"Bearer {by_ada}")
        assert lines["results"][0]["verb"] == "request_run"


def scraped(prometheus: str) -> bool:
    """Whether Prometheus knows what is live."""
    try:
        status, answer = call(f"{prometheus}/api/v1/query?query=plumbline_live_version")
    except OSError:  # it is starting
        return False
    return status == 200 and bool(answer["data"]["result"])
