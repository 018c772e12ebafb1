"""Who guesses passwords waits; nobody else does."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

PASSWORD = "a phrase of her own"
LOGIN = "/admin/login/"


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada", password=PASSWORD, is_staff=True)


def log_in(client, password=PASSWORD, name="ada", **given):
    return client.post(LOGIN, {"username": name, "password": password}, **given)


def guess(client, settings, **given):
    answers = [log_in(client, f"guess {number}", **given) for number in range(settings.AXES_FAILURE_LIMIT)]
    assert [one.status_code for one in answers[:-1]] == [200] * (len(answers) - 1)
    return answers[-1]


def test_it_works(client, ada):
    assert log_in(client, "wrong").status_code == 200
    assert log_in(client).status_code == 302


def test_after_ten_wrong_passwords_none_is_looked_at(client, ada, settings):
    locked = guess(client, settings)
    assert locked.status_code == 429
    page = locked.content.decode()
    assert "10 wrong passwords were given under this name, from your address." in page
    assert "For 15 minutes no password is looked at." in page
    assert locked["Retry-After"] == "900"
    assert log_in(client).status_code == 429
    assert log_in(client, name="other").status_code == 200


def test_what_was_typed_for_a_name_is_not_logged(client, ada, settings, caplog):
    guess(client, settings, name="a phrase of her own")
    assert "from 127.0.0.1" in caplog.text.replace('ip_address: "', "from ")
    assert "a phrase of her own" not in caplog.text


def test_nobody_is_shut_out_from_elsewhere(client, ada, settings):
    """Also where all come through the same proxy, and whatever a client says of its own address."""
    through = {"REMOTE_ADDR": "127.0.0.1"}
    assert guess(client, settings, headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}, **through).status_code == 429
    assert log_in(client, headers={"X-Forwarded-For": "198.51.100.7"}, **through).status_code == 429
    assert log_in(client, headers={"X-Forwarded-For": "192.0.2.1"}, **through).status_code == 302


def test_who_waited_or_was_right_in_between_begins_anew(client, ada, settings):
    settings.AXES_COOLOFF_TIME = timedelta(seconds=1)
    assert guess(client, settings).status_code == 429
    time.sleep(1.1)
    assert log_in(client).status_code == 302
    for _ in range(2):
        for number in range(settings.AXES_FAILURE_LIMIT - 1):
            assert log_in(client, f"guess {number}").status_code == 200
        assert log_in(client).status_code == 302
