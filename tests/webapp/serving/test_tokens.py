"""Who may ask: those who have a token of the file that access leaves, and nobody without one."""

import time

import pytest

from tests.webapp.serving.client import SECRET, approve, until
from tests.webapp.serving.small import ROW
from webapp import predict_tokens
from webapp.predict_tokens import NAME, digest_of
from webapp.serving.settings import Settings
from webapp.serving.tokens import Followed, check

PREDICT = "/v1/models/small:predict"
RIGHT, OTHER = "plumb_right", "plumb_other"


def allow(data, *secrets, seconds=3600.0, signed_with=SECRET):
    """Do what making a token does: leave the file."""
    expires = {digest_of(secret): time.time() + seconds for secret in secrets}
    predict_tokens.write(data / "serving", expires, signed_with)


def ask(client, secret=RIGHT):
    return client.post(PREDICT, {"instances": [ROW]}, authorization=f"Bearer {secret}")


@pytest.fixture
def guarded(serve, data):
    approve(data, 1)
    allow(data, RIGHT)
    return serve(guarded=True)


@pytest.mark.parametrize("header", [f"Bearer {RIGHT}", f"bearer {RIGHT}", f"Token  {RIGHT}"])
def test_it_works(guarded, header):
    assert guarded.post(PREDICT, {"instances": [ROW]}, authorization=header).status == 200


@pytest.mark.parametrize(
    "header",
    ["", RIGHT, "Bearer", "Bearer ", "Bearer wrong", f"Basic {RIGHT}", f"Bearer {RIGHT} {RIGHT}", "Bearer \xff",
     f"Bearer {digest_of(RIGHT)}"],
)  # fmt: skip
@pytest.mark.parametrize("path", [PREDICT, "/v2/models/small/infer", "/predict/small", "/v1/models/none:predict"])
def test_any_other_may_not(guarded, header, path):
    answer = guarded.post(path, b"{", authorization=header)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "plumb" not in answer.error
    assert guarded.received == 0


def test_what_an_earlier_secret_signed_opens_where_that_is_named(serve, data):
    approve(data, 1)
    allow(data, RIGHT, signed_with="earlier")
    assert ask(serve(guarded=True, earlier=("earlier",))).status == 200
    assert ask(serve(guarded=True)).status == 401


def test_what_is_served_is_not_told_either(guarded):
    for path in ("/v1/models", "/v1/models/small", "/v1/models/small/metadata", "/v2/models/small"):
        assert guarded.get(path).status == 401


def test_probes_need_none(guarded):
    for path in ("/v2", "/v2/health/live", "/v2/health/ready"):
        assert guarded.get(path).status == 200


def test_without_the_file_nobody_may_ask(serve, data):
    approve(data, 1)
    client = serve(guarded=True)
    assert ask(client).status == 401
    allow(data, RIGHT)
    until(lambda: ask(client).status == 200)


def test_a_token_that_is_made_or_revoked_counts_within_a_second(serve, data):
    approve(data, 1)
    allow(data, RIGHT)
    client = serve(guarded=True, poll_seconds=0.5)
    started = time.monotonic()
    allow(data, OTHER)
    until(lambda: ask(client, OTHER).status == 200)
    assert ask(client, RIGHT).status == 401
    assert time.monotonic() - started < 1


def test_an_expired_token_is_refused_from_that_second_on_and_told_so(guarded, data):
    allow(data, RIGHT, seconds=1.0)
    answer = until(lambda: (told := ask(guarded)).status == 401 and told)
    assert "This token expired on " in answer.error


@pytest.mark.parametrize("fault", ["missing", "tampered with", "of another secret", "an old one"])
def test_where_the_file_can_not_be_believed_the_tokens_of_before_go_on(guarded, data, caplog, fault):
    path = data / "serving" / NAME
    if fault == "missing":
        path.unlink()
    elif fault == "tampered with":
        path.write_text(path.read_text().replace(digest_of(RIGHT), digest_of(OTHER)))
    elif fault == "of another secret":
        allow(data, OTHER, signed_with="another secret")
    else:
        old = path.read_text()
        allow(data, RIGHT, OTHER)
        until(lambda: ask(guarded, OTHER).status == 200)
        allow(data, RIGHT)
        until(lambda: ask(guarded, OTHER).status == 401)
        path.write_text(old.replace("\n", " "))
    tokens = guarded.app.follower.tokens
    told = until(lambda: tokens.fault)
    assert "Run manage.py setup" in told
    assert caplog.text.count(told) == 1
    assert (ask(guarded).status, ask(guarded, OTHER).status) == (200, 401)
    allow(data, OTHER)
    until(lambda: ask(guarded, OTHER).status == 200)
    assert not tokens.fault


def test_pointers_are_not_looked_for_among_the_tokens(guarded):
    assert guarded.app.follower.table.models.keys() == {"small"}
    assert not guarded.app.follower.table.faults


@pytest.mark.parametrize("mode", ["production", "local"])
def test_outside_local_mode_a_server_without_pages_is_guarded_too(monkeypatch, mode):
    monkeypatch.setenv("PLUMBLINE_MODE", mode)
    assert Settings.from_environment().guarded == (mode == "production")


def test_a_check_takes_microseconds(data):
    allow(data, *(f"plumb_{number}" for number in range(1000)), RIGHT)
    tokens = Followed(Settings(data, SECRET, guarded=True))
    tokens.look()
    headers = {b"authorization": f"Bearer {RIGHT}".encode()}
    started = time.perf_counter()
    for _ in range(10_000):
        check(headers, tokens)
    assert (time.perf_counter() - started) / 10_000 < 10e-6  # about 1 on a quiet machine
