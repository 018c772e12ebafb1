"""What was decided is told in a file: all of it, in order, and nothing that was not decided."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from bundle import decisions as files
from bundle.decisions import BrokenDecisions, in_force
from tests.webapp.whole import manage
from webapp.registry import told
from webapp.registry.decisions import NotAllowed
from webapp.registry.models import Decision, Model

from .conftest import NAME, Shelf, decide

APPROVE = """
from django.contrib.auth.models import User
from webapp.registry import decisions
from webapp.registry.models import Version
for version in Version.objects.order_by("number"):
    decisions.approve(version=version, actor=User.objects.get(), reason="It is better.", source="test")
"""


@pytest.fixture
def taken(django_capture_on_commit_callbacks):
    """Decide, and commit it."""

    def take(*what):
        with django_capture_on_commit_callbacks(execute=True):
            return decide(*what)

    return take


@pytest.fixture
def path(shelf, tmp_path):
    return files.place(tmp_path, "flights")


def test_it_works(shelf, ada, taken, path, tmp_path):
    version = shelf.registered()
    approved = taken("approve", version, ada, "Better on every slice: “café”.\nAnd quick.")
    retired = taken("retire", version, ada)
    first, second = files.read(tmp_path, "flights")
    assert (first.verb, first.model, first.version, first.by) == ("approve", "flights", 1, "ada")
    assert (first.reason, first.at, first.digest) == (approved.reason, approved.at, version.digest)
    assert (first.sequence, first.hash) == (approved.sequence, approved.hash)
    assert (second.verb, second.hash) == ("retire", retired.hash)
    assert path.read_bytes().count(b"\n") == 2


def test_what_was_refused_or_only_found_is_no_decision(shelf, vera, taken, path):
    with pytest.raises(NotAllowed):
        taken("approve", shelf.registered(), vera)
    call_command("sync")
    assert not path.exists()


def test_what_is_not_committed_is_not_told(shelf, ada, path):
    decide("approve", shelf.registered(), ada)
    assert not path.exists()


def test_each_model_has_a_file_of_its_own(shelf, ada, taken, path, tmp_path):
    for name in ("flights", "trains"):
        taken("approve", shelf.registered(name=name), ada)
    assert [one.model for one in files.read(tmp_path, "trains")] == ["trains"]
    assert [one.model for one in files.read(tmp_path, "flights")] == ["flights"]


@pytest.mark.parametrize("kept", [0, 1, 100, -1], ids=["nothing", "a byte", "half a line", "all but the end"])
def test_what_a_crash_kept_back_is_told_with_the_next_decision(shelf, ada, taken, path, kept):
    version = shelf.registered()
    taken("approve", version, ada)
    path.write_bytes(path.read_bytes()[:kept])
    assert files.read(path.parents[1], "flights") == []
    taken("retire", version, ada)
    assert [one.verb for one in files.read(path.parents[1], "flights")] == ["approve", "retire"]


def test_sync_tells_what_was_decided_before(shelf, ada, path, tmp_path):
    shelf.live(1)
    shelf.live(2)
    call_command("sync")
    before = path.read_bytes()
    assert [one.version for one in files.read(tmp_path, "flights")] == [1, 2]
    call_command("sync")
    assert path.read_bytes() == before


def test_a_decision_holds_though_it_can_not_be_told(shelf, ada, taken, path, tmp_path, caplog):
    path.parent.write_text("a file where the folder should be")
    version = shelf.registered()
    taken("approve", version, ada)
    assert version.state == "live"
    assert "The decisions about flights are not told" in caplog.text
    path.parent.unlink()
    call_command("sync")
    assert len(files.read(tmp_path, "flights")) == 1


def test_a_file_that_tells_of_something_else_is_left_as_it_is(shelf, ada, taken, path, caplog):
    version = shelf.registered()
    taken("approve", version, ada)
    other = path.read_bytes().replace(b'"ada"', b'"eve"')
    path.write_bytes(other)
    taken("retire", version, ada)
    assert path.read_bytes() == other
    assert "must tell of the decisions in the audit trail, and does not from line 1 on" in caplog.text
    with pytest.raises(CommandError, match="Find out why"):
        call_command("sync")


def test_more_than_was_decided_is_told_of_too(shelf, ada, taken, path):
    taken("approve", shelf.registered(), ada)
    line = path.read_bytes()
    path.write_bytes(line + line)
    with pytest.raises(told.OtherDecisions, match="from line 2 on"):
        told.tell(Model.objects.get())


def test_a_line_of_another_kind_is_named(shelf, ada, taken, path):
    taken("approve", shelf.registered(), ada)
    path.write_bytes(path.read_bytes() + b'{"verb": "approve"}\n')
    with pytest.raises(BrokenDecisions, match="must hold a decision in line 2, and does not"):
        files.read(path.parents[1], "flights")


def test_the_decision_that_was_in_force(shelf, ada, taken, tmp_path):
    first = shelf.registered(1)
    lines = [taken("approve", first, ada), taken("approve", shelf.registered(2), ada)]
    lines += [taken("roll_back", first, ada), taken("retire", first, ada)]
    told_of = files.read(tmp_path, "flights")
    assert in_force(told_of, lines[0].at - timedelta(microseconds=1)) is None
    assert [in_force(told_of, line.at) for line in lines] == [*told_of[:3], None]
    assert in_force(told_of, datetime.now(UTC)) is None


def test_a_line_is_json_that_any_program_reads(shelf, ada, taken, path):
    taken("approve", shelf.registered(), ada)
    line = json.loads(path.read_text())
    assert datetime.fromisoformat(line["at"]) == Decision.objects.first().at
    assert line["digest"] == Model.objects.get().live.digest


@pytest.mark.slow
def test_processes_that_tell_at_once_tell_each_decision_once(tmp_path, published):
    shelf = Shelf(tmp_path / "models", published / "models" / NAME / "1")
    for number in (1, 2, 3):
        shelf.publish(number)
    assert manage(tmp_path, "setup").returncode == 0
    assert manage(tmp_path, "shell", "--command", APPROVE).returncode == 0
    path = files.place(tmp_path, "flights")
    told_once = path.read_bytes()
    assert [one.version for one in files.read(tmp_path, "flights")] == [1, 2, 3]
    path.write_bytes(told_once[:100])
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: manage(tmp_path, "sync"), range(4)))
    assert [one.returncode for one in done] == [0] * 4
    assert path.read_bytes() == told_once
