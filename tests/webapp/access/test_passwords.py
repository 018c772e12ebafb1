"""A password that was made for somebody must be changed before anything else."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from webapp.access.models import OneTimePassword

CHANGE = "/admin/password_change/"
OWN = "a phrase of my own"


@pytest.fixture
def made(shelf, capsys):
    """The password that setup made."""
    call_command("setup")
    return capsys.readouterr().out.split("password: ")[1].split()[0]


@pytest.fixture
def administrator(made, client):
    """The administrator's browser, just logged in with it."""
    logged_in = client.post("/admin/login/", {"username": "admin", "password": made})
    assert logged_in.status_code == 302
    return client


def change(client, old, new):
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def test_it_works(administrator, made):
    led = administrator.get("/admin/registry/version/", follow=True)
    assert led.redirect_chain == [(CHANGE, 302)]
    assert "Your password was made for you: choose one of your own first." in led.content.decode()
    assert change(administrator, made, OWN).status_code == 302
    assert administrator.get("/admin/registry/version/").status_code == 200
    assert not OneTimePassword.objects.exists()
    assert User.objects.get().check_password(OWN)


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/auth/user/add/", "/admin/access/token/add/"])
def test_every_other_page_leads_there(administrator, path):
    for ask in (administrator.get, administrator.post):
        assert ask(path, follow=False).url == CHANGE


def test_the_api_says_what_to_do(administrator):
    answer = administrator.get("/api/v1/models/")
    assert answer.status_code == 403
    assert CHANGE in answer.json()["detail"]


def test_the_same_password_is_none_of_ones_own(administrator, made):
    page = change(administrator, made, made)
    assert page.status_code == 200
    assert "Choose another password than the one that was made for you." in page.content.decode()
    assert administrator.get("/admin/").url == CHANGE


def test_logging_out_is_always_possible(administrator):
    assert administrator.post("/admin/logout/").status_code == 200
    assert "/admin/login/" in administrator.get("/admin/").url


def test_who_chose_their_own_is_not_asked(root, browser, django_assert_num_queries):
    assert browser(root).get("/admin/registry/version/").status_code == 200
