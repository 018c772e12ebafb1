"""Tokens: what is made is known by its hash alone, opens what it is for, and ends when it should."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from webapp import predict_tokens
from webapp.access.models import PREFIX, Purpose, Token
from webapp.predict_tokens import digest_of
from webapp.registry.models import Decision, State

LIST = "/admin/access/token/"
ADD = f"{LIST}add/"
MODELS = "/api/v1/models/"


def make(owner, purpose=Purpose.API, days=90):
    return Token.make(owner=owner, purpose=purpose, name="nightly job", days=days, by=owner.get_username())


def ask(secret, path=MODELS, scheme="Bearer"):
    return APIClient().get(path, headers={"Authorization": f"{scheme} {secret}"})


def served(settings):
    return predict_tokens.read(settings.SERVING_FOLDER, settings.SECRET_KEY).expires


def asked_for(owner, purpose="predict", days=90, **more):
    return {"name": "nightly job", "purpose": purpose, "owner": owner.pk, "days": days, **more}


def expire(token):
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "TOKEN"])
def test_it_works(shelf, ada, scheme):
    token, secret = make(ada)
    assert ask(secret, scheme=scheme).status_code == 200
    assert re.fullmatch(PREFIX + r"[\w-]{43}", secret)
    assert (token.expires_at - token.made_at).days == 90


def test_only_the_hash_is_kept_anywhere(shelf, ada, settings):
    """Nothing in the database or in what serving reads has the secret, or a part of it."""
    _, secret = make(ada, Purpose.PREDICT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM access_token")
        kept = repr(cursor.fetchall())
    kept += (settings.SERVING_FOLDER / predict_tokens.NAME).read_text()
    assert digest_of(secret) in kept
    assert secret.removeprefix(PREFIX)[:8] not in kept


def test_the_page_shows_the_secret_once(shelf, vera, browser, settings):
    client = browser(vera)
    page = client.post(ADD, asked_for(vera))
    (secret,) = set(re.findall(PREFIX + r"[\w-]{43}", page.content.decode()))
    assert "no-store" in page.headers["Cache-Control"]
    token = Token.objects.get()
    assert (token.owner, token.made_by, token.purpose, token.digest) == (vera, "vera", "predict", digest_of(secret))
    assert list(served(settings)) == [token.digest]
    for path in (LIST, f"{LIST}{token.pk}/change/", f"{LIST}{token.pk}/revoke/", f"{LIST}{token.pk}/history/"):
        later = client.get(path)
        assert later.status_code == 200
        assert secret not in later.content.decode()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"days": 0}, "greater than or equal to 1"),
        ({"days": 367}, "less than or equal to 366"),
        ({"days": "soon"}, "whole number"),
        ({"name": " "}, "required"),
        ({"purpose": "all"}, "not one of the available choices"),
    ],
)
def test_what_can_not_be_a_token_is_refused(shelf, vera, browser, wrong, told):
    page = browser(vera).post(ADD, asked_for(vera) | wrong)
    assert page.status_code == 400
    assert told in page.content.decode()
    assert not Token.objects.exists()


def test_nobody_makes_a_token_for_somebody_else(shelf, vera, ada, browser):
    page = browser(vera).post(ADD, asked_for(ada))
    assert page.status_code == 400
    assert not Token.objects.exists()


def test_an_administrator_makes_them_for_anybody_but_none_that_acts_as_them(shelf, root, ada, browser):
    """Else one person could make a version, and approve it in the name of another."""
    client = browser(root)
    refused = client.post(ADD, asked_for(ada, "api"))
    assert refused.status_code == 400
    assert "must be your own" in refused.content.decode()
    assert client.post(ADD, asked_for(ada, "predict")).status_code == 200
    token = Token.objects.get()
    assert (token.owner, token.made_by) == (ada, "root")


def test_a_person_sees_their_own_and_an_administrator_all(shelf, vera, ada, root, browser):
    mine, other = make(vera)[0], make(ada)[0]
    assert browser(vera).get(f"{LIST}{mine.pk}/change/").status_code == 200
    for what in ("change", "revoke", "history"):
        for response in (
            browser(vera).get(f"{LIST}{other.pk}/{what}/"),
            browser(vera).post(f"{LIST}{other.pk}/{what}/"),
        ):
            assert response.status_code in (302, 404), what  # for a row that is not there, the admin leads home
        assert browser(root).get(f"{LIST}{other.pk}/{what}/").status_code == 200
    assert not Token.objects.get(pk=other.pk).revoked_at
    assert browser(vera).get(LIST).content.decode().count("nightly job") == 1
    assert browser(root).get(LIST).content.decode().count("nightly job") == 2


def test_a_revoked_token_opens_nothing_and_says_so(shelf, vera, browser):
    token, secret = make(vera)
    browser(vera).post(f"{LIST}{token.pk}/revoke/")
    answer = ask(secret)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["detail"].startswith("This token was revoked on ")
    token.refresh_from_db()
    assert token.revoked_by == "vera"


def test_a_token_is_revoked_once(shelf, vera, root, browser):
    token, _ = make(vera)
    browser(vera).post(f"{LIST}{token.pk}/revoke/")
    first = Token.objects.get()
    browser(root).post(f"{LIST}{token.pk}/revoke/")
    again = Token.objects.get()
    assert (again.revoked_at, again.revoked_by) == (first.revoked_at, "vera")


def test_an_expired_token_opens_nothing_and_says_so(shelf, vera):
    token, secret = make(vera)
    expire(token)
    answer = ask(secret)
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("This token expired on ")


def test_a_token_of_somebody_who_left_opens_nothing(shelf, vera, settings):
    api, predict = make(vera)[1], make(vera, Purpose.PREDICT)[1]
    vera.is_active = False
    vera.save()
    assert ask(api).json() == {"detail": "The owner of this token is not active."}
    assert served(settings) == {}
    vera.is_active = True
    vera.save()
    assert ask(api).status_code == 200
    assert list(served(settings)) == [digest_of(predict)]


def test_a_token_for_predictions_is_none_for_the_api(shelf, ada):
    answer = ask(make(ada, Purpose.PREDICT)[1])
    assert answer.status_code == 401
    assert "is for predictions" in answer.json()["detail"]


@pytest.mark.parametrize("secret", ["", "plumb_", "x", "plumb_" + "a" * 43, "plumb_é", "a b", "x" * 100_000])
def test_of_an_unknown_one_nothing_is_told(shelf, ada, secret):
    make(ada)
    answer = ask(secret)
    assert answer.status_code == 401
    assert answer.json() == {"detail": "This token is not known."}


def test_a_token_for_the_api_is_none_for_predictions(shelf, ada, settings):
    make(ada)
    assert served(settings) == {}


def test_what_serving_is_told_ends_with_the_token(shelf, vera, settings):
    token, secret = make(vera, Purpose.PREDICT, days=3)
    assert served(settings) == {digest_of(secret): token.expires_at.timestamp()}
    other, _ = make(vera, Purpose.PREDICT)
    assert len(served(settings)) == 2
    token.revoke(by="vera")
    assert list(served(settings)) == [other.digest]


def test_a_token_that_serving_can_not_be_told_of_is_not_made(shelf, vera, settings, tmp_path):
    (tmp_path / "serving").write_text("a file where the folder must be")
    with pytest.raises(OSError, match="serving"):
        make(vera, Purpose.PREDICT)
    assert not Token.objects.exists()


def test_tokens_are_never_deleted(shelf, vera, root, browser):
    token, _ = make(vera)
    with pytest.raises(TypeError, match="revoke it"):
        token.delete()
    assert browser(root).post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403
    browser(root).post(f"/admin/auth/user/{vera.pk}/delete/", {"post": "yes"})
    assert Token.objects.get().owner == vera


def test_case_58_a_second_token_is_the_same_person(shelf, ada):
    """However many tokens somebody has, they are one pair of eyes; none of them changes who made a version."""
    version = shelf.registered(made_by="Ada")
    for _ in range(2):
        program = APIClient()
        program.credentials(HTTP_AUTHORIZATION=f"Bearer {make(ada)[1]}")
        answer = program.post(f"{MODELS}flights/versions/1/approve/", {"reason": "Mine.", "made_by": "tom"})
        assert answer.status_code == 403
        for change in (program.put, program.patch):
            assert change(f"{MODELS}flights/versions/1/", {"made_by": "tom"}).status_code == 405
    version.refresh_from_db()
    assert (version.state, version.made_by) == (State.CANDIDATE, "Ada")
    assert Decision.objects.filter(outcome="refused", actor="ada").count() == 2


def test_case_59_no_token_is_made_or_revoked_from_another_site(shelf, ada, browser):
    token, _ = make(ada)
    client = browser(ada, enforce_csrf_checks=True)
    for path, body in ((ADD, asked_for(ada)), (f"{LIST}{token.pk}/revoke/", {})):
        assert client.post(path, body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert Token.objects.get().revoked_at is None


def test_the_command_prints_the_secret_and_nothing_else(shelf, vera, capsys, settings):
    call_command("token", "vera", "--purpose", "predict", "--name", "nightly job", "--days", "5")
    out, told = capsys.readouterr()
    assert list(served(settings)) == [digest_of(out.strip())]
    assert "nightly job of vera is good until" in told
    token = Token.objects.get()
    assert (token.made_by, (token.expires_at - token.made_at).days) == ("manage.py token", 5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["nobody", "--name", "x"], "must be an active one, got 'nobody'. Known are: vera"),
        (["vera", "--name", "x", "--days", "367"], "must be a whole number from 1 to 366, got '367'"),
        (["vera", "--name", "x", "--days", "0"], "must be a whole number from 1 to 366, got '0'"),
        (["vera", "--name", " "], "must be a text of 1 to 100 characters, got 0"),
        (["vera"], "--name"),
    ],
)
def test_the_command_refuses_plainly(shelf, vera, wrong, told):
    with pytest.raises(CommandError, match=re.escape(told)):
        call_command("token", *wrong, "--purpose", "predict")
    assert not Token.objects.exists()
