"""The history of a version is the way from the raw bytes to it, each step once."""

from datetime import UTC, datetime

import pytest

from pipeline import publish, receipts
from pipeline.errors import StageError
from pipeline.receipts import Made, Receipt


def make(folder, stage, key, content, **made_from):
    """A folder with a receipt; ``made_from`` gives folders, or the content of a raw file."""
    inputs = {}
    for name, before in made_from.items():
        if isinstance(before, str):
            inputs[name] = Made(path=f"{name}.csv", key=None, content=before)
        else:
            receipt = receipts.read(before)
            inputs[name] = Made(path=str(before), key=receipt.key, content=receipt.content)
    folder = folder / key
    folder.mkdir()
    receipts.write(
        folder,
        Receipt(
            stage=stage,
            problem="p",
            source="",
            key=key,
            content=content,
            settings={},
            made_from=inputs,
            code={},
            libraries={},
            environment={},
            made_by="tester",
            run="",
            started=datetime.now(UTC).isoformat(),
            seconds=1.0,
            peak_memory_bytes=1,
            rows_in=None,
            rows_out=None,
            notes=[],
            files={},
        ),
    )
    return folder


def test_it_works(tmp_path):
    collect = make(tmp_path, "Collect", "c1", "rows", flights="bytes")
    clean = make(tmp_path, "Clean", "k1", "clean rows", raw=collect)
    steps, raw = publish.history({"clean": clean})
    assert [step.stage for step in steps] == ["Collect", "Clean"]
    assert steps[1].made_from == {"raw": "rows"}
    assert [(one.path, one.sha256) for one in raw] == [("flights.csv", "bytes")]


def test_what_was_made_again_with_the_same_content_is_one_step_told_as_it_was_made_last(tmp_path):
    collect = make(tmp_path, "Collect", "c1", "rows", flights="bytes")
    old = make(tmp_path, "Evaluate", "old", "figures", raw=collect)
    verdict = make(tmp_path, "Validate", "v1", "verdict", evaluation=old)
    new = make(tmp_path, "Evaluate", "new", "figures", raw=collect)
    steps, _ = publish.history({"evaluation": new, "verdict": verdict})
    assert [(step.stage, step.key) for step in steps] == [("Collect", "c1"), ("Evaluate", "new"), ("Validate", "v1")]


def test_a_folder_without_a_receipt_is_told(tmp_path):
    with pytest.raises(StageError, match="must carry a receipt"):
        publish.history({"x": tmp_path})
