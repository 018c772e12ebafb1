"""Alertmanager's webhook: an alert may ask for a new run."""

import pytest

from webapp.monitoring import runs
from webapp.registry.models import Decision, Outcome

ALERTS = "/api/v1/alerts/"


def alert(status="firing", model="flights", action="new_run", name="FeaturesDrifted", **annotations):
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "warning", "model": model, "action": action},
        "annotations": annotations or {"summary": "3 features drifted."},
        "startsAt": "2026-11-23T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "0123456789abcdef",
    }


def notification(*alerts):
    """What Alertmanager sends."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="FeaturesDrifted"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "plumbline",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
    }


@pytest.fixture
def flights(shelf, ada):
    return shelf.live().model


def test_it_works(flights, tom, program):
    answer = program(tom).post(ALERTS, notification(alert()), format="json")
    assert (answer.status_code, answer.json()) == (200, {"requested": ["flights"], "waiting": [], "unknown": []})
    [asked] = runs.pending("flights")
    assert (asked.by, asked.reason) == ("tom", "FeaturesDrifted: 3 features drifted.")
    assert asked.source == "alert from 127.0.0.1"


def test_an_alert_that_is_repeated_asks_once(flights, tom, program):
    program(tom).post(ALERTS, notification(alert()), format="json")
    answer = program(tom).post(ALERTS, notification(alert(), alert(name="MetricsFallen")), format="json")
    assert answer.json() == {"requested": ["flights"], "waiting": ["flights"], "unknown": []}
    assert len(runs.pending("flights")) == 2


@pytest.mark.parametrize("name", ["FeaturesDrifted", "a: b", "x" * 3000, ""])
@pytest.mark.parametrize("summaries", [("3 features drifted.", "4 features drifted."), ("", "")])
def test_an_alert_that_is_repeated_in_other_words_or_without_any_asks_once(flights, tom, program, name, summaries):
    first, second = (notification(alert(name=name, summary=summary)) for summary in summaries)
    assert program(tom).post(ALERTS, first, format="json").json()["requested"] == ["flights"]
    assert program(tom).post(ALERTS, second, format="json").json()["waiting"] == ["flights"]
    assert len(runs.pending("flights")) == 1


def test_what_a_person_asked_for_keeps_no_alert_from_asking(flights, tom, program):
    runs.request(model=flights, actor=tom, reason="FeaturesDrifted: I have seen it.", source="admin from 127.0.0.1")
    answer = program(tom).post(ALERTS, notification(alert()), format="json")
    assert answer.json()["requested"] == ["flights"]


@pytest.mark.parametrize("passed_over", [alert(status="resolved"), alert(action="page"), {**alert(), "labels": {}}])
def test_alerts_that_ask_for_nothing_are_passed_over(flights, tom, program, passed_over):
    answer = program(tom).post(ALERTS, notification(passed_over), format="json")
    assert answer.json() == {"requested": [], "waiting": [], "unknown": []}


def test_an_alert_about_no_model_is_told(flights, tom, program):
    answer = program(tom).post(ALERTS, notification(alert(model="../etc"), alert()), format="json")
    assert answer.json() == {"requested": ["flights"], "waiting": [], "unknown": ["../etc"]}


def test_who_may_not_is_refused_and_that_is_kept(flights, vera, program):
    answer = program(vera).post(ALERTS, notification(alert()), format="json")
    assert answer.status_code == 403
    assert "request_run" in answer.json()["detail"]
    assert Decision.objects.first().outcome == Outcome.REFUSED
    assert runs.pending("flights") == []


def test_without_a_token_nothing_is_taken(flights, program):
    assert program().post(ALERTS, notification(alert()), format="json").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, [], {"alerts": {}}, {"alerts": [7]}, {"alerts": [{"labels": {}}]}, {"alerts": [{"status": "odd"}]}]
)
def test_what_is_no_notification_is_refused(flights, tom, program, body):
    assert program(tom).post(ALERTS, body, format="json").status_code == 400
