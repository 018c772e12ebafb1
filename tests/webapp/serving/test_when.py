"""A request may say which moment it is about."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bundle import identity
from tests.webapp.serving.client import approve
from tests.webapp.serving.small import ROW


@pytest.fixture
def client(serve, data):
    approve(data, 1)
    return serve()


def logged(data):
    [path] = (data / "served").rglob("*.jsonl")
    return path.parent.name, json.loads(path.read_text())


def test_it_works(client, data):
    answer = client.post("/predict/small", {"rows": [ROW]}, x_plumbline_time="2013-11-03T12:00:00-05:00")
    asked = answer.headers["x-prediction-id"]
    assert identity.moment(asked) == datetime(2013, 11, 3, 17, tzinfo=UTC)
    client.close()
    day, line = logged(data)
    assert (day, line["at"], line["ids"]) == ("2013-11-03", ["2013-11-03T17:00:00Z"], [asked])
    assert line["answered"][0] > "2026"


def test_without_a_word_it_is_about_now(client, data):
    asked = client.post("/predict/small", {"rows": [ROW]}).headers["x-prediction-id"]
    assert abs(datetime.now(UTC) - identity.moment(asked)) < timedelta(seconds=5)
    client.close()
    _, line = logged(data)
    assert line["at"] == line["answered"]


@pytest.mark.parametrize(
    "moment",
    ["", "yesterday", "2013-11-03", "2013-11-03T12:00:00", "2999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "7"],
)
def test_what_is_no_past_moment_is_refused(client, moment):
    answer = client.post("/predict/small", {"rows": [ROW]}, x_plumbline_time=moment)
    assert answer.status == 400
    assert "X-Plumbline-Time must be a past moment with its offset from UTC" in answer.error
    assert repr(moment) in answer.error
