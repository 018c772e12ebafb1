"""The API: the same verbs and the same refusals, for programs."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from rest_framework.throttling import UserRateThrottle

from webapp.registry.models import Decision, State

V1 = "/api/v1/"


def path_of(number, verb="", name="flights"):
    return f"{V1}models/{name}/versions/{number}/{verb and f'{verb}/'}"


def test_it_works(shelf, ada, program):
    version, client = shelf.registered(), program(ada)
    response = client.post(path_of(1, "approve"), {"reason": "Better."})
    assert response.status_code == 201
    said = response.json()
    assert (said["verb"], said["outcome"], said["model"], said["version"]) == ("approve", "done", "flights", 1)
    assert (said["actor"], said["source"], said["digest"]) == ("ada", "API from 127.0.0.1", version.digest)
    assert client.get(response["Location"]).json() == said
    assert client.get(f"{V1}models/").json()["results"] == [{"name": "flights", "live": 1, "versions": [1]}]


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_all_verbs_in_turn(shelf, ada, program, form):
    shelf.registered(1), shelf.registered(2), shelf.registered(3)
    client = program(ada)
    for number, verb in ((1, "approve"), (2, "approve"), (3, "reject"), (1, "roll-back"), (2, "retire")):
        assert client.post(path_of(number, verb), {"reason": "So."}, format=form).status_code == 201
    states = {one["number"]: one["state"] for one in client.get(f"{V1}versions/").json()["results"]}
    assert states == {1: State.LIVE, 2: State.RETIRED, 3: State.REJECTED}


def test_case_57_without_permission(shelf, vera, tom, program):
    version = shelf.registered()
    for actor in (vera, tom):
        for verb in ("approve", "reject", "retire", "roll-back"):
            response = program(actor).post(path_of(1, verb), {"reason": "Mine."})
            assert response.status_code == 403
            assert "you have not" in response.json()["detail"]
    version.refresh_from_db()
    assert version.state == State.CANDIDATE
    assert Decision.objects.filter(outcome="refused").count() == 8


def test_case_58_four_eyes(shelf, ada, program):
    version = shelf.registered(made_by="ada")
    response = program(ada).post(path_of(1, "approve"), {"reason": "Mine.", "made_by": "tom"})
    assert response.status_code == 403
    assert response.json() == {"detail": "flights 1 was made by ada, and must be approved by somebody else."}
    version.refresh_from_db()
    assert (version.state, version.made_by) == (State.CANDIDATE, "ada")


def test_what_the_version_does_not_allow(shelf, ada, program):
    shelf.registered(verdict="FAIL")
    response = program(ada).post(path_of(1, "approve"), {"reason": "x"})
    assert response.status_code == 409
    assert response.json() == {"detail": "flights 1 must have the verdict PASS to be approved, got FAIL."}


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": 7}, {"reason": ["x"]}, [], "text", 5, None])
def test_a_reason_is_required(shelf, ada, program, body):
    shelf.registered()
    response = program(ada).post(path_of(1, "approve"), body, format="json")
    assert response.status_code == 400
    assert "must have a reason" in response.json()["detail"]


def test_what_is_no_json(shelf, ada, program):
    shelf.registered()
    response = program(ada).post(path_of(1, "approve"), "{", content_type="application/json")
    assert response.status_code == 400
    assert "JSON parse error" in response.json()["detail"]


def test_without_a_token(shelf, program):
    shelf.registered()
    client = program()
    for response in (client.get(f"{V1}models/"), client.post(path_of(1, "approve"), {"reason": "x"})):
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    client.credentials(HTTP_AUTHORIZATION="Token wrong")
    assert client.get(f"{V1}models/").json() == {"detail": "This token is not known."}


def test_case_59_a_session_needs_its_csrf_token(shelf, ada, browser):
    version = shelf.registered()
    response = browser(ada, enforce_csrf_checks=True).post(path_of(1, "approve"), {"reason": "x"})
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    version.refresh_from_db()
    assert version.state == State.CANDIDATE


@pytest.mark.parametrize(
    "path",
    ["nothing/", "models/ships/", "models/flights/versions/9/", "models/flights/versions/99999999999999999999999/",
     "models/..%2f/", "models/%00/", "models/<b>/", "models/flights/versions/-1/", "decisions/77/"],
)  # fmt: skip
def test_what_is_not_there_is_said_in_json(shelf, ada, program, path):
    shelf.registered()
    response = program(ada).get(f"{V1}{path}")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/json"
    assert "detail" in response.json()


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [3, 2, 1, 1]),
        ("?model=flights", [3, 2, 1]),
        ("?state=live", [1]),
        ("?state=live&state=rejected", [2, 1]),
        ("?verdict=FAIL", [3]),
        ("?made_by=tom&number=2", [2]),
        ("?model=flights&ordering=number", [1, 2, 3]),
        ("?model=flights&ordering=-made_at", [3, 2, 1]),
        ("?model=flights&ordering=model__decisions__hash", [3, 2, 1]),
        ("?search=train", [1]),
        ("?model=ships", []),
        ("?page_size=1&page=2", [2]),
    ],
)
def test_versions_can_be_picked(shelf, ada, program, query, numbers):
    shelf.live(1)
    shelf.registered(3, verdict="FAIL")
    client = program(ada)
    shelf.registered(2)
    client.post(path_of(2, "reject"), {"reason": "x"})
    shelf.registered(1, name="trains")
    response = client.get(f"{V1}versions/{query}").json()
    assert [one["number"] for one in response["results"]] == numbers


@pytest.mark.parametrize("query", ["?state=nonsense", "?number=x", "?at_after=x", "?model=%00"])
def test_a_filter_that_makes_no_sense(shelf, ada, program, query):
    where = "decisions" if "at_" in query else "versions"
    assert program(ada).get(f"{V1}{where}/{query}").status_code == 400


def test_more_rows_need_no_more_queries(shelf, ada, program, django_assert_max_num_queries):
    for number in range(1, 8):
        shelf.registered(number)
        shelf.registered(number, name=f"other{number}")
    client = program(ada)
    for what in ("models", "versions", "decisions"):
        with django_assert_max_num_queries(7):  # the token, the permissions, the count, the rows and what they refer to
            assert client.get(f"{V1}{what}/").status_code == 200


def test_decisions_can_be_picked(shelf, ada, program):
    shelf.live(1), shelf.registered(2)
    client = program(ada)

    def lines(query):
        return [one["sequence"] for one in client.get(f"{V1}decisions/", query).json()["results"]]

    assert lines({}) == [3, 2, 1]
    assert lines({"actor": "ada"}) == [2]
    assert lines({"version": 2}) == [3]
    assert lines({"verb": ["register", "approve"], "ordering": "sequence"}) == [1, 2, 3]
    assert lines({"at_after": Decision.objects.get(sequence=2).at.isoformat()}) == [3, 2]


def test_what_was_in_production(shelf, ada, program):
    version, client = shelf.live(), program(ada)
    line = Decision.objects.first()
    live = f"{V1}models/flights/live/"
    now = client.get(live).json()
    assert (now["version"], now["digest"], now["decision"]["reason"]) == (1, version.digest, "It is better.")
    assert client.get(live, {"at": line.at.isoformat()}).json()["version"] == 1
    before = client.get(live, {"at": (line.at - timedelta(days=1)).isoformat()}).json()
    assert (before["version"], before["decision"]) == (None, None)
    for nonsense in ("2999-01-01T00:00:00Z", "soon"):
        assert client.get(live, {"at": nonsense}).status_code == 400


def test_one_version_shows_its_manifest(shelf, vera, program):
    version = shelf.registered()
    said = program(vera).get(path_of(1)).json()
    assert said["manifest"] == version.manifest
    assert said["metrics"]["roc_auc"]["value"] == 0.7


def test_who_asks_too_often_waits(ada, program, monkeypatch):
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "3/min"})
    client = program(ada)
    statuses = [client.get(f"{V1}models/").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert int(client.get(f"{V1}models/")["Retry-After"]) <= 60


def test_the_schema_is_clean(tmp_path, capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert capsys.readouterr().err == ""
    assert "/api/v1/models/{name}/versions/{number}/roll-back/" in (tmp_path / "schema.yml").read_text()


def test_the_documentation_comes_from_here_alone(vera, browser):
    page = browser(vera).get("/api/docs/").content.decode()
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
