"""No path that a request can have leads to a file that is not served: on the real server, by raw bytes."""

import re
import shutil
from pathlib import Path

import pytest

from tests.sample import REPOSITORY
from tests.webapp.whole import site, token

pytestmark = pytest.mark.slow

CANARY, OPENED = "canary.txt", "opened.txt"
WRONG = (
    "..",
    "../../canary.txt",
    "../../../../../../../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fcanary.txt",
    "%252e%252e%252f%252e%252e%252fcanary.txt",
    "..%2f..%2fcanary.txt",
    "..\\..\\canary.txt",
    "..%5c..%5ccanary.txt",
    "%c0%ae%c0%ae%c0%afcanary.txt",
    "//proc/self/root/etc/passwd",
    "//evil.example/..",
    "/evil.example",
    "/proc/self/root/etc/passwd",
    "%2fetc%2fpasswd",
    "small%00",
    "small%00.txt",
    "small/../../canary.txt",
    "small/..;/canary.txt",
    "small;/../canary.txt",
    ".",
    "%2e",
    "%ff%fe",
    "x" * 3000,
)
PLACES = (
    "/v1/models/{}:predict",
    "/v1/models/{}",
    "/v1/models/{}/metadata",
    "/v1/models/small/versions/{}",
    "/v1/models/small/labels/{}",
    "/v2/models/{}/infer",
    "/v2/models/{}",
    "/v2/models/small/versions/{}",
    "/predict/{}",
    "/api/v1/models/{}/",
    "/api/v1/models/{}/live/",
    "/api/v1/models/{}/versions/1/",
    "/api/v1/models/small/versions/{}/",
    "/api/v1/decisions/{}/",
    "/admin/registry/version/{}/report/",
    "/admin/registry/version/1/report/{}",
    "/admin/registry/version/{}/change/",
    "/admin/access/token/{}/revoke/",
    "/static/{}",
    "/static/plumbline/{}",
    "/{}",
)
ASKED_BY_POST = ("/v1/models/{}:predict", "/v2/models/{}/infer", "/predict/{}")
TAILS = ("#/../../canary.txt", "?file=../../canary.txt", "?version=../..", "?template=/etc/passwd")


@pytest.fixture
def server(published, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(published / "models" / "small" / "1", data / "models" / "small" / "1")
    (tmp_path / CANARY).write_text("a secret beside the data folder")
    (data / CANARY).write_text("a secret beside the models")
    (data / "tmp").mkdir()
    with site(data, PLUMBLINE_APP="tests.webapp.watched:application", TMPDIR=str(data / "tmp")) as started:
        yield started


def refusals(place: str, path: str) -> tuple[int, ...]:
    """What may be answered: nothing is there. The pages lead home from what is not there, and know no other way."""
    if any(path.endswith(tail) for tail in TAILS):
        return 200, 301, 302, 400, 404  # the path itself may be a right one
    return (301, 302, 400, 404) if place.startswith("/admin") else (400, 404)


def allowed(opened: Path, data: Path) -> bool:
    """Whether the server may open this file while it answers: what it serves, what it writes, and its own code."""
    code = [REPOSITORY / "webapp", REPOSITORY / "bundle", REPOSITORY / "tests", Path(pytest.__file__).parents[1]]
    code += [Path(shutil.__file__).parents[1], Path("/usr/share/zoneinfo")]
    own = [data / "models", data / "serving", data / "served", data / "tmp"]
    return any(opened.is_relative_to(folder) for folder in (*code, *own))


def test_case_61_no_path_leads_out_of_what_is_served(server):
    secret = token(server.data, "api")
    session = logged_in(server)
    asked = {"Authorization": f"Bearer {secret}"}
    before = len((server.data / OPENED).read_bytes())
    wrong = []
    for place in PLACES:
        headers = session if place.startswith("/admin") else asked
        for path in [place.format(one) for one in WRONG] + [place.format("small") + tail for tail in TAILS]:
            method = "POST" if place in ASKED_BY_POST else "GET"
            reply = server.raw(path, method, **headers)
            if reply.status >= 500 or b"root:" in reply.body or b"a secret beside" in reply.body:
                wrong.append(f"{path!r:.120}: {reply.status}")
            if re.search(rb"\r\nlocation: *(//|\\\\|https?:)", reply.body, re.IGNORECASE):
                wrong.append(f"{path!r:.120}: leads to another site")
            if reply.status not in refusals(place, path):
                wrong.append(f"{method} {path!r:.120}: got {reply.status}")
    assert not wrong, "\n".join(wrong)
    opened = {Path(line) for line in (server.data / OPENED).read_bytes()[before:].decode().splitlines()}
    outside = {path for path in opened if not allowed(path, server.data)}
    assert not outside
    assert not any(path.name in {CANARY, "secret_key", "passwd"} for path in opened)


def test_the_watch_sees_what_is_opened(server):
    """Else the proof above would be none."""
    session = logged_in(server)
    assert server.raw("/admin/registry/version/1/change/", **session).status == 200
    opened = (server.data / OPENED).read_text()
    assert str(server.data / "models" / "small" / "1" / "assets.extra" / "manifest.json") in opened


def logged_in(server):
    """The cookies of the administrator, who chose a password of their own."""
    session = server.log_in("admin", server.password)
    own = "a pass phrase of my own"
    session.post("/admin/password_change/", old_password=server.password, new_password1=own, new_password2=own)
    assert session.get("/admin/").status == 200
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in session.cookies.items())}
