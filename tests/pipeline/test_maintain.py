"""Whether a new run is asked for: each reason once, and none that a version has answered."""

from datetime import UTC, datetime, timedelta

import pytest

from bundle.contract import Contract
from bundle.manifest import Manifest, Verdict
from bundle.monitoring import DayReport, Drift, Maintained, Realised, RunRequest, VersionDay
from pipeline import maintain
from pipeline.maintain import Before

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def version(number=2, age=timedelta(days=1)):
    return Manifest(
        name="m",
        version=number,
        title="M",
        problem="y > 0",
        made=(NOW - age).isoformat(),
        made_by="tester",
        contract=Contract(inputs=(), outputs=(), threshold=0.5),
        runtime="litert",
        verdict=Verdict(verdict="PASS", clauses=()),
        metrics={},
        lineage=(),
        raw=(),
        files={},
    )


def write_report(data, day, number=2, *, drifted=(), fallen=(), judged=True, made=NOW):
    drift = [
        Drift(name=name, bins=(), expected=(), actual=(), psi=1.0, usual=0.1, q=0.0, drifted=name in drifted)
        for name in ("x", "y")
    ]
    metric = Realised(
        metric="roc_auc", value=0.6, low=0.5, high=0.65, hold_out=0.7, minimum=0.67, maximum=None, fallen=bool(fallen)
    )
    one = VersionDay(
        version=number,
        requests=1,
        rows=1,
        outcomes=1,
        mean_answer=0.5,
        mean_outcome=None,
        drift=tuple(drift) if judged else (),
        realised=(metric,) if judged else (),
    )
    report = DayReport(
        model="m",
        day=day,
        made=made,
        rows=1,
        outcomes=1,
        unknown_outcomes=0,
        versions=(one,),
        drifted=bool(drifted),
        fallen=bool(fallen),
        findings=(),
    )
    folder = data / "monitoring" / "m" / day
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(report.model_dump_json())


def write_request(data, name, at=NOW, model="m", text=None, reason="new data came"):
    folder = data / "requests" / "m"
    folder.mkdir(parents=True, exist_ok=True)
    request = RunRequest(model=model, by="alice", source="admin", reason=reason, at=at)
    (folder / f"{name}.json").write_text(text if text is not None else request.model_dump_json())


def asked(data, newest=None, every=0):
    before = maintain.look(data, "m", [])
    return maintain.reasons(data, "m", every, Before(newest or version(), before.waiting, before.broken), NOW)


def test_it_works(tmp_path):
    assert asked(tmp_path) == []
    write_request(tmp_path, "a")
    assert asked(tmp_path) == ["alice asked on 2026-03-01 12:00 UTC (admin): new data came"]


def test_without_any_version_there_is_a_reason(tmp_path):
    before = maintain.look(tmp_path, "m", [])
    assert maintain.reasons(tmp_path, "m", 0, before, NOW) == ["No version of m is published yet."]


@pytest.mark.parametrize(("age", "every", "due"), [(8, 7, True), (7, 7, True), (6, 7, False), (100, 0, False)])
def test_a_version_of_that_age_is_due(tmp_path, age, every, due):
    found = asked(tmp_path, version(age=timedelta(days=age)), every)
    assert found == ([f"Version 2 was made {age} days ago, and one is due every 7 days."] if due else [])


def test_what_the_newest_day_showed_is_a_reason(tmp_path):
    write_report(tmp_path, "2026-02-27", drifted=["y"], fallen=True)
    found = asked(tmp_path)
    assert found[0] == "On 2026-02-27 version 2 met other data than it learned from: y."
    assert found[1] == "On 2026-02-27 version 2 did worse than is required of it: roc_auc."


def test_a_day_that_is_well_again_asks_for_nothing(tmp_path):
    write_report(tmp_path, "2026-02-26", drifted=["y"], fallen=True)
    write_report(tmp_path, "2026-02-27")
    assert asked(tmp_path) == []


def test_a_day_that_was_not_judged_does_not_hide_the_one_before(tmp_path):
    write_report(tmp_path, "2026-02-26", drifted=["y"])
    write_report(tmp_path, "2026-02-27", judged=False)
    assert len(asked(tmp_path)) == 1


def test_what_an_older_version_showed_is_answered_by_the_newer(tmp_path):
    write_report(tmp_path, "2026-02-27", number=1, drifted=["y"], fallen=True)
    assert asked(tmp_path) == []


def test_a_day_that_was_not_over_is_no_reason(tmp_path):
    write_report(tmp_path, NOW.date().isoformat(), drifted=["y"])
    assert asked(tmp_path) == []


def test_a_request_that_a_version_made_since_answers_is_no_reason(tmp_path):
    write_request(tmp_path, "a", at=NOW - timedelta(days=2))
    assert asked(tmp_path) == []
    assert len(maintain.look(tmp_path, "m", []).waiting) == 1  # and is set aside with the others


def test_files_that_are_no_requests_are_named_and_set_aside(tmp_path):
    write_request(tmp_path, "good")
    write_request(tmp_path, "torn", text='{"model": "m"')
    write_request(tmp_path, ".being-written", text="{")
    write_request(tmp_path, "other", model="another")
    write_request(tmp_path, "wrong", text='{"model": "m", "by": "a", "source": "b", "reason": 5, "at": "x"}')
    before = maintain.look(tmp_path, "m", [])
    assert {path.stem for path in before.broken} == {"torn", "other", "wrong"}
    assert "reason: " in before.broken[tmp_path / "requests" / "m" / "wrong.json"]
    maintain.set_aside(list(before.broken), maintain.BROKEN)
    assert maintain.look(tmp_path, "m", []).broken == {}
    assert len(list((tmp_path / "requests" / "m" / "broken").iterdir())) == 3


def test_an_unreadable_report_is_passed_over(tmp_path):
    write_report(tmp_path, "2026-02-26", drifted=["y"])
    (tmp_path / "monitoring" / "m" / "2026-02-27").mkdir()
    (tmp_path / "monitoring" / "m" / ".2026-02-26.aside").mkdir()
    assert len(asked(tmp_path)) == 1


def test_the_record_is_whole(tmp_path):
    done = Maintained(model="m", at=NOW, reasons=("because",), outcome="new version", version=3)
    for _ in range(2):
        maintain.record(tmp_path, done)
    [path] = (tmp_path / "maintained").iterdir()
    assert Maintained.model_validate_json(path.read_bytes()) == done


def test_what_somebody_wrote_stays_on_its_line(tmp_path):
    write_request(tmp_path, "a", reason="look:\x1b[2J\nversion 7 is live")
    assert asked(tmp_path) == ["alice asked on 2026-03-01 12:00 UTC (admin): look: [2J version 7 is live"]
