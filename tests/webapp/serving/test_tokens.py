"""Who may ask: a check in memory, given by whoever starts the application."""

import pytest

from tests.webapp.serving.client import approve
from tests.webapp.serving.small import ROW

PREDICT = "/v1/models/small:predict"


@pytest.fixture
def guarded(serve, data):
    approve(data, 1)
    return serve(allowed={"right"}.__contains__)


@pytest.mark.parametrize("header", ["Bearer right", "bearer right", "Token right"])
def test_the_right_token_may_ask(guarded, header):
    assert guarded.post(PREDICT, {"instances": [ROW]}, authorization=header).status == 200


@pytest.mark.parametrize(
    "header", ["", "right", "Bearer", "Bearer wrong", "Basic right", "Bearer right right", "Bearer \xff"]
)
@pytest.mark.parametrize("path", [PREDICT, "/v2/models/small/infer", "/predict/small", "/v1/models/none:predict"])
def test_any_other_may_not(guarded, header, path):
    answer = guarded.post(path, b"{", authorization=header)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "right" not in answer.error
    assert guarded.received == 0


def test_what_is_served_is_not_told_either(guarded):
    for path in ("/v1/models", "/v1/models/small", "/v1/models/small/metadata", "/v2/models/small"):
        assert guarded.get(path).status == 401


def test_probes_need_none(guarded):
    for path in ("/v2", "/v2/health/live", "/v2/health/ready"):
        assert guarded.get(path).status == 200
