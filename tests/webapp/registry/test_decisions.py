"""The verbs: what each does to the version, the pointer and the audit trail, and whom it refuses."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.management import call_command

from bundle import digest
from bundle import manifest as manifests
from tests.webapp.serving.client import rewrite_golden
from webapp import pointer as pointers
from webapp.registry import audit, published
from webapp.registry.decisions import NoReason, NotAllowed, NotPossible
from webapp.registry.models import Decision, State, Version
from webapp.serving.settings import Settings
from webapp.signed import UntrustedFile

from .conftest import decide


def pointer(settings, name="flights"):
    return pointers.read(settings.SERVING_FOLDER / f"{name}.json", settings.SECRET_KEY)


def states():
    return dict(Version.objects.values_list("number", "state"))


def test_it_works(shelf, ada, settings):
    version = shelf.registered()
    decision = decide("approve", version, ada, "Better on every slice.")
    assert version.state == State.LIVE
    served = pointer(settings)
    assert (served.live, served.decided_by, served.reason) == (1, "ada", "Better on every slice.")
    assert served.served == {1: digest.of_file(version.folder / "assets.extra/manifest.json")}
    assert (served.sequence, served.decided_at) == (decision.sequence, decision.at.isoformat())
    assert audit.verify() == 2


def test_the_version_before_stands_by(shelf, ada, settings):
    shelf.live(1)
    shelf.live(2)
    assert states() == {1: State.APPROVED, 2: State.LIVE}
    assert set(pointer(settings).served) == {2, 1}
    assert pointer(settings).labels == {"live": 2, "previous": 1}


def test_a_roll_back_is_one_act(shelf, ada, settings):
    first, _ = shelf.live(1), shelf.live(2)
    decide("roll_back", first, ada, "Version 2 is wrong about JFK.")
    assert states() == {1: State.LIVE, 2: State.APPROVED}
    assert pointer(settings).live == 1


def test_what_never_was_live_is_not_rolled_back_to(shelf, ada):
    shelf.live(1)
    with pytest.raises(NotPossible, match="flights 2 must be approved for this, and is candidate"):
        decide("roll_back", shelf.registered(2), ada)


def test_when_the_live_version_retires_nothing_is_served(shelf, ada, settings):
    version = shelf.live()
    decide("retire", version, ada)
    assert version.state == State.RETIRED
    assert not (settings.SERVING_FOLDER / "flights.json").exists()


def test_a_retired_version_is_not_served_beside_the_live_one(shelf, ada, settings):
    first, _ = shelf.live(1), shelf.live(2)
    decide("retire", first, ada)
    assert set(pointer(settings).served) == {2}
    with pytest.raises(NotPossible):
        decide("roll_back", first, ada)


def test_a_rejected_version_is_never_live(shelf, ada):
    version = shelf.registered()
    decide("reject", version, ada)
    with pytest.raises(NotPossible, match="must be candidate for this, and is rejected"):
        decide("approve", version, ada)


@pytest.mark.parametrize("verdict", ["FAIL", "NOT ENOUGH EVIDENCE"])
def test_case_36_nobody_approves_what_does_not_meet_its_requirements(shelf, root, verdict):
    with pytest.raises(NotPossible, match=f"must have the verdict PASS to be approved, got {verdict}"):
        decide("approve", shelf.registered(verdict=verdict), root)


@pytest.mark.parametrize("made_by", ["ada", "Ada"])
def test_case_58_nobody_approves_what_they_made(shelf, ada, made_by):
    version = shelf.registered(made_by=made_by)
    with pytest.raises(NotAllowed, match="must be approved by somebody else"):
        decide("approve", version, ada)
    assert states() == {1: State.CANDIDATE}


def test_case_58_not_even_an_administrator(shelf, root):
    with pytest.raises(NotAllowed):
        decide("approve", shelf.registered(made_by="root"), root)


def test_case_58_who_made_it_can_not_be_edited_away(shelf, ada):
    version = shelf.registered(made_by="ada")
    Version.objects.update(made_by="somebody else")
    version.refresh_from_db()
    with pytest.raises(NotAllowed):
        decide("approve", version, ada)
    path = version.folder / "assets.extra/manifest.json"
    path.write_text(path.read_text().replace('"ada"', '"tom"'))
    with pytest.raises(NotPossible, match="must be the manifest that was registered, and is not"):
        decide("approve", version, ada)


def test_a_file_that_changed_since_is_not_approved(shelf, ada):
    version = shelf.registered()
    (version.folder / "saved_model.pb").write_bytes(b"another graph")
    with pytest.raises(NotPossible, match=r"saved_model\.pb is not the file that was published"):
        decide("approve", version, ada)


def test_a_file_that_can_not_be_read_is_not_approved(shelf, ada, monkeypatch):
    version = shelf.registered()

    def unreadable(path):
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(digest, "of_file", unreadable)
    with pytest.raises(NotPossible, match="Input/output error"):
        decide("approve", version, ada)
    assert "Input/output error" in Decision.objects.first().detail


def wrong(golden):
    golden["answers"]["probability"][0] = 0.9


def test_what_answers_its_golden_rows_wrongly_is_not_approved(shelf, ada, settings):
    rewrite_golden(shelf.publish(), wrong)
    published.sync()
    version = Version.objects.get()
    with pytest.raises(NotPossible, match=r"WrongAnswer: golden row 0 must have the probability 0\.9, and got 0\.26"):
        decide("approve", version, ada)
    assert states() == {1: State.CANDIDATE}
    assert not (settings.SERVING_FOLDER / "flights.json").exists()
    assert "golden row 0" in Decision.objects.first().detail


def test_what_does_not_load_in_time_is_not_approved(shelf, ada, monkeypatch):
    monkeypatch.setattr(Settings, "load_seconds", 0.01)
    with pytest.raises(NotPossible, match=r"it must load within 0\.01 s, and did not"):
        decide("approve", shelf.registered(), ada)
    assert states() == {1: State.CANDIDATE}


def test_what_ends_the_process_that_loads_it_is_not_approved(shelf, ada):
    folder = shelf.publish()
    compiled = folder / "assets.extra" / "model.tflite"
    content = bytearray(compiled.read_bytes())
    content[200:1200] = bytes(1000)
    compiled.write_bytes(content)
    described = manifests.read(folder)
    described.model_copy(update={"files": manifests.file_digests(folder)}).write(folder)
    published.sync()
    with pytest.raises(NotPossible, match="must load and answer its golden rows to go live, and does not"):
        decide("approve", Version.objects.get(), ada)


@pytest.mark.parametrize("verb", ["approve", "reject", "retire", "roll_back"])
def test_case_57_each_verb_has_a_permission_of_its_own(shelf, vera, tom, verb):
    version = shelf.registered()
    others = [f"{other}_version" for other in ("approve", "reject", "retire", "roll_back") if other != verb]
    tom.user_permissions.set(Permission.objects.filter(codename__in=others))
    for actor in (vera, tom, AnonymousUser()):
        with pytest.raises(NotAllowed, match=f"{verb}_version"):
            decide(verb, version, actor)
    assert states() == {1: State.CANDIDATE}
    lines = Decision.objects.filter(verb=verb, outcome="refused").order_by("sequence")
    assert [line.actor for line in lines] == ["vera", "tom", "anonymous"]


def test_who_was_dismissed_may_nothing(shelf, ada):
    version = shelf.registered()
    ada.is_active = False
    with pytest.raises(NotAllowed):
        decide("approve", version, ada)


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 2001])
def test_a_decision_has_a_reason(shelf, ada, reason):
    with pytest.raises(NoReason, match="must have a reason of at most 2000 characters"):
        decide("approve", shelf.registered(), ada, reason)


def test_a_refusal_is_in_the_audit_trail(shelf, vera):
    with pytest.raises(NotAllowed):
        decide("approve", shelf.registered(), vera, "I like it.")
    line = Decision.objects.first()
    assert (line.actor, line.verb, line.outcome, line.reason) == ("vera", "approve", "refused", "I like it.")
    assert "approve_version" in line.detail
    assert audit.verify() == 2


def test_what_can_not_take_effect_is_not_decided(shelf, ada, settings):
    version = shelf.registered()
    settings.SERVING_FOLDER.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="serving"):
        decide("approve", version, ada)
    assert states() == {1: State.CANDIDATE}
    assert audit.verify() == 1


def test_models_do_not_meddle_with_each_other(shelf, ada, settings):
    shelf.live(1)
    shelf.live(1, name="trains")
    assert (pointer(settings).live, pointer(settings, "trains").live) == (1, 1)
    assert Version.objects.filter(state=State.LIVE).count() == 2


def test_a_decision_is_never_changed(shelf, ada):
    shelf.live()
    line = Decision.objects.first()
    for change in (line.save, line.delete, Decision.objects.all().delete, lambda: Decision.objects.update(actor="x")):
        with pytest.raises(TypeError, match="never"):
            change()


@pytest.mark.usefixtures("ada")
class TestSetup:
    """``manage.py setup`` sees to it that serving follows what the database says."""

    def test_after_a_change_of_the_secret_it_signs_with_the_new_one(self, shelf, settings):
        shelf.live(1)
        decided = pointer(settings)
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret of this server"
        with pytest.raises(UntrustedFile, match="it is written anew"):
            pointer(settings)
        call_command("setup")
        assert pointer(settings) == decided
        assert audit.verify() == 2

    def test_what_is_as_it_must_be_is_not_written_again(self, shelf, settings):
        shelf.live(1)
        shelf.registered(2)
        before = (settings.SERVING_FOLDER / "flights.json").stat()
        call_command("setup")
        assert (settings.SERVING_FOLDER / "flights.json").stat().st_ino == before.st_ino

    def test_a_pointer_that_nobody_decided_or_that_is_lost_is_put_right(self, shelf, settings):
        shelf.live(1)
        shelf.live(2)
        decided = pointer(settings)
        pointers.write(settings.SERVING_FOLDER, decided.model_copy(update={"live": 1}), settings.SECRET_KEY)
        call_command("setup")
        assert pointer(settings) == decided
        pointers.withdraw(settings.SERVING_FOLDER, "flights")
        call_command("setup")
        assert pointer(settings) == decided

    def test_no_version_is_served_of_a_model_that_has_none_live(self, shelf, ada, settings):
        version = shelf.live(1)
        decided = pointer(settings)
        decide("retire", version, ada)
        pointers.write(settings.SERVING_FOLDER, decided, settings.SECRET_KEY)
        call_command("setup")
        assert not (settings.SERVING_FOLDER / "flights.json").exists()
