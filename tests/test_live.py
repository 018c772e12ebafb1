"""A new model is judged beside the one that is live, on the same rows; and approving one asks for nothing new."""

import shutil
from datetime import UTC, datetime

import pytest

from bundle import decisions, digest, manifest
from bundle.decisions import Decided
from bundle.manifest import Live
from pipeline import receipts
from pipeline.ledger import Reading
from tests.conftest import Place

pytestmark = pytest.mark.slow


def approve(place, number):
    """What the registry tells of an approval."""
    path = decisions.place(place.folder / "data", "sample")
    path.parent.mkdir(exist_ok=True)
    decided = Decided(
        sequence=number, verb="approve", model="sample", version=number, digest=sha256(place, number), by="ada",
        at=datetime.now(UTC), reason="It is better.", hash="h",
    )  # fmt: skip
    with path.open("a") as file:
        file.write(decided.model_dump_json() + "\n")


def version(place, number):
    return place.folder / "data" / "models" / "sample" / str(number)


def sha256(place, number):
    return digest.of_file(version(place, number) / manifest.NAME)


def test_it_works(first_run, tmp_path):
    place = Place(tmp_path)
    for part in ("data", "problems"):
        shutil.copytree(first_run[0].folder / part, tmp_path / part)
    approve(place, 1)
    assert place.run().stdout.startswith("Everything is up to date:")

    text = place.problem.read_text()
    place.problem.write_text(text.replace("[training]\nepochs = 2", "[training]\nepochs = 1"))
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "compared with the live version 1" in done.stdout
    verdict = manifest.read(version(place, 2)).verdict
    assert verdict.live == Live(version=1, digest=sha256(place, 1))
    clauses = {one.clause: one for one in verdict.clauses}
    asked = clauses["log_loss no worse than the live version by 0.002"]
    assert asked.low < asked.value < asked.high
    slices = clauses["log_loss not shown to be worse than the live version in every slice of 50 rows or more"]
    assert slices.slice.partition(" ")[0] in ("carrier", "origin", "month")
    assert clauses["latency_ms at most 1"].value > 0
    [compared] = [one for one in receipts.read_chain(version(place, 2)) if one.stage == "Compare"]
    assert compared.settings["live"] == {"version": 1, "digest": sha256(place, 1)}

    [ledger] = (tmp_path / "data" / "holdouts").glob("*.jsonl")
    reads = [Reading.model_validate_json(line) for line in ledger.read_text().splitlines()]
    first, second = ({one.stage: one for one in receipts.read_chain(version(place, number))} for number in (1, 2))
    assert [(one.evaluation, one.model) for one in reads] == [
        (first["Evaluate"].key, first["Train"].content),
        (second["Evaluate"].key, second["Train"].content),
        (second["Compare"].key, first["Train"].content),
    ]

    approve(place, 2)
    assert place.run().stdout.startswith("Everything is up to date:")

    (version(place, 2) / "assets.extra" / "golden.json").unlink()
    place.problem.write_text(text)  # so that the first model is the candidate, and the damaged one is live
    done = place.run()
    assert done.returncode == 30
    assert "must be as it was when it went live" in done.stderr
    assert "golden.json is missing" in done.stderr
    assert "Traceback" not in done.stderr
