"""The page of the live version says whether the servers answer with it, and why they do not."""

import shutil
import time
from dataclasses import replace

import pytest

from tests.webapp.serving.client import SECRET, Client, approve
from tests.webapp.serving.small import ROW
from webapp.registry import published
from webapp.registry.deployed import Deployed, deployed
from webapp.registry.models import Version
from webapp.serving.settings import Settings

from .conftest import decide


@pytest.fixture
def small(shelf, published, settings):
    """The small versions, registered, and settings of a server that serves them."""
    shutil.copytree(published / "models", shelf.folder)
    settings.SECRET_KEY = SECRET
    return Settings(shelf.folder.parent, SECRET, poll_seconds=0.02)


def registered(number):
    published.sync()
    return Version.objects.get(model__name="small", number=number)


def page(browser, user, version):
    return browser(user).get(f"/admin/registry/version/{version.pk}/change/").content.decode()


def test_it_works(small, ada, vera, browser):
    version = registered(1)
    assert deployed(version) is None
    decide("approve", version, ada)
    assert "No server says that it answers for small" in page(browser, vera, version)
    server = Client(small)
    assert deployed(version) == Deployed(1, 0, (), ())
    assert "<b>1</b> worker answers with it" in page(browser, vera, version)
    server.close()


def test_case_49_the_page_says_why_a_version_failed_to_deploy(small, ada, vera, browser):
    first, second = registered(1), registered(2)
    decide("approve", first, ada)
    decide("approve", second, ada)
    approve(small.data, 1, sequence=98, served={1: first.digest})
    server = Client(replace(small, load_seconds=20))
    approve(small.data, 2, sequence=99, served={1: first.digest, 2: "0" * 64})
    try:
        answer = wait(lambda: page(browser, vera, second), "Failed to deploy.")
        assert "must be the one that was approved" in answer
        assert "<b>1</b> worker does not" in answer
        assert server.post("/predict/small", {"rows": [ROW]}).headers["x-plumbline-version"] == "1"
    finally:
        server.close()


def wait(read, words):
    deadline = time.monotonic() + 10
    while words not in (told := read()):
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    return told


def test_case_46_the_page_says_what_is_gone(small, ada, vera, browser):
    version = registered(1)
    decide("approve", version, ada)
    server = Client(small)
    (version.folder / "assets.extra" / "model.tflite").unlink()
    answer = wait(lambda: page(browser, vera, version), "is gone from the published folder")
    assert "1/assets.extra/model.tflite" in answer
    server.close()
