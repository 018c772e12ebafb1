"""Who gets what, on every path and by every method: one table, held against the paths that there are.

A path that is not in the table fails the test, so a new one can't be forgotten.
"""

import re

import pytest
from django.urls import URLPattern, get_resolver

from webapp.access.models import Purpose, Token
from webapp.registry.models import Decision

ROLES = ("nobody", "stranger", "viewer", "trainer", "approver", "administrator")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PAGE_ONLY = dict.fromkeys(("PUT", "PATCH", "DELETE", "OPTIONS"), "405 405 405 405 405 405")

# For each role in turn: nobody (not logged in), stranger (logged in, in no group, no staff), viewer, trainer, approver,
# administrator. 302 is the way to the log-in page but where a note says otherwise.
VIEWED = {"GET": "302 302 200 200 200 200", "POST": "302 302 403 403 403 403"}
LISTED = {"GET": "302 302 200 200 200 200", "POST": "302 302 200 200 200 200"}
SHUT = {"GET": "302 302 403 403 403 403", "POST": "302 302 403 403 403 403"}
OWN = {"GET": "302 302 403 403 403 200", "POST": "302 302 403 403 403 200"}
DECIDED = {"GET": "302 302 403 403 200 200", "POST": "302 302 403 403 400 400"}  # no reason is given
READ = {
    "GET": "401 403 200 200 200 200", "POST": "401 403 405 405 405 405", "PUT": "401 403 405 405 405 405",
    "PATCH": "401 403 405 405 405 405", "DELETE": "401 403 405 405 405 405", "OPTIONS": "401 403 200 200 200 200",
}  # fmt: skip
KNOWN = {
    "GET": "401 200 200 200 200 200", "POST": "401 405 405 405 405 405", "PUT": "401 405 405 405 405 405",
    "PATCH": "401 405 405 405 405 405", "DELETE": "401 405 405 405 405 405", "OPTIONS": "401 200 200 200 200 200",
}  # fmt: skip
VERB = {**KNOWN, "GET": "401 405 405 405 405 405", "POST": "401 403 403 403 400 400"}  # no reason is given
ANYBODY = "200 200 200 200 200 200"
GONE = "302 302 404 404 404 404"
GONE_BUT_MINE = "302 302 404 404 200 200"

TABLE = {
    "": {"GET": "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},  # to the versions
    "admin/": {"GET": "302 302 200 200 200 200", "POST": "302 302 200 200 200 200"},
    "admin/login/": {"GET": "200 200 302 302 302 302", "POST": ANYBODY},  # who is in goes to the first page
    "admin/password_change/": {"GET": "302 302 200 200 200 200", "POST": "302 302 200 200 200 200"},
    "admin/password_change/done/": {"GET": "302 302 200 200 200 200", "POST": "302 302 405 405 405 405"},
    "admin/autocomplete/": {"GET": "302 302 403 403 403 403", "POST": "302 302 405 405 405 405"},
    "admin/jsi18n/": {"GET": "302 302 200 200 200 200", "POST": "302 302 405 405 405 405"},
    "admin/r/1/1/": {"GET": "302 302 404 404 404 404", "POST": "302 302 404 404 404 404"},
    "admin/registry/": {"GET": "302 302 200 200 200 200", "POST": "302 302 200 200 200 200"},
    "admin/auth/": {"GET": "302 302 404 404 404 200", "POST": "302 302 404 404 404 200"},
    "admin/access/": {"GET": "302 302 200 200 200 200", "POST": "302 302 200 200 200 200"},
    "admin/nothing": {"GET": GONE, "POST": GONE},
    "admin/logout/": {"GET": "302 302 405 405 405 405", "POST": "302 302 200 200 200 200"},
    "api/v1/models/": READ,
    "api/v1/models/flights/": READ,
    "api/v1/models/flights/live/": READ,
    "api/v1/versions/": READ,
    "api/v1/models/flights/versions/1/": READ,
    "api/v1/models/flights/versions/1/approve/": VERB,
    "api/v1/models/flights/versions/1/reject/": VERB,
    "api/v1/models/flights/versions/1/retire/": VERB,
    "api/v1/models/flights/versions/1/roll-back/": VERB,
    "api/v1/decisions/": READ,
    "api/v1/decisions/1/": READ,
    "api/schema/": KNOWN,
    "api/docs/": {**KNOWN, "OPTIONS": "401 405 405 405 405 405"},
}
for name, pk in (("version", 1), ("model", 1), ("decision", 1)):
    TABLE |= {
        f"admin/registry/{name}/": LISTED,
        f"admin/registry/{name}/add/": SHUT,
        f"admin/registry/{name}/{pk}/change/": VIEWED,
        f"admin/registry/{name}/{pk}/delete/": SHUT,
        f"admin/registry/{name}/{pk}/history/": LISTED,
        f"admin/registry/{name}/{pk}/": {"GET": "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    }
for verb in ("approve", "reject", "retire", "roll-back"):
    TABLE[f"admin/registry/version/1/{verb}/"] = DECIDED
TABLE["admin/registry/version/1/report/"] = LISTED
TABLE |= {
    "admin/monitoring/": {"GET": "302 302 200 200 200 200", "POST": "302 302 200 200 200 200"},
    "admin/monitoring/monitored/": LISTED,
    "admin/monitoring/monitored/add/": SHUT,
    "admin/monitoring/monitored/1/change/": VIEWED,
    "admin/monitoring/monitored/1/delete/": SHUT,
    "admin/monitoring/monitored/1/history/": LISTED,
    "admin/monitoring/monitored/1/": {"GET": "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "admin/monitoring/monitored/1/days/2013-11-03/": {"GET": GONE, "POST": GONE},  # no report is there
    "admin/monitoring/monitored/1/request-run/": {"GET": "302 302 403 200 200 200", "POST": "302 302 403 400 400 400"},
    "api/v1/alerts/": {**KNOWN, "GET": "401 405 405 405 405 405", "POST": "401 400 400 400 400 400"},  # nothing is told
}
for name in ("auth/user", "auth/group"):
    TABLE |= {
        f"admin/{name}/": OWN,
        f"admin/{name}/add/": OWN,
        f"admin/{name}/1/change/": OWN,
        f"admin/{name}/1/delete/": OWN,
        f"admin/{name}/1/history/": OWN,
        f"admin/{name}/1/": {"GET": "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    }
TABLE["admin/auth/user/1/password/"] = OWN
TABLE |= {  # the token is the approver's: others do not learn that it is there
    "admin/access/token/": LISTED,
    "admin/access/token/add/": {
        "GET": "302 302 200 200 200 200",
        "POST": "302 302 400 400 400 400",
    },  # nothing is given
    "admin/access/token/1/change/": {"GET": GONE_BUT_MINE, "POST": "302 302 404 404 403 403"},
    "admin/access/token/1/revoke/": {"GET": GONE_BUT_MINE, "POST": "302 302 404 404 302 302"},  # to the token's page
    "admin/access/token/1/delete/": SHUT,
    "admin/access/token/1/history/": {"GET": "302 302 302 302 200 200", "POST": "302 302 302 302 200 200"},
    "admin/access/token/1/": {"GET": "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
}

EXAMPLES = {
    "pk": "1",
    "id": "1",
    "object_id": "1",
    "content_type_id": "1",
    "number": "1",
    "sequence": "1",
    "name": "flights",
    "day": "2013-11-03",
}


PATTERNS = {
    "admin/^(?P<app_label>registry|monitoring|access|auth)/$": (
        "admin/registry/",
        "admin/monitoring/",
        "admin/access/",
        "admin/auth/",
    ),
    "admin/(?P<url>.*)$": ("admin/nothing",),
}
"""Routes that are regular expressions, with what is asked for in their stead."""


def routes(patterns=None, before=""):
    """Every route that the resolver knows, with an example in the place of each parameter."""
    for one in patterns or get_resolver().url_patterns:
        route = before + str(one.pattern)
        if not isinstance(one, URLPattern):
            yield from routes(one.url_patterns, route)
        elif "(?P" in route:
            yield from PATTERNS[route]
        else:
            yield re.sub(r"<(?:\w+:)?(\w+)>", lambda found: EXAMPLES[found[1]], route)


def test_every_path_is_in_the_table():
    assert set(routes()) == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_case_56_everybody_gets_what_the_table_says(shelf, ada, vera, tom, root, browser, django_user_model, role):
    version = shelf.live()
    token, _ = Token.make(owner=ada, purpose=Purpose.API, name="a test", days=1, by="ada")
    rows = {
        "registry/version": version.pk,
        "registry/model": version.model_id,
        "monitoring/monitored": version.model_id,
        "registry/decision": Decision.objects.first().pk,
        "auth/user": ada.pk,
        "access/token": token.pk,
        "auth/group": ada.groups.get().pk,
    }
    stranger = django_user_model.objects.create_user("stranger")
    people = dict(zip(ROLES, (None, stranger, vera, tom, ada, root), strict=True))
    stays_in, wrong = browser(people[role]), []
    for path, expected in TABLE.items():
        methods = expected if path.startswith("api/") else {**expected, **PAGE_ONLY}
        client = browser(people[role]) if "logout" in path else stays_in
        what, row, rest = path.removeprefix("admin/").partition("/1/")
        if what in rows and row:
            path = f"admin/{what}/{rows[what]}/{rest}"  # noqa: PLW2901
        for method in METHODS:
            got = client.generic(method, f"/{path}").status_code
            want = int(methods[method].split()[ROLES.index(role)])
            if got != want:
                wrong.append(f"{method} /{path}: expected {want}, got {got}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def useless(ada, vera):
    """An administrator's or approver's tokens that open nothing any more, or never did, by why."""

    def token(owner=ada, purpose=Purpose.API):
        return Token.make(owner=owner, purpose=purpose, name="a test", days=1, by=owner.get_username())

    ada.is_superuser = True
    ada.save()
    secrets = {"unknown": "plumb_wrong", "empty": ""}
    expired, secrets["expired"] = token()
    Token.objects.filter(pk=expired.pk).update(expires_at=expired.made_at)
    revoked, secrets["revoked"] = token()
    revoked.revoke(by="ada")
    _, secrets["for predictions"] = token(purpose=Purpose.PREDICT)
    vera.is_superuser, vera.is_active = True, False
    vera.save()
    _, secrets["of somebody dismissed"] = token(vera)
    return secrets


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
@pytest.mark.parametrize("why", ["unknown", "empty", "expired", "revoked", "for predictions", "of somebody dismissed"])
def test_case_56_a_useless_token_opens_nothing(shelf, useless, browser, why, scheme):
    shelf.live()
    before = Decision.objects.count()
    wrong = []
    for path in TABLE:
        if path.startswith("api/"):
            for method in METHODS:
                response = browser().generic(method, f"/{path}", headers={"Authorization": f"{scheme} {useless[why]}"})
                if response.status_code != 401:
                    wrong.append(f"{method} /{path}: expected 401, got {response.status_code}")
    assert not wrong, "\n".join(wrong)
    assert Decision.objects.count() == before


def test_case_56_a_useless_token_closes_what_a_session_opens(shelf, useless, ada, browser):
    """Whoever sends both is taken by the token: a request is never on behalf of two."""
    response = browser(ada).get("/api/v1/models/", headers={"Authorization": f"Bearer {useless['revoked']}"})
    assert response.status_code == 401
