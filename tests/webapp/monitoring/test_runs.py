"""Who may ask for a new run, and what that leaves."""

import json

import pytest

from bundle.monitoring import RunRequest
from tests.webapp.registry.conftest import person
from webapp.monitoring import runs
from webapp.registry import audit
from webapp.registry.decisions import NoReason, NotAllowed, NotPossible
from webapp.registry.models import Decision, Model, Outcome, Verb


def ask(model, actor, reason="November was strange."):
    return runs.request(model=model, actor=actor, reason=reason, source="test")


@pytest.fixture
def flights(shelf, ada):
    return shelf.live().model


def test_it_works(flights, shelf, tom):
    asked = ask(flights, tom)
    [path] = (shelf.folder.parent / "requests" / "flights").iterdir()
    assert RunRequest.model_validate_json(path.read_bytes()) == asked
    assert (asked.model, asked.by, asked.reason) == ("flights", "tom", "November was strange.")
    assert runs.pending("flights") == [asked]


def test_it_is_in_the_audit_trail_and_changes_no_state(flights, tom):
    ask(flights, tom)
    line = Decision.objects.first()
    assert (line.verb, line.outcome, line.actor, line.version.number) == (Verb.REQUEST_RUN, Outcome.DONE, "tom", 1)
    assert flights.live.number == 1
    assert audit.verify() == line.sequence


@pytest.mark.parametrize("group", ["viewer", None])
def test_who_may_not_is_refused_and_that_is_kept(flights, shelf, group):
    with pytest.raises(NotAllowed, match="permission request_run"):
        ask(flights, person("eve", group))
    assert Decision.objects.first().outcome == Outcome.REFUSED
    assert not (shelf.folder.parent / "requests").exists()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001])
def test_a_request_has_a_reason(flights, tom, reason):
    with pytest.raises(NoReason):
        ask(flights, tom, reason)
    assert runs.pending("flights") == []


def test_a_model_without_a_version_has_nothing_to_run_anew(shelf, tom):
    with pytest.raises(NotPossible, match="must have a version"):
        ask(Model.objects.create(name="empty"), tom)


def test_a_request_that_can_not_be_left_is_not_in_the_trail(flights, shelf, tom):
    (shelf.folder.parent / "requests").write_text("in the way")
    with pytest.raises(OSError, match="requests"):
        ask(flights, tom)
    assert not Decision.objects.filter(verb=Verb.REQUEST_RUN).exists()


def test_what_is_no_request_is_passed_over(flights, shelf, tom):
    asked = ask(flights, tom)
    (shelf.folder.parent / "requests" / "flights" / "0.json").write_text(json.dumps({"by": "nobody"}))
    assert runs.pending("flights") == [asked]
