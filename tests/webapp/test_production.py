"""The real server as other people depend on it: what it does not start with, what it tells, what it keeps to itself."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import BIN
from tests.sample import REPOSITORY
from tests.webapp.serving.client import until
from tests.webapp.whole import PRODUCTION, environment, manage, serving, site, token

pytestmark = pytest.mark.slow

PREDICT = "/v1/models/small:predict"
HOST = {"Host": "models.example.org", "X_Forwarded_Proto": "https"}
"""What the proxy in front says of every request."""
FORMS = HOST | {"Referer": "https://models.example.org/"}
OWN = "a pass phrase of my own"
PASSWORD = "hunter2-and-a-tail-that-is-typed-wrongly"
IN_URL = "pa55-of-the-database"


@pytest.fixture
def data(published, tmp_path):
    shutil.copytree(published / "models" / "small" / "1", tmp_path / "models" / "small" / "1")
    return tmp_path


def gunicorn(data: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Try to start; a server that does start is a fault of the test that asked."""
    return subprocess.run(
        [str(BIN / "gunicorn")],
        cwd=REPOSITORY,
        env=environment(data, PLUMBLINE_BIND="127.0.0.1:0", **PRODUCTION | more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"DJANGO_SECRET_KEY": ""}, "DJANGO_SECRET_KEY"),
        ({"DJANGO_SECRET_KEY": "django-insecure-change-me-change-me-change-me-change-me"}, "DJANGO_SECRET_KEY"),
        ({"DJANGO_DEBUG": "1"}, "DJANGO_DEBUG"),
        ({"DJANGO_ALLOWED_HOSTS": "*"}, "DJANGO_ALLOWED_HOSTS"),
        ({"DJANGO_ALLOWED_HOSTS": ""}, "DJANGO_ALLOWED_HOSTS"),
        ({"PLUMBLINE_MODE": "prod"}, "PLUMBLINE_MODE"),
    ],
)
def test_case_65_a_wrong_setting_keeps_the_server_from_starting(tmp_path, wrong, named):
    started = gunicorn(tmp_path, **wrong)
    assert started.returncode not in (0, None)
    assert f"{named} must" in started.stdout + started.stderr


def test_case_65_the_deployment_check_has_nothing_to_say(tmp_path):
    checked = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


@pytest.fixture(scope="module")
def server(published, tmp_path_factory):
    """With a candidate, and an administrator who chose a password of their own."""
    data = tmp_path_factory.mktemp("production")
    shutil.copytree(published / "models" / "small" / "1", data / "models" / "small" / "1")
    with site(data, **PRODUCTION) as started:
        session = started.log_in("admin", started.password, **FORMS)
        old = {"old_password": started.password}
        session.post("/admin/password_change/", **old, new_password1=OWN, new_password2=OWN)
        yield replace(started, password=OWN)


def test_case_65_a_forged_host_is_refused_and_no_page_shows_a_traceback(server):
    for path in ("/", "/admin/", "/admin/login/", "/api/v1/models/", "/api/docs/", "/nothing"):
        reply = server.ask("GET", path, **HOST | {"Host": "evil.example"})
        assert reply.status == 400, path
        assert b"evil.example" not in reply.body
    for path in ("/nothing", "/admin/nothing/", "/api/v1/nothing/", "/admin/login/?next=//evil.example"):
        reply = server.ask("GET", path, **HOST)
        assert reply.status < 500
        for word in (b"Traceback", b"DEBUG", b"settings", b"site-packages"):
            assert word not in reply.body, path


def test_case_59_cookies_go_nowhere_else(server):
    session = server.log_in("admin", server.password, **FORMS)
    for name, flags in (
        ("sessionid", ("HttpOnly", "Secure", "SameSite=Lax")),
        ("csrftoken", ("Secure", "SameSite=Lax")),
    ):
        assert all(flag in session.told[name] for flag in flags), session.told[name]


def test_case_59_what_another_site_sends_with_the_cookie_is_refused(server):
    session = server.log_in("admin", server.password, **FORMS)
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie, **HOST}
    verbs = ("approve", "reject", "retire", "roll-back")
    for path in (*(f"/admin/registry/version/1/{verb}/" for verb in verbs), "/admin/access/token/add/"):
        body = b"reason=x&name=x&purpose=api&owner=1&days=9"
        for more in ({"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"}, {}):
            assert server.ask("POST", path, body, **form | more).status == 403, (path, more)
    for verb in verbs:
        told = server.ask("POST", f"/api/v1/models/small/versions/1/{verb}/", b"reason=x", **form)
        assert told.status == 403
    assert session.get("/admin/registry/version/1/change/").body.count(b"candidate")


def test_a_token_opens_what_it_is_for_without_a_restart(server):
    predict, api = token(server.data, "predict", **PRODUCTION), token(server.data, "api", **PRODUCTION)

    def asks(path, secret):
        return server.ask("GET", path, **HOST | {"Authorization": f"Bearer {secret}"}).status

    until(lambda: asks("/v1/models", predict) == 200, 2)
    assert asks("/v1/models", api) == 401
    assert asks("/api/v1/models/", api) == 200
    assert asks("/api/v1/models/", predict) == 401
    assert server.ask("GET", "/v1/models").status == 401


def kept(data: Path) -> str:
    """All that the server wrote anywhere: its log, the database with the audit trail, and what it left for serving."""
    found = [path for path in data.rglob("*") if path.is_file() and "models" not in path.parts]
    return "\n".join(path.read_bytes().decode("latin-1") for path in found)


def test_case_66_no_secret_is_told_by_anything_that_fails(data):
    """Neither in an answer nor in a log, a file or the database."""
    with site(data, **PRODUCTION) as server:
        predict, api = token(data, "predict", **PRODUCTION), token(data, "api", **PRODUCTION)
        answers = failing(server, predict, api)
    broken = PRODUCTION | {"DATABASE_URL": f"postgres://plumb:{IN_URL}@127.0.0.1:1/plumb?connect_timeout=1"}
    failed = manage(data, "setup", **broken)
    assert failed.returncode != 0
    with serving(data, **broken) as server:
        answers += failing(server, predict, api)
    told = answers + kept(data) + failed.stdout + failed.stderr
    assert "127.0.0.1" in failed.stderr, "the fault was told, and it was this one"
    for secret in (predict, api, PRODUCTION["DJANGO_SECRET_KEY"], PASSWORD, server.password or IN_URL, IN_URL):
        assert secret not in told
        assert secret[6:30] not in told


def failing(server, predict: str, api: str) -> str:
    """Every answer to requests that carry secrets and go wrong."""
    session = server.log_in("admin", PASSWORD, **FORMS)
    replies = [session.get("/admin/")]
    for secret in (predict, api):
        carried = HOST | {"Authorization": f"Bearer {secret}"}
        form = carried | {"Content_Type": "application/json"}
        posted = (PREDICT, "/v2/models/small/infer", "/predict/small", "/api/v1/models/small/versions/1/approve/")
        replies += [server.ask("POST", path, b"{", **form) for path in posted]
        asked = ("/api/v1/models/", "/api/v1/versions/?number=x", "/v1/models", "/admin/login/")
        replies += [server.ask("GET", path, **carried) for path in asked]
    return "\n".join(f"{reply.headers} {reply.body.decode('latin-1')}" for reply in replies)
