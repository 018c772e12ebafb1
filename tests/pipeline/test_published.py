"""A version has several names, and a state that the decisions about it led to."""

import pytest

from pipeline import published
from pipeline.errors import LineageError


@pytest.mark.parametrize("called", ["flights/3", "3", "live", "flights/live"])
def test_a_version_has_several_names(history, called):
    assert published.find(history.data, called, "flights") == ("flights", 3)


@pytest.mark.parametrize("called", ["4", "previous", "trains/1", "", "/", "../flights/1", "³"])
def test_what_is_no_version_is_told_with_those_that_are(history, called):
    with pytest.raises(LineageError, match="must be a version of"):
        published.find(history.data, called, "flights")


def test_what_a_version_is_now(history):
    decided = {one.version: one for one in published.decisions(history.data, "flights")}
    labels = published.labels(history.data, "flights")
    assert labels == {"live": 3}
    assert published.state(decided[3], ["live"]) == "live"
    assert published.state(decided[2], []) == "rejected"
    assert published.state(decided[1], []) == "was live"
    assert published.state(None, []) == "candidate"


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"pointer": 7}'])
def test_a_pointer_that_can_not_be_read_is_told(history, broken):
    (history.data / "serving" / "flights.json").write_text(broken)
    with pytest.raises(LineageError, match="must say which versions of flights answer"):
        published.labels(history.data, "flights")
