"""What no request may do: crash a worker, be guessed at, or cost more than the limits say."""

import time

import pytest

from tests.webapp.serving.client import NEVER, approve
from tests.webapp.serving.small import ROW

PATHS = ("/v1/models/small:predict", "/v2/models/small/infer", "/predict/small")
GOOD = {"instances": [ROW]}


@pytest.fixture(autouse=True)
def goes_on(client):
    """After whatever was asked, a good request gets its answer."""
    yield
    assert client.post(PATHS[0], GOOD).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"{}", b"instances=1", b"\x00"])
def test_case_38_a_malformed_body_is_refused(client, path, body):
    answer = client.post(path, body)
    assert answer.status == 400
    assert answer.error
    assert len(answer.headers["x-prediction-id"]) == 32


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
def test_case_38_a_wrong_method_is_refused(client, path, method):
    answer = client.request(method, path)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("value", [b"true", b'"12"', b"[1]", b"[[1]]", b'{"a": 1}'])
def test_case_39_a_value_of_another_type_is_refused(client, value):
    answer = client.post(
        PATHS[0], b'{"instances": [{"distance": 1, "carrier": ""}, {"carrier": "", "distance": %b}]}' % value
    )
    assert answer.status == 400
    assert answer.error.startswith("row 1, distance: expected a finite number or null, got ")


def test_case_39_a_missing_field_is_refused(client):
    answer = client.post(PATHS[0], {"instances": [ROW, {"distance": 1}]})
    assert answer.status == 400
    assert answer.error == "row 1, carrier: expected text or null, got nothing"


@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b"-1e400", b"1e39", b"9" * 200]
)
def test_case_40_a_number_that_is_none_is_refused(client, number):
    answer = client.post(PATHS[0], b'{"instances": [{"distance": %b, "carrier": ""}]}' % number)
    assert answer.status == 400
    assert "JSON Parse error" in answer.error or "row 0, distance: expected a finite number" in answer.error


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"instances":' + b"[" * 100_000, b'{"a":' * 100_000])
def test_case_41_deep_nesting_is_refused_at_once(client, path, body):
    started = time.monotonic()
    assert client.post(path, body).status == 400
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "body",
    [
        '{"instances": %s}',
        '{"instances": [{"distance": 1, "carrier": %s}]}',
        '{"instances": [{"distance": {"b64": %s}, "carrier": ""}]}',
        '{"instances": [], "signature_name": %s}',
        '{"inputs": %s}',
        '{"inputs": [], "id": %s}',
        '{"inputs": [], "outputs": %s}',
        '{"inputs": [{"name": "distance", "datatype": %s}]}',
        '{"inputs": [{"name": "distance", "datatype": "FP32", "shape": %s}]}',
        '{"rows": %s}',
        '{"rows": [{"distance": %s}]}',
    ],
)
@pytest.mark.parametrize("nested", ["[" * 1000 + "]" * 1000, '{"b64":' * 1000 + "1" + "}" * 1000])
def test_case_41_as_deep_as_json_may_be_is_refused(client, body, nested):
    for path in PATHS:
        assert client.post(path, (body % nested).encode()).status == 400


def test_case_41_a_long_text_is_refused_at_once(serve, data):
    approve(data, 1)
    client = serve()
    rows = [ROW] * 1000 + [ROW | {"carrier": "x" * 10_000_000}]
    started = time.monotonic()
    answer = client.post(PATHS[0], {"instances": rows})
    assert time.monotonic() - started < 1
    assert answer.status == 400
    assert answer.error == "row 1000, carrier: expected at most 1,000 characters, got 10,000,000"


def test_case_42_a_large_body_is_not_read(client):
    answer = client.request("POST", PATHS[0], b"{", content_length="100000000")
    assert (answer.status, client.received) == (413, 0)
    assert (
        answer.error == "A request may have at most 1,000,000 bytes, got 100,000,000. Split it into several requests."
    )


def test_case_42_a_large_body_without_a_length_is_not_read_to_its_end(client):
    answer = client.request("POST", PATHS[0], *[b" " * 100_000] * 1000)
    assert answer.status == 413
    assert client.received == 11


def test_case_43_too_many_rows_are_refused(client):
    answer = client.post(PATHS[0], {"instances": [1] * 300_000})
    assert answer.status == 413
    assert answer.error == "A request may have at most 1,000 rows, got 300,000. Split it into several requests."


def test_as_many_rows_as_may_be_are_answered(client):
    answer = client.post(PATHS[0], {"inputs": {"distance": list(range(1000)), "carrier": ["UA"] * 1000}})
    assert len(answer.json()["outputs"]["decision"]) == 1000


def test_a_body_that_breaks_off_is_no_request(client):
    answer = client.request("POST", PATHS[0], b'{"instances": [')
    assert answer.status == 400
    assert "JSON Parse error" in answer.error


@pytest.mark.parametrize("chunks", [(b"{", NEVER), (NEVER,)])
def test_a_body_that_never_ends_or_begins_is_cut(serve, data, chunks):
    approve(data, 1)
    answer = serve(body_seconds=0.05).request("POST", PATHS[0], *chunks)
    assert answer.status == 408
    assert "within 0.05 s" in answer.error


@pytest.mark.parametrize(
    "name",
    ["../x", "%2e%2e%2f", "%252e%252e", "..%5c", "%00", "/proc/self/root", "small%23", "small%3b", "x" * 5000, "%ff"],
)
@pytest.mark.parametrize("path", ["/v1/models/{}:predict", "/v2/models/{}/infer", "/predict/{}"])
def test_case_61_no_name_leads_out_of_the_store(client, path, name):
    assert client.post(path.format(name), GOOD).status in (400, 404)
