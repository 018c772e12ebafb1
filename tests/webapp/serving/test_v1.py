"""TensorFlow Serving's REST interface: its paths, bodies, replies and errors."""

import base64

import pytest

from tests.webapp.serving.small import PROBABILITY, ROW

PREDICT = "/v1/models/small:predict"
AVAILABLE = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
LIVE = {"probability": PROBABILITY[2], "decision": 1}


def test_it_works(client):
    answer = client.post(PREDICT, {"instances": [ROW, ROW]})
    assert (answer.status, answer.json()) == (200, {"predictions": [LIVE, LIVE]})
    assert answer.headers["x-plumbline-version"] == "2"


def test_columns_in_are_columns_out(client):
    answer = client.post(PREDICT, {"inputs": {"distance": [0, 0], "carrier": ["", None]}})
    assert answer.json() == {"outputs": {"probability": [PROBABILITY[2]] * 2, "decision": [1, 1]}}


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/v1/models/small/versions/1:predict", "1"),
        ("/v1/models/small/labels/stable:predict", "1"),
        ("/v1/models/small/labels/%C3%BCn%C3%AF%20c%C3%B6d%C3%A9:predict", "2"),
        ("/v1/models/sm%61ll:predict", "2"),
        ("/V1/Models/small/VERSIONS/2:PREDICT", "2"),
    ],
)
def test_a_path_names_a_version(client, path, version):
    answer = client.post(path, {"instances": [ROW]})
    assert answer.headers["x-plumbline-version"] == version
    assert answer.json()["predictions"][0]["probability"] == PROBABILITY[int(version)]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", ""])
def test_the_content_type_is_ignored(client, kind):
    assert client.post(PREDICT, {"instances": [ROW]}, content_type=kind).status == 200


def test_status_names_every_version_or_one(client):
    assert client.get("/v1/models/small").json() == {
        "model_version_status": [{"version": "2", **AVAILABLE}, {"version": "1", **AVAILABLE}]
    }
    assert client.get("/v1/models/small/versions/1").json() == {"model_version_status": [{"version": "1", **AVAILABLE}]}
    assert client.get("/v1/models/small/labels/stable").json()["model_version_status"][0]["version"] == "1"
    assert client.get("/v1/models").json() == {"models": ["small"]}


def test_metadata_has_the_signature(client):
    told = client.get("/v1/models/small/versions/1/metadata").json()
    assert told["model_spec"] == {"name": "small", "signature_name": "", "version": "1"}
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert {name: one["dtype"] for name, one in signature["inputs"].items()} == {
        "distance": "DT_FLOAT",
        "carrier": "DT_STRING",
    }
    assert {name: one["dtype"] for name, one in signature["outputs"].items()} == {
        "probability": "DT_FLOAT",
        "decision": "DT_INT64",
    }


def test_text_may_come_in_base_64(client):
    row = {"distance": 0, "carrier": {"b64": base64.b64encode(b"UA").decode()}}
    plain = client.post(PREDICT, {"instances": [{"distance": 0, "carrier": "UA"}]})
    assert client.post(PREDICT, {"instances": [row]}).json() == plain.json()
    assert client.post(PREDICT, {"instances": [ROW | {"carrier": {"b64": "/w=="}}]}).status == 400


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"instances": [ROW], "inputs": {}}, "must not both be given"),
        ({"instances": []}, "at least one row"),
        ({"instances": 5}, "a list of rows, got a number"),
        ({"instances": [5]}, "row 0: expected an object"),
        ({"instances": [ROW], "signature_name": "other"}, "signature_name must be 'serving_default'"),
        ({"inputs": [1, 2]}, "'inputs' must be an object"),
        ({"inputs": {"distance": 1}}, "carrier: expected a list with a value for each row, got nothing"),
        ({"inputs": {"distance": [1, 2], "carrier": ["UA"]}}, "carrier: expected 2 values as distance has, got 1"),
        ({"inputs": {"distance": [[1]], "carrier": ["UA"]}}, "row 0, distance: expected a finite number"),
    ],
)
def test_a_wrong_body_is_told(client, body, told):
    answer = client.post(PREDICT, body)
    assert answer.status == 400
    assert told in answer.error


def test_unknown_keys_are_passed_over(client):
    body = {"instances": [ROW], "signature_name": "serving_default", "more": [1]}
    assert client.post(PREDICT, body).status == 200


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/models/none:predict", "No version of none is approved yet"),
        ("/v1/models/small/versions/9:predict", "small has no version 9"),
        ("/v1/models/small/labels/canary:predict", "small has no label canary"),
        ("/v1/models/small/versions/99999999999999999:predict", "no version 99999999999999999"),
        ("/v1/models/..%2f..%2fetc%2fpasswd:predict", "Servable not found"),
        ("/v1/models/small%00:predict", "Servable not found"),
    ],
)
def test_what_is_not_served_is_not_found(client, path, told):
    answer = client.post(path, {"instances": [ROW]})
    assert answer.status == 404
    assert told in answer.error


@pytest.mark.parametrize(
    "path", ["/v1/models/small:classify", "/v1/models/small:predict/", "/v1/models/:predict", "/v1/", "/v1/models/a/b"]
)
def test_a_malformed_path_is_told(client, path):
    answer = client.post(path, {"instances": [ROW]})
    assert answer.status == 400
    assert "Malformed request: POST" in answer.error


def test_the_method_is_checked(client):
    for method, path in (("GET", PREDICT), ("PUT", PREDICT), ("POST", "/v1/models/small"), ("OPTIONS", PREDICT)):
        answer = client.request(method, path)
        assert answer.status == 405
        assert answer.headers["allow"] in ("POST", "GET, HEAD")
        assert method in answer.error
