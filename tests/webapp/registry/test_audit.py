"""The audit trail: whatever is done to it behind the registry's back is found, and the first wrong line named."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from webapp.registry import audit
from webapp.registry.models import Decision

from .conftest import decide


@pytest.fixture
def trail(shelf, ada):
    """Six lines: two versions registered, both approved, one rolled back to, one retired."""
    first, second = shelf.live(1), shelf.live(2)
    decide("roll_back", first, ada)
    decide("retire", second, ada)
    return first, second


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def found():
    with pytest.raises(CommandError) as error:
        call_command("verify_audit")
    assert error.value.returncode == 1
    return str(error.value)


def test_it_works(trail, capsys):
    call_command("verify_audit")
    assert capsys.readouterr().out == "The audit trail is whole: 6 lines.\n"


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "mallory"), ("reason", "no reason"), ("at", "2020-01-01 00:00:00+00:00"), ("source", "elsewhere"),
     ("verb", "reject"), ("outcome", "refused"), ("detail", "x"), ("digest", "0" * 64), ("hash", "0" * 64)],
)  # fmt: skip
def test_case_67_a_changed_line(trail, column, value):
    sql(f"UPDATE registry_decision SET {column} = %s WHERE sequence = 4", value)  # noqa: S608 - our own columns
    assert "line 4" in found()


def test_case_67_a_line_taken_from_the_middle(trail):
    sql("DELETE FROM registry_decision WHERE sequence = 3")
    assert "line 3 is missing: line 4 follows 2" in found()


def test_case_67_the_last_line_taken(trail):
    sql("DELETE FROM registry_decision WHERE sequence = 6")
    assert "line 6 must be the last, and the trail ends at line 5" in found()


def test_case_67_the_last_line_taken_and_the_head_set_back(trail):
    before = Decision.objects.get(sequence=5)
    sql("DELETE FROM registry_decision WHERE sequence = 6")
    sql("UPDATE registry_audithead SET sequence = 5, hash = %s", before.hash)
    assert "flights 2 must be approved after all lines, and is retired" in found()


def test_case_67_a_forged_line(trail):
    last = Decision.objects.get(sequence=6)
    sql(
        "INSERT INTO registry_decision (sequence, verb, outcome, version_id, digest, actor, reason, detail, at, source,"
        " previous, hash) SELECT 7, 'approve', 'done', version_id, digest, actor, reason, detail, at, source, %s, %s"
        " FROM registry_decision WHERE sequence = 6",
        last.hash,
        "f" * 64,
    )
    assert "line 7" in found()


def test_case_67_lines_in_another_order(trail):
    sql("UPDATE registry_decision SET sequence = 99 WHERE sequence = 2")
    sql("UPDATE registry_decision SET sequence = 2 WHERE sequence = 3")
    sql("UPDATE registry_decision SET sequence = 3 WHERE sequence = 99")
    assert "line 2 must carry the hash of line 1" in found()


def test_a_state_that_no_line_led_to(trail):
    sql("UPDATE registry_version SET state = 'candidate' WHERE number = 2")
    assert "flights 2 must be retired after all lines, and is candidate" in found()


def test_a_version_that_was_renumbered(trail):
    sql("UPDATE registry_version SET number = 9 WHERE number = 1")
    assert "line 1" in found()


def test_lines_written_under_an_earlier_secret_still_verify(trail, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-that-is-long-enough-to-be-one"
    assert audit.verify() == 6
    settings.SECRET_KEY_FALLBACKS = []
    assert "line 1" in found()
