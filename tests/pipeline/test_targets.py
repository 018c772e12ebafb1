"""A target is complete while it is true: whole, unchanged, and made from what is there now."""

import json
import os
from unittest.mock import ANY

import luigi
import pytest

from pipeline import closure, config, receipts, run
from pipeline.job import Job, Outcome
from pipeline.targets import Artifact, Raw, Stage, hold
from tests.sample import write


def count_lines(job: Job) -> Outcome:
    """A stage's function, as small as can be."""
    lines = job.inputs["raw"].read_text().splitlines()
    (job.output / "count").write_text(str(len(lines)))
    (job.output / "more").mkdir()
    (job.output / "more" / "first").write_text(lines[0])
    return Outcome(rows_in=len(lines), rows_out=1, notes=["counted"])


class Count(Stage):
    """Count the lines of a source."""

    source = luigi.Parameter(default="airports")
    function = "tests.pipeline.test_targets:count_lines"
    reads = ("seed",)

    def requires(self):
        return {"raw": self.clone(Raw)}


class Double(Stage):
    """What comes after ``Count``."""

    function = "tests.pipeline.test_targets:double"

    def requires(self):
        return {"count": self.clone(Count, source="airports")}


def double(job: Job) -> Outcome:
    (job.output / "double").write_text(str(2 * int((job.inputs["count"] / "count").read_text())))
    return Outcome()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A data folder and a problem of one's own."""
    write(tmp_path, every=1000)
    monkeypatch.setattr(config, "data_folder", lambda: tmp_path / "data")
    monkeypatch.setattr(config, "problem_file", lambda name: tmp_path / "problems" / f"{name}.toml")
    yield tmp_path
    run.end()


def fresh(kind=Count):
    """The task as a new run sees it."""
    run.end()
    return kind(problem="sample")


@pytest.fixture
def made(place):
    fresh().run()
    assert fresh().complete()
    return fresh().output().folder


def test_it_works(place):
    task = fresh()
    assert not task.complete()
    task.run()
    receipt = task.output().receipt
    assert task.complete()
    assert (receipt.stage, receipt.source, receipt.rows_in, receipt.notes) == ("Count", "airports", 1459, ["counted"])
    assert set(receipt.files) == {"count", "more/first"}
    assert receipt.made_from["raw"].path == str(place / "airports.csv")


def test_what_it_found_is_told_as_it_ends(place, caplog):
    with caplog.at_level("INFO", "pipeline"):
        fresh().run()
    assert [line.split() for line in caplog.messages][1:] == [
        ["Count", "airports", "1,459", "rows", "in,", "1", "rows", "out,", ANY, "s"],
        ["Count", "airports", "counted"],
    ]


def test_a_finished_stage_is_not_made_again(made):
    before = (made / receipts.NAME).stat().st_mtime_ns
    fresh().run()
    assert (made / receipts.NAME).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "change", ["emptied", "garbage", "truncated", "deleted", "added", "no receipt", "half a receipt"]
)
def test_what_is_not_what_was_made_is_found_and_made_again(made, change):
    if change == "emptied":
        (made / "count").write_text("")
    elif change == "garbage":
        (made / "count").write_bytes(os.urandom((made / "count").stat().st_size))
    elif change == "truncated":
        (made / "more" / "first").write_text((made / "more" / "first").read_text()[:3])
    elif change == "deleted":
        (made / "more" / "first").unlink()
    elif change == "added":
        (made / "more" / "second").touch()
    elif change == "no receipt":
        (made / receipts.NAME).unlink()
    else:
        (made / receipts.NAME).write_text((made / receipts.NAME).read_text()[:50])
    assert not fresh().complete()
    fresh().run()
    assert fresh().complete()
    assert (made / "count").read_text() == "1459"


def test_a_raw_input_with_other_bytes_makes_it_stale_even_with_the_same_size_and_time(place, made):
    path = place / "airports.csv"
    status, text = path.stat(), path.read_text()
    path.write_text(text.replace("Lansdowne", "Lansdowns"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert not fresh().complete()


def test_touching_and_copying_are_no_change(place, made):
    (place / "airports.csv").touch()
    (made / "count").touch()
    assert fresh().complete()


@pytest.mark.parametrize(
    ("old", "new", "stale"), [("seed = 2013", "seed = 7", True), ("psi = 0.25", "psi = 0.5", False)]
)
def test_only_a_setting_that_the_stage_reads_makes_it_stale(place, made, old, new, stale):
    path = place / "problems" / "sample.toml"
    path.write_text(path.read_text().replace(old, new))
    assert fresh().complete() is not stale


def test_other_code_makes_it_stale(made, monkeypatch):
    monkeypatch.setattr(closure.Code, "closure", lambda _, module: {module: "another digest"})
    assert not fresh().complete()


def test_another_version_of_a_library_makes_it_stale(made, monkeypatch):
    monkeypatch.setattr(closure.Code, "libraries", lambda *_: {"numpy": "0.1"})
    assert not fresh().complete()


def test_what_comes_after_is_not_woken_by_the_same_bytes(place, made):
    fresh(Double).run()
    path = place / "airports.csv"
    path.write_text(path.read_text().replace("Lansdowne", "Lansdowns"))
    assert not fresh(Double).complete()
    fresh().run()
    assert fresh(Double).complete()


def test_a_missing_input_is_told_before_anything_is_made(place):
    (place / "airports.csv").unlink()
    assert not fresh().complete()
    assert fresh().key() is None
    assert not list((place / "data").rglob(receipts.NAME))


def test_what_a_killed_run_left_is_never_taken_and_cleared_away(place):
    home = fresh().home()
    left = home / ".0123.aside"
    left.mkdir(parents=True)
    (left / "count").write_text("7")
    assert not fresh().complete()
    fresh().run()
    assert sorted(path.name for path in home.iterdir()) == [fresh().key()]


def test_what_another_worker_of_this_run_makes_is_left_alone(place):
    task = fresh()
    other = task.home() / f".0123.{hold().name}.aside"
    other.mkdir(parents=True)
    task.run()
    assert other.is_dir()


def test_the_receipt_is_plain_json(made):
    assert json.loads((made / receipts.NAME).read_text())["content"] == Artifact(made).receipt.content


def test_a_newer_result_takes_the_place_of_the_older_whole(tmp_path):
    final = tmp_path / "2013-11-03"
    for content in ("first", "second"):
        aside = tmp_path / ".aside"
        aside.mkdir()
        (aside / "report").write_text(content)
        receipts.replace(aside, final)
        assert (final / "report").read_text() == content
        assert list(tmp_path.iterdir()) == [final]
