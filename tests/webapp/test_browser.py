"""A person at a browser: from the one-time password to an approved version that answers, and back again."""

import json
import shutil
import time
from datetime import UTC, datetime

import pytest

from tests.browser import log_in, opened
from tests.webapp.serving.client import until
from tests.webapp.serving.small import PROBABILITY, ROW
from tests.webapp.whole import site

pytestmark = pytest.mark.slow

WITHIN = 2.0
"""Seconds from a decision to the first answer of the version."""


@pytest.fixture
def data(published, tmp_path):
    """Two published versions, and nothing else."""
    for number in (1, 2):
        shutil.copytree(published / "models" / "small" / str(number), tmp_path / "models" / "small" / str(number))
    return tmp_path


def answered(server):
    """The version that answers, which must be the one that the answer is of; None where none does."""
    reply = server.ask("POST", "/v1/models/small:predict", json.dumps({"instances": [ROW]}).encode())
    if reply.status != 200:
        return None
    version = int(reply.header("x-plumbline-version"))
    assert json.loads(reply.body)["predictions"][0]["probability"] == PROBABILITY[version]
    return version


def decide(page, number, verb, reason):
    """Open the version's evidence from the list, and decide with a reason."""
    page.get_by_role("link", name="Versions").first.click()
    page.get_by_role("link", name=f"small {number}").click()
    assert page.get_by_role("heading", level=1).inner_text() == "A small model"
    page.get_by_role("link", name=verb).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=verb).click()
    assert f"Small {number} is live now." in page.locator(".messagelist").inner_text()


def test_a_person_approves_asks_rolls_back_and_looks_back(data):
    with site(data) as server, opened() as browser:
        page = browser.page
        log_in(page, server)
        assert page.get_by_role("heading", level=1).inner_text() == "Password change successful"

        assert answered(server) is None
        decide(page, 1, "Approve", "The first that there is.")
        took(server, 1)
        moment = datetime.now(UTC)
        decide(page, 2, "Approve", "It is better.")
        took(server, 2)
        decide(page, 1, "Roll back", "It was not better after all.")
        took(server, 1)

        page.get_by_role("link", name="In production").click()
        page.get_by_role("link", name="small").click()
        page.get_by_label("When (UTC)").fill(f"{moment:%Y-%m-%d %H:%M:%S.%f}")
        page.get_by_role("button", name="Ask").click()
        told = page.get_by_role("status").inner_text()
        assert "it was version 1, which admin made live on" in told
        assert "“The first that there is.”" in told
        rows = page.locator("section[aria-labelledby=periods] tbody tr").all_inner_texts()
        assert [row.split()[0] for row in rows] == ["1", "2", "1"]
        assert not browser.complaints


def took(server, version):
    """Wait for the version to answer."""
    started = time.monotonic()
    until(lambda: answered(server) == version)
    assert time.monotonic() - started < WITHIN


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_window(data, width):
    with site(data) as server, opened(width) as browser:
        page = browser.page
        log_in(page, server)
        for path in ("version/", "version/1/change/", "version/1/approve/", "model/", "model/1/change/", "decision/"):
            page.goto(f"{server.url}/admin/registry/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for path in ("", "add/"):
            page.goto(f"{server.url}/admin/access/token/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
