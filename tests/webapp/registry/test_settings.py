"""A deployment that would be unsafe does not start, and says why."""

import os
import stat
import subprocess
import sys

import pytest

from tests.sample import REPOSITORY
from webapp.checks import is_sample

GOOD = {
    "PLUMBLINE_MODE": "production",
    "DJANGO_SECRET_KEY": "q8Zt3vW1yB6nK0rE5uI9oP2aS7dF4gHjLm2Xc4Vb7Nq1We3Rt5Y",
    "DJANGO_ALLOWED_HOSTS": "models.example.org",
}
START = "import webapp.asgi"


def python(program, folder, **environment):
    """Run a program as the server would be, in an environment with nothing else of ours in it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PLUMBLINE"))}
    return subprocess.run(
        [sys.executable, *program],
        cwd=REPOSITORY,
        env={**inherited, "PLUMBLINE_DATA": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_works(tmp_path):
    checked = python(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], tmp_path, **GOOD)
    assert checked.returncode == 0, checked.stderr
    assert not (tmp_path / "secret_key").exists()


def test_case_65_every_fault_is_told_at_once(tmp_path):
    wrong = {"DJANGO_SECRET_KEY": "", "DJANGO_DEBUG": "1", "DJANGO_ALLOWED_HOSTS": "*"}
    started = python(["-c", START], tmp_path, **GOOD | wrong)
    assert started.returncode == 1
    for name, number in (("DJANGO_SECRET_KEY", 1), ("DJANGO_DEBUG", 3), ("DJANGO_ALLOWED_HOSTS", 4)):
        assert name in started.stderr
        assert f"plumbline.E00{number}" in started.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"DJANGO_SECRET_KEY": "change-me-change-me-change-me-change-me"}, "plumbline.E002"),
        ({"DJANGO_ALLOWED_HOSTS": ""}, "names nothing"),
        ({"DJANGO_DEBUG": "perhaps"}, "DJANGO_DEBUG must be one of"),
        ({"PLUMBLINE_FORWARDED_ALLOW_IPS": "proxy"}, "PLUMBLINE_FORWARDED_ALLOW_IPS must be addresses or networks"),
        ({"PLUMBLINE_MODE": "prod"}, "PLUMBLINE_MODE must be one of local, production, got 'prod'"),
    ],
)
def test_case_65_one_fault(tmp_path, wrong, told):
    started = python(["-c", START], tmp_path, **GOOD | wrong)
    assert started.returncode == 1
    assert told in started.stderr


@pytest.mark.parametrize("secret", ["short", "x" * 50, "django-insecure-8Zt3vW1yB6nK0rE5uI9oP2aS7dF4gH", "ab" * 20])
def test_secrets_that_are_none(secret):
    assert is_sample(secret)


def test_a_local_secret_is_made_once_and_for_its_owner_alone(tmp_path):
    ask = ["-c", "from webapp import settings; print(settings.SECRET_KEY, settings.DEBUG, settings.ALLOWED_HOSTS)"]
    first, second = (python(ask, tmp_path).stdout for _ in range(2))
    assert first == second
    assert first.endswith("False ['127.0.0.1', 'localhost', '[::1]']\n")
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert len((tmp_path / "secret_key").read_text()) == 50
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_case_65_a_forged_host(client):
    response = client.get("/admin/login/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "Traceback" not in response.content.decode()


def test_cookies_in_production(tmp_path):
    ask = (
        "from webapp import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT)"
    )
    assert python(["-c", ask], tmp_path, **GOOD).stdout == "True True True\n"


def test_alertmanager_needs_no_proxy(client, db, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/admin/login/").status_code == 301
    assert client.post("/api/v1/alerts/").status_code != 301


def test_case_51_a_database_that_is_silent_is_given_up(tmp_path):
    ask = ["-c", "from webapp import settings; print(settings.DATABASES['default']['OPTIONS'])"]
    url = "postgres://a:b@db/c"
    assert "'connect_timeout': 5," in python(ask, tmp_path, DATABASE_URL=url).stdout
    assert "'connect_timeout': 9," in python(ask, tmp_path, DATABASE_URL=f"{url}?connect_timeout=9").stdout


def test_the_tables_are_those_of_the_models(db):
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run")
