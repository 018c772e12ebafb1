"""``luigi --module pipeline Monitor`` and ``Maintain`` as a user runs them, on a day that a real version answered."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bundle import identity, version
from bundle.monitoring import DayReport, Maintained, RunRequest
from pipeline import holdout, receipts, tables
from tests.conftest import Place
from tests.sample import REPOSITORY

pytestmark = pytest.mark.slow

NORMAL, CORRUPT = "2013-11-05", "2013-11-06"
ROWS = 400


def serve(place, day, *, number=1, process="1", change=None, outcomes=True):
    """Let a version answer rows of the hold-out, and log it as the server does; the ids of the requests."""
    data = place.folder / "data"
    loaded = version.load(data / "models" / "sample" / str(number))
    [split] = (data / "sample" / "split").glob("*/test")
    rows = tables.whole(split).head(ROWS)
    asked = rows.assign(**(change or {}))
    columns = holdout.columns(asked, loaded.manifest.contract)
    answers = loaded.model.predict(columns)
    moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    ids = [identity.make(int(moment.timestamp() * 1000)) for _ in range(ROWS // 2)]
    line = {
        "version": number,
        "ids": ids,
        "at": [moment.isoformat()] * len(ids),
        "answered": [moment.isoformat()] * len(ids),
        "rows": [2] * len(ids),
        "inputs": {name: [_plain(value) for value in values] for name, values in columns.items()},
        "answers": {name: values.tolist() for name, values in answers.items()},
    }
    write(place, "served", day, process, [line])
    if outcomes:
        truth(place, day, ids, rows[tables.TARGET].to_numpy(), process)
    return ids


def truth(place, day, ids, values, process="1"):
    """Log what came true of requests of two rows each."""
    at = f"{day}T20:00:00+00:00"
    write(
        place,
        "outcomes",
        day,
        process,
        [
            {"id": ids[place_ // 2], "row": place_ % 2, "value": float(value), "at": at}
            for place_, value in enumerate(values)
        ],
    )


def write(place, kind, day, process, lines):
    folder = place.folder / "data" / kind / "sample" / day
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{process}.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return None if np.isnan(value) else float(value)


def luigi(place, task, *more):
    command = place.command(*more, task=task)
    return subprocess.run(command, cwd=REPOSITORY, text=True, capture_output=True, timeout=600, check=False)


def report(place, day):
    path = place.folder / "data" / "monitoring" / "sample" / day / "report.json"
    return DayReport.model_validate_json(path.read_bytes())


@pytest.fixture(scope="module")
def served(first_run, tmp_path_factory):
    """A copy of what the first run made, with a day as usual and one whose ``distance`` came in kilometres and more."""
    made, outcome = first_run
    assert outcome.returncode == 0, outcome.stderr
    place = Place(tmp_path_factory.mktemp("served"))
    shutil.copytree(made.folder, place.folder, dirs_exist_ok=True)
    serve(place, NORMAL)
    serve(place, CORRUPT, change={"distance": 9000.0, "carrier": "ua"})
    return place


@pytest.fixture(scope="module")
def monitored(served):
    done = luigi(served, "Monitor")
    assert done.returncode == 0, done.stderr
    return done


def test_it_works(served, monitored):
    assert "distance" in monitored.stdout
    for day in (NORMAL, CORRUPT):
        folder = served.folder / "data" / "monitoring" / "sample" / day
        assert f"reports{folder.parent}" in "".join(monitored.stdout.split())
        assert receipts.faults(folder, receipts.read(folder)) == []
        assert (folder / "report.html").read_text().count("<svg") > 20


def test_a_day_as_usual_is_told_as_one(served, monitored):
    found = report(served, NORMAL)
    assert (found.rows, found.outcomes, found.unknown_outcomes) == (ROWS, ROWS, 0)
    assert not found.drifted
    assert not found.fallen
    assert found.findings == ()
    [one] = found.versions
    assert {"departure", "weekday", "planes.seats", "carrier", "probability"} <= {drift.name for drift in one.drift}
    assert one.drift[-1].name == "probability"
    metrics = {realised.metric: realised for realised in one.realised}
    assert metrics["roc_auc"].minimum == 0.67
    assert metrics["log_loss"].maximum == 0.53
    assert metrics["roc_auc"].low < metrics["roc_auc"].value < metrics["roc_auc"].high


def test_corrupt_columns_are_named_and_the_others_are_not(served, monitored):
    found = report(served, CORRUPT)
    [one] = found.versions
    assert {drift.name for drift in one.drift if drift.drifted} - {"probability"} == {"distance", "carrier"}
    assert {drift.name for drift in one.drift[:2]} == {"distance", "carrier"}
    assert found.drifted
    assert any(finding.startswith("distance drifts in version 1: PSI") for finding in found.findings)


def test_the_features_of_the_log_are_those_of_training(served, monitored):
    """Derived by the model's own graph: the same rows, through the log, have the shares that the split has."""
    [split] = (served.folder / "data" / "sample" / "split").glob("*/test")
    rows = tables.whole(split).head(ROWS)
    [one] = report(served, NORMAL).versions
    for drift in one.drift[:-1]:
        assert drift.actual[-1] == pytest.approx(rows[drift.name].isna().mean()), drift.name
    weekdays = next(drift for drift in one.drift if drift.name == "weekday")
    shares = rows["weekday"].value_counts(normalize=True).to_dict()
    assert sorted(share for share in weekdays.actual if share) == pytest.approx(sorted(shares.values()))


def test_again_there_is_nothing_to_do_and_nothing_heavy_is_imported(served, monitored):
    code = (
        "import sys\nfrom luigi.cmdline import luigi_run\n"
        "try:\n    luigi_run(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'tensorflow', 'keras', 'dask', 'scipy', 'pandas', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code, *served.command(task="Monitor")[1:]]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing new in 2 served days of sample; the newest report is ")


def test_late_rows_outcomes_and_torn_lines_make_the_day_anew_and_no_other(served, monitored):
    day, other = NORMAL, served.folder / "data" / "monitoring" / "sample" / CORRUPT / "report.json"
    before = other.stat().st_mtime_ns
    late = serve(served, day, process="2", outcomes=False)
    truth(served, day, ["0" * 32], [1.0, 0.0], process="2")
    truth(served, day, late[:1], [1.0, 1.0], process="2")
    with (served.folder / "data" / "served" / "sample" / day / "2.jsonl").open("a") as file:
        file.write('{"version": 1, "ids": ["')
    done = luigi(served, "Monitor")
    assert done.returncode == 0, done.stderr
    found = report(served, day)
    assert (found.rows, found.outcomes, found.unknown_outcomes) == (2 * ROWS, ROWS + 2, 2)
    assert any("1 line of the prediction log can't be read" in finding for finding in found.findings)
    assert before == other.stat().st_mtime_ns
    assert [path.name for path in other.parent.parent.iterdir() if path.name.startswith(".")] == []


def test_metrics_that_fell_and_a_version_that_has_gone_are_told(served, monitored):
    day = "2013-11-07"
    ids = serve(served, day, outcomes=False)
    answered = json.loads((served.folder / "data" / "served" / "sample" / day / "1.jsonl").read_text())["answers"]
    truth(served, day, ids, [float(value < 0.3) for value in answered["probability"]])
    gone = answered | {"probability": [0.5, 0.5], "decision": [1, 1]}
    inputs = {"x": [1.0, 1.0]}
    line = {"version": 9, "ids": ["f" * 32], "at": [day], "answered": [day], "rows": [2], "inputs": inputs}
    write(served, "served", day, "2", [line | {"answers": gone}])
    done = luigi(served, "Monitor", "--day", day)
    assert done.returncode == 0, done.stderr
    found = report(served, day)
    assert found.fallen
    assert any(" of version 1 is " in finding and finding.endswith("above 0.53.") for finding in found.findings)
    assert any(finding.startswith("Version 9 can't be looked at: ") for finding in found.findings)
    assert {one.version: one.rows for one in found.versions} == {1: ROWS, 9: 2}
    shutil.rmtree(served.folder / "data" / "served" / "sample" / day)
    shutil.rmtree(served.folder / "data" / "monitoring" / "sample" / day)


@pytest.mark.parametrize(
    ("day", "code", "told"), [("2013-11-31", 35, "--day must be a day"), ("2013-01-01", 20, "has none")]
)
def test_a_day_that_is_none_or_has_no_log_is_told(served, day, code, told):
    done = luigi(served, "Monitor", "--day", day)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_settings_of_monitoring_make_no_other_stage_run(served, monitored):
    text = served.problem.read_text()
    served.problem.write_text(text + "\n[monitoring]\nmin_rows = 1000\n\n[maintain]\nevery_days = 3\n")
    try:
        assert luigi(served, "RunAll").stdout.startswith("Everything is up to date")
        assert luigi(served, "Monitor").returncode == 0
        [one] = report(served, CORRUPT).versions
        assert one.drift == ()
        assert "fewer" in one.note or "at least 1,000" in one.note
    finally:
        served.problem.write_text(text)
        assert luigi(served, "Monitor").returncode == 0


def maintained(place):
    path = place.folder / "data" / "maintained" / "sample.json"
    return Maintained.model_validate_json(path.read_bytes())


def request(place, name="one", **changed):
    folder = place.folder / "data" / "requests" / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"model": "sample", "by": "alice", "source": "admin", "reason": "new flights came"} | changed
    at = datetime.now(UTC) + timedelta(seconds=1)
    (folder / f"{name}.json").write_text(RunRequest(**asked, at=at).model_dump_json())
    return folder


def test_maintain_asks_for_a_run_where_there_is_reason_and_only_then(served, monitored):
    """Drift and a request with nothing new to learn from; then with it; then nothing."""
    folder = request(served)
    (folder / "broken.json").write_text("{")
    first = luigi(served, "Maintain")
    assert first.returncode == 0, first.stderr
    assert "  alice asked on" in first.stdout
    assert f"On {CORRUPT} version 1 met other data than it learned from: " in first.stdout
    assert "No new version: " in first.stdout
    assert "broken.json must be a request for a run, and is not" in first.stderr
    assert maintained(served).outcome == "no new version"
    assert [path.name for path in sorted(folder.iterdir())] == ["broken", "done"]

    flights = served.folder / "flights.csv"
    lines = flights.read_text().splitlines(keepends=True)
    flights.write_text("".join([lines[0], *lines[50:]]))
    text = served.problem.read_text()
    [old] = {line for line in text.splitlines() if line.endswith('flights.csv"')}
    served.problem.write_text(text.replace(old, f'path = "{flights}"'))
    request(served)
    second = luigi(served, "Maintain")
    assert second.returncode == 0, second.stderr
    assert second.stdout.count("alice asked on") == 1
    assert "models/sample/2. Whether it goes live, a person decides." in second.stdout
    done = maintained(served)
    assert (done.outcome, done.version) == ("new version", 2)
    assert len(done.reasons) == 2
    assert version.load(served.folder / "data" / "models" / "sample" / "2").manifest.version == 2
    assert not (served.folder / "data" / "serving").exists()

    third = luigi(served, "Maintain")
    assert third.returncode == 0, third.stderr
    assert "Nothing asks for a new run of sample. The newest version is 2." in third.stdout
    assert maintained(served).outcome == "nothing to do"


def test_a_run_that_failed_keeps_the_request(served, monitored):
    folder = request(served, "again")
    text = served.problem.read_text()
    served.problem.write_text(text.replace("range = [50, 5500]", 'range = [50, 100], outside = "block"'))
    try:
        done = luigi(served, "Maintain")
        assert done.returncode == 30
        assert (folder / "again.json").exists()
    finally:
        served.problem.write_text(text)
        (folder / "again.json").unlink()
