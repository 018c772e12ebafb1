"""Paths: which are ours, and that the page about them tells the truth."""

import re

import pytest

from bundle.contract import MOST
from tests.sample import REPOSITORY
from webapp.serving import routing
from webapp.serving.routing import Route
from webapp.serving.settings import Settings

PAGE = (REPOSITORY / "docs" / "serving.md").read_text()
PATHS = re.findall(r"`(?:GET|POST) (/\S+)`", PAGE)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (b"/v1/models/m:predict", Route("v1 predict", "m")),
        (b"/V1/MODELS/M/Versions/3:Predict", Route("v1 predict", "M", 3)),
        (b"/V1/Models", Route("v1 models")),
        (b"/V2", Route("")),
        (b"/v1/models/a%20b/labels/c%2Fd", Route("v1 status", "a b", None, "c/d")),
        (b"/v1/models/a%252Fb", Route("v1 status", "a%2Fb")),
        (b"/v2/models/m/versions/3/infer", Route("v2 infer", "m", 3)),
        (b"/predict/m", Route("records predict", "m")),
        (b"/v1/models/m/versions/3/labels/x", Route("")),
        (b"/v1", Route("")),
    ],
)
def test_it_works(path, route):
    assert routing.find(path) == route


@pytest.mark.parametrize("path", [b"/", b"/admin/", b"/api/v1/", b"/v1x", b"/predicted/m", b"\xff"])
def test_all_others_are_not_ours(path):
    assert routing.find(path) is None


@pytest.mark.parametrize("path", PATHS)
def test_every_path_of_the_page_is_served(path):
    assert routing.find(path.encode()).verb


def test_every_path_that_is_served_is_on_the_page():
    tables = (routing.VERBS, routing.VERBS_2, routing.VERBS_NAMED, routing.GENERAL)
    served = {verb for table in tables for verb in table.values()}
    assert {routing.find(path.encode()).verb for path in PATHS} == served


def test_the_page_tells_the_limits():
    for limit in (Settings.max_bytes, Settings.max_rows, *MOST.values()):
        assert f"{limit:,}" in PAGE
