"""Names and reasons that would like to be markup, in a real browser: they are read as they are, and do nothing."""

import shutil

import pytest

from bundle import manifest as manifests
from bundle.contract import Input, Output
from bundle.manifest import Clause, Raw, Step, Verdict, Window
from tests.browser import log_in, opened
from tests.webapp.whole import site

pytestmark = pytest.mark.slow

TEXT = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>{{ 1234567|add:1 }}{% now 'Y' %}"
NAME = "<script>alert(4)<\\script><img src=x onerror=alert(5)>"
SQL = "x'; DROP TABLE registry_version; --"
SHA = "0" * 64

PAGES = (
    "/admin/registry/version/",
    *(f"/admin/registry/version/{number}/change/" for number in (1, 2, 3)),
    *(f"/admin/registry/version/{number}/retire/" for number in (1, 2, 3)),
    "/admin/registry/model/",
    *(f"/admin/registry/model/{number}/change/" for number in (1, 2, 3)),
    "/admin/registry/decision/",
    "/admin/registry/decision/4/change/",
    "/admin/access/token/",
    "/admin/access/token/1/change/",
    "/admin/access/token/1/revoke/",
    "/admin/",
)


@pytest.fixture
def data(published, tmp_path):
    """A candidate whose every text is hostile, and versions of models whose very names and columns are."""
    folder = tmp_path / "models" / "small" / "1"
    shutil.copytree(published / "models" / "small" / "1", folder)
    (folder / "assets.extra" / "report.html").write_text(f"<h1>Report</h1>{TEXT}")
    described = manifests.read(folder)
    clause = Clause(clause=TEXT, value=1.0, low=0.5, high=2.0, threshold=0.5, state="PASS")
    step = Step(stage=TEXT, source=TEXT, key=SHA, content=TEXT, code=TEXT, made_from={}, started="", seconds=1.0,
                rows_in=1, rows_out=1, notes=(TEXT, SQL))  # fmt: skip
    contract = described.contract.model_copy(
        update={
            "inputs": (Input(name=TEXT, type="number"), Input(name=SQL, type="category")),
            "outputs": (Output(name=TEXT, type="number", meaning=TEXT),),
        }
    )
    window = Window(split=TEXT, rows=1, positives=1, first="2013-01-01T00:00+00:00", last="2013-02-01T00:00+00:00")
    told = described.model_copy(
        update={
            "title": TEXT,
            "problem": TEXT,
            "made_by": TEXT,
            "verdict": Verdict(verdict="PASS", clauses=(clause,)),
            "metrics": {TEXT: {"value": 1.0, "low": 0.5, "high": 2.0}},
            "lineage": (step,),
            "raw": (Raw(source=TEXT, path=TEXT, sha256=TEXT),),
            "windows": (window,),
            "files": manifests.file_digests(folder),
        }
    )
    told.write(folder)
    for name in (NAME, SQL):
        shutil.copytree(folder, tmp_path / "models" / name / "1")
        told.model_copy(update={"contract": contract}).write(tmp_path / "models" / name / "1")
    return tmp_path


def test_case_62_hostile_text_is_read_and_does_nothing(data):
    with site(data) as server, opened() as browser:
        page = browser.page
        log_in(page, server)
        page.goto(f"{server.url}/admin/registry/version/?q=small")
        page.get_by_role("link", name="small 1").click()
        assert page.get_by_role("heading", level=1).inner_text() == TEXT
        page.get_by_role("link", name="Approve").click()
        page.get_by_label("Reason").fill(f"{TEXT} {SQL}")
        page.get_by_role("button", name="Approve").click()
        assert "Small 1 is live now." in page.locator(".messagelist").inner_text()
        evidence = page.url

        page.goto(f"{server.url}/admin/access/token/add/")
        page.get_by_label("Name").fill(TEXT[:100])
        page.get_by_label("Purpose").select_option("predict")
        page.get_by_role("button", name="Make the token").click()
        assert TEXT[:100] in page.get_by_role("heading", level=1).inner_text()

        shown = set()
        for path in PAGES:
            reply = page.goto(f"{server.url}{path}")
            assert reply.status == 200, path
            assert "script-src 'self';" in reply.headers["content-security-policy"], path
            read = page.locator("body").inner_text()
            shown |= {text for text in (TEXT, NAME, SQL) if text in read}
            assert page.locator("img[src=x], svg[onload], [onerror]").count() == 0, path
            assert "1234568" not in read, path
        assert shown == {TEXT, NAME, SQL}
        assert not browser.complaints
        report = page.goto(evidence.replace("/change/", "/report/"))
        assert "sandbox" in report.headers["content-security-policy"]
        assert all("alert" not in one or "Content Security Policy" in one for one in browser.complaints)
        assert not any(one.startswith("dialog") for one in browser.complaints)
