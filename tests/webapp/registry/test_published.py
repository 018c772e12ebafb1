"""What is published becomes known: once, whole, and as broken where it is broken."""

import json

import pytest
from django.core.management import call_command

from bundle import digest
from bundle import manifest as manifests
from webapp.registry import audit, published
from webapp.registry.decisions import NotPossible
from webapp.registry.models import Decision, State, Version

from .conftest import decide


def test_it_works(shelf):
    shelf.publish(1)
    shelf.publish(2, auc=0.8)
    assert [str(version) for version in published.sync().new] == ["flights 1", "flights 2"]
    version = Version.objects.get(number=2)
    assert (version.state, version.verdict, version.made_by) == (State.CANDIDATE, "PASS", "tom")
    assert version.made_at.isoformat() == "2026-11-02T10:00:00+00:00"
    assert version.described.metrics["roc_auc"]["value"] == 0.8
    assert version.on_disk() == version.described
    assert audit.verify() == 2


def test_what_is_known_is_not_recorded_again(shelf):
    shelf.publish()
    published.sync()
    assert published.sync() == published.Synced()
    assert Decision.objects.count() == 1


def test_nothing_published(shelf):
    assert published.sync() == published.Synced()


def break_manifest(folder):
    (folder / "assets.extra/manifest.json").write_text("{")


def leave_out_manifest(folder):
    (folder / "assets.extra/manifest.json").unlink()


def flip_a_byte(folder):
    (folder / "saved_model.pb").write_bytes(b"A graph")


def take_a_file(folder):
    (folder / "assets.extra/report.html").unlink()


def add_a_file(folder):
    (folder / "assets.extra/run.py").touch()


def write_an_odd_receipt(folder):
    (folder / manifests.RECEIPT).write_text("[1]")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (break_manifest, "must be a manifest, and is not"),
        (leave_out_manifest, "it is no version, or not whole"),
        (flip_a_byte, "saved_model.pb is not the file that was published"),
        (take_a_file, "report.html is missing"),
        (add_a_file, "run.py should not be there"),
        (write_an_odd_receipt, "manifest.json is not the file that was published"),
    ],
)
def test_a_broken_folder_is_recorded_with_its_fault(shelf, ada, fault, told):
    folder = shelf.publish()
    fault(folder)
    shelf.publish(2)
    found = published.sync()
    assert ([str(one) for one in found.broken], [str(one) for one in found.new]) == (["flights 1"], ["flights 2"])
    assert told in Version.objects.get(state=State.BROKEN).fault
    assert published.sync() == published.Synced()
    with pytest.raises(Exception, match="must be candidate for this, and is broken"):
        decide("approve", found.broken[0], ada)


def test_a_folder_that_says_it_is_another(shelf):
    shelf.publish(1).rename(shelf.folder / "flights" / "7")
    assert "must hold version 7 of flights, got 1 of flights" in published.sync().broken[0].fault


def test_what_was_mended_is_a_candidate(shelf):
    folder = shelf.publish()
    good = (folder / "saved_model.pb").read_bytes()
    flip_a_byte(folder)
    published.sync()
    (folder / "saved_model.pb").write_bytes(good)
    assert [version.state for version in published.sync().new] == [State.CANDIDATE]
    assert not Version.objects.get().fault
    assert audit.verify() == 2


def test_a_candidate_whose_manifest_changes_is_broken(shelf):
    version = shelf.registered()
    path = version.folder / "assets.extra/manifest.json"
    path.write_text(path.read_text().replace("PASS", "FAIL"))
    published.sync()
    version.refresh_from_db()
    assert version.state == State.BROKEN


def test_a_worker_that_read_a_version_before_it_went_live_does_not_break_it(shelf, ada, monkeypatch):
    version = shelf.registered()

    def slow(_):
        decide("approve", version, ada)
        return "the digest of another manifest"

    monkeypatch.setattr(published, "_digest", slow)
    assert published.sync() == published.Synced()
    version.refresh_from_db()
    assert version.state == State.LIVE
    assert audit.verify() == 2


def test_a_worker_that_read_a_version_before_it_was_mended_does_not_register_it_again(shelf, ada, monkeypatch):
    folder = shelf.publish()
    good = (folder / "saved_model.pb").read_bytes()
    flip_a_byte(folder)
    published.sync()
    (folder / "saved_model.pb").write_bytes(good)
    sound = published._sound

    def slow(*version):
        monkeypatch.setattr(published, "_sound", sound)
        [mended] = published.sync().new
        decide("approve", mended, ada)
        return sound(*version)

    monkeypatch.setattr(published, "_sound", slow)
    assert published.sync() == published.Synced()
    assert Version.objects.get().state == State.LIVE
    assert audit.verify() == 3


def test_what_is_found_of_a_version_changes_nothing_else(shelf, monkeypatch):
    version = shelf.registered()
    Version.objects.update(made_by="changed meanwhile")
    leave_out_manifest(version.folder)
    known = Version.objects.get()
    Version.objects.update(made_by="changed again")
    published._record_broken(known, "gone", published.Synced())
    version.refresh_from_db()
    assert (version.state, version.made_by) == (State.BROKEN, "changed again")


def test_the_live_version_stays_live_whatever_becomes_of_its_folder(shelf, ada):
    version = shelf.live()
    leave_out_manifest(version.folder)
    assert published.sync() == published.Synced()
    version.refresh_from_db()
    assert version.state == State.LIVE


@pytest.mark.parametrize("name", ["<script>alert(1)", "a b", "-a", "x" * 120, "a'; DROP--"])
def test_a_hostile_name_is_recorded_and_can_do_nothing(shelf, ada, name):
    shelf.publish(name=name)
    (broken,) = published.sync().broken
    assert "A model's name must be letters" in broken.fault


def test_case_61_names_that_are_no_numbers_are_passed_over(shelf):
    for name in ("0", "01", "-1", "1.5", "latest", ".7.aside", "1" * 30):
        (shelf.folder / "flights" / name).mkdir(parents=True)
    (shelf.folder / "flights" / "4").write_text("a file")
    assert published.sync() == published.Synced()


def test_the_command_says_what_it_found(shelf, capsys):
    shelf.publish(1)
    flip_a_byte(shelf.publish(2))
    call_command("sync")
    call_command("sync")
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "flights 1: registered as a candidate, verdict PASS, by tom"
    assert second.startswith("flights 2: broken. ")
    assert third == "Nothing new is published."


def test_setup_creates_an_administrator_once(shelf, capsys, django_user_model):
    shelf.publish()
    call_command("setup")
    call_command("setup")
    output = capsys.readouterr().out
    assert output.count("Administrator admin created.") == 1
    password = output.split("password: ")[1].split()[0]
    assert len(password) == 24
    assert django_user_model.objects.get().check_password(password)
    assert Version.objects.count() == 1


@pytest.mark.parametrize("edited", ["verdict", "figure", "evaluation"])
def test_case_36_figures_that_were_edited_to_pass_fail_their_digest(shelf, root, edited):
    """Whatever somebody edits before the registry first sees the version: nobody can approve it."""
    folder = shelf.publish(verdict="FAIL", auc=0.55)
    path, measured = folder / manifests.NAME, folder / "assets.extra" / "evaluation.json"
    measured.write_text('{"roc_auc": 0.55}')
    described = manifests.read(folder)
    described.model_copy(update={"files": manifests.file_digests(folder)}).write(folder)
    receipt = {"files": {manifests.NAME: {"sha256": digest.of_file(path), "size": path.stat().st_size}}}
    (folder / manifests.RECEIPT).write_text(json.dumps(receipt))
    if edited == "evaluation":
        measured.write_text('{"roc_auc": 0.75}')
    else:
        old, new = {"verdict": ("FAIL", "PASS"), "figure": ("0.55", "0.75")}[edited]
        path.write_text(path.read_text().replace(old, new))
    [version] = published.sync().broken
    assert "is not the file that was published" in version.fault
    with pytest.raises(NotPossible):
        decide("approve", version, root)
