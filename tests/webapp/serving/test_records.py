"""The plain form: rows of named values in, predictions out."""

import pytest

from tests.webapp.serving.small import PROBABILITY, ROW


def test_it_works(client):
    answer = client.post("/predict/small", {"rows": [ROW, {"distance": 1000, "carrier": "UA"}]})
    assert answer.status == 200
    assert answer.json() == {
        "model": "small",
        "version": 2,
        "predictions": [{"probability": PROBABILITY[2], "decision": 1}, {"probability": 0.8807971, "decision": 1}],
    }
    assert answer.headers["x-plumbline-version"] == "2"
    assert len(answer.headers["x-prediction-id"]) == 32


def test_two_answers_have_two_identities(client):
    one, other = (client.post("/predict/small", {"rows": [ROW]}).headers["x-prediction-id"] for _ in range(2))
    assert one != other


def test_fields_that_the_model_does_not_know_are_passed_over(client):
    assert client.post("/predict/small", {"rows": [ROW | {"colour": "red"}], "more": 1}).status == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "has no 'rows'"),
        ({"rows": []}, "at least one row, got none"),
        ({"rows": {}}, "a list of rows, got an object"),
        ({"rows": [ROW, [1, "UA"]]}, "row 1: expected an object with a value for each field, got a list"),
    ],
)
def test_what_is_no_row_is_refused(client, body, told):
    answer = client.post("/predict/small", body)
    assert answer.status == 400
    assert told in answer.error


def test_all_faults_are_told_at_once(client):
    rows = [{"distance": "far", "carrier": 1}, ROW, {"distance": True}]
    assert client.post("/predict/small", {"rows": rows}).error == (
        "row 0, distance: expected a finite number or null, got 'far'; "
        "row 2, distance: expected a finite number or null, got True; "
        "row 0, carrier: expected text or null, got 1; "
        "row 2, carrier: expected text or null, got nothing"
    )
