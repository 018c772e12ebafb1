"""Outcomes come by prediction id, and are on the disk when the client is told so."""

import json

import pytest

from bundle import identity
from bundle.monitoring import Outcome
from tests.webapp.serving.client import approve
from tests.webapp.serving.small import ROW

NOON = 1383480000000  # 3 November 2013, 12:00 UTC, in milliseconds
OF_NOON = identity.make(NOON)


@pytest.fixture
def client(serve, data):
    approve(data, 1)
    return serve(max_rows=10)


def kept(data):
    return {
        path.parent.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in (data / "outcomes" / "small").rglob("*.jsonl")
    }


def test_it_works(client, data):
    predicted = client.post("/predict/small", {"rows": [ROW, ROW]}, x_plumbline_time="2013-11-03T12:00:00+00:00")
    asked = predicted.headers["x-prediction-id"]
    told = client.post(
        "/outcomes/small", {"outcomes": [{"id": asked, "value": 1}, {"id": asked, "row": 1, "value": 0}]}
    )
    assert (told.status, told.json()) == (200, {"accepted": 2})
    [first, second] = kept(data)["2013-11-03"]
    assert first.keys() == Outcome.__annotations__.keys()
    assert [(one["id"], one["row"], one["value"]) for one in (first, second)] == [(asked, 0, 1.0), (asked, 1, 0.0)]


def test_each_is_kept_with_the_day_of_its_answer(client, data):
    ids = [identity.make(NOON + day * 86_400_000) for day in (0, 1, 0)]
    client.post("/outcomes/small", {"outcomes": [{"id": one, "value": True} for one in ids]})
    assert {day: len(lines) for day, lines in kept(data).items()} == {"2013-11-03": 2, "2013-11-04": 1}


def test_a_model_that_is_served_no_more_still_has_outcomes(client, data):
    (data / "serving" / "small.json").unlink()
    assert client.post("/outcomes/small", {"outcomes": [{"id": OF_NOON, "value": 1}]}).status == 200


def test_all_faults_are_told_at_once_and_nothing_is_kept(client, data):
    answer = client.post(
        "/outcomes/small",
        {
            "outcomes": [
                {"id": OF_NOON, "value": 1},
                {"id": "../../etc", "value": 2},
                {"value": "yes", "row": -1, "colour": "red"},
                7,
                {"id": OF_NOON, "row": True, "value": None},
            ]
        },
    )
    assert answer.status == 400
    assert answer.error.split("; ") == [
        "outcome 1, id: expected the X-Prediction-Id of an answer, got '../../etc'",
        "outcome 1, value: expected 0 or 1, got 2",
        "outcome 2, colour: there is no such field",
        "outcome 2, id: expected the X-Prediction-Id of an answer, got nothing",
        "outcome 2, row: expected the place of a row in the request, from 0, got -1",
        "outcome 2, value: expected 0 or 1, got 'yes'",
        'outcome 3: expected an object with "id" and "value", got 7',
        "outcome 4, row: expected the place of a row in the request, from 0, got True",
        "outcome 4, value: expected 0 or 1, got None",
    ]
    assert kept(data) == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        ({"rows": []}, 400),
        ({"outcomes": []}, 400),
        ({"outcomes": {"id": OF_NOON}}, 400),
        ({"outcomes": [{"id": OF_NOON, "value": 1}] * 11}, 413),
    ],
)
def test_what_is_no_list_of_outcomes_is_refused(client, data, body, status):
    answer = client.post("/outcomes/small", body)
    assert answer.status == status
    assert answer.error
    assert kept(data) == {}


@pytest.mark.parametrize("name", ["other", "..%2f..", "%2e%2e", "small%00", "."])
def test_outcomes_of_no_model_are_refused(client, data, name):
    assert client.post(f"/outcomes/{name}", {"outcomes": [{"id": OF_NOON, "value": 1}]}).status in (400, 404)
    assert not (data / "outcomes").exists()


def test_another_method_is_refused(client):
    answer = client.get("/outcomes/small")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_outcomes_that_can_not_be_written_are_to_be_sent_again(client, data):
    (data / "outcomes").write_text("in the way")
    answer = client.post("/outcomes/small", {"outcomes": [{"id": OF_NOON, "value": 1}]})
    assert answer.status == 503
    assert answer.error == "The outcomes could not be kept. Send them all again."
    (data / "outcomes").unlink()
    assert client.post("/outcomes/small", {"outcomes": [{"id": OF_NOON, "value": 1}]}).status == 200
