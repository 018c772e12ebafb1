"""The history of a version is the way from the raw bytes to it, each step once."""

from datetime import UTC, datetime

from pipeline import publish
from pipeline.receipts import Made, Receipt


def receipt(stage, content, measured=None, **made_from):
    """A receipt; ``made_from`` gives receipts, or the content of a raw file."""
    inputs = {
        name: Made(path=f"{name}.csv", key=None, content=before)
        if isinstance(before, str)
        else Made(path=f"p/{before.stage}/{before.key}", key=before.key, content=before.content)
        for name, before in made_from.items()
    }
    return Receipt(
        stage=stage,
        function="tests:none",
        problem="p",
        source="",
        key=f"key of {content}",
        content=content,
        settings={},
        made_from=inputs,
        code={},
        libraries={},
        revision="",
        environment={},
        made_by="tester",
        run="",
        started=datetime.now(UTC).isoformat(),
        seconds=1.0,
        peak_memory_bytes=1,
        rows_in=None,
        rows_out=None,
        notes=[],
        measured=measured or {},
        files={},
    )


def test_it_works():
    collect = receipt("Collect", "rows", flights="bytes")
    clean = receipt("Clean", "clean rows", raw=collect)
    steps, raw = publish.history([collect, clean])
    assert [step.stage for step in steps] == ["Collect", "Clean"]
    assert steps[1].made_from == {"raw": "rows"}
    assert [(one.path, one.sha256) for one in raw] == [("flights.csv", "bytes")]


def test_how_often_the_hold_out_was_read_is_told_by_the_receipt():
    told = publish.hold_out([receipt("Evaluate", "figures", measured={"reads": 3.0, "models": 2.0})])
    assert (told.reads, told.models) == (3, 2)


def test_the_seconds_of_a_trial_are_those_of_the_receipt():
    tuned = {"best": "0", "trials": [{"id": "0", "score": 0.5}, {"id": "1", "score": None}]}
    told = publish.with_seconds(tuned, [receipt("Tune", "trials", measured={"0": 2.5})])
    assert [trial["seconds"] for trial in told["trials"]] == [2.5, None]
