"""A label of several, and a number: from a small table to an answer that is served, comes true and is watched."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pandas.api.types import is_numeric_dtype

from bundle import digest, manifest
from bundle.monitoring import DayReport
from tests.conftest import BIN
from tests.sample import REPOSITORY
from tests.webapp.serving.client import SECRET, Client, approve
from webapp.serving.settings import Settings

pytestmark = pytest.mark.slow

WINE = """
task = "multiclass"
target = "cultivar"
slices = ["strong"]

[[requirements]]
metric = "accuracy"
min = 0.7

[[requirements]]
metric = "log_loss"
better_than = "prior"
"""
DIABETES = """
task = "regression"
target = "progression"

[[requirements]]
metric = "rmse"
better_than = "mean"
by = 5

[[requirements]]
metric = "r2"
min = 0.1
"""
PROBLEM = """
name = "{name}"
title = "A small table"
table = "rows"
{asked}
[features]
columns = {features}

[split]
by = "random"
validation = 0.2
test = 0.3

[search]
trials = 1
epochs = 2

[monitoring]
min_rows = 20
min_outcomes = 20

[sources.rows]
path = "{folder}/rows.csv"

[sources.rows.columns]
{columns}
"""


def wine():
    from sklearn.datasets import load_wine

    found = load_wine(as_frame=True)
    table = found.data.assign(strong=(found.data["alcohol"] > 13).map({True: "yes", False: "no"}))
    return table.assign(cultivar=found.target.map({0: "barolo", 1: "grignolino", 2: "barbera"}))


def diabetes():
    from sklearn.datasets import load_diabetes

    found = load_diabetes(as_frame=True, scaled=False)
    return found.data.assign(progression=found.target)


def run(task, folder, *more):
    where = ("--plumbline-data", str(folder / "data"), "--plumbline-problems", str(folder / "problems"))
    command = [str(BIN / "luigi"), "--module", "pipeline", task, "--problem", folder.name, *where, *more]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def publish(folder: Path, table, asked, target):
    """Write the table and its problem, and run all; the version and what the run said."""
    folder.mkdir()
    table.to_csv(folder / "rows.csv", index=False)
    kinds = {name: "number" if is_numeric_dtype(table[name]) else "category" for name in table}
    text = PROBLEM.format(
        name=folder.name,
        asked=asked,
        folder=folder,
        features=json.dumps([name for name in table if name != target]),
        columns="\n".join(f'{json.dumps(name)} = {{ type = "{kind}" }}' for name, kind in kinds.items()),
    )
    text = text.replace(f'"{target}" = {{ type', f'"{target}" = {{ known = "after", type')
    (folder / "problems").mkdir()
    (folder / "problems" / f"{folder.name}.toml").write_text(text)
    said = run("RunAll", folder)
    return manifest.read(folder / "data" / "models" / folder.name / "1"), said


def serve_and_watch(folder: Path, rows, outcomes) -> tuple[list, DayReport]:
    """Approve the version, ask it, tell what came true, and look at the day: the predictions, and the report."""
    data = folder / "data"
    version = data / "models" / folder.name / "1"
    approve(data, 1, name=folder.name, served={1: digest.of_file(version / manifest.NAME)})
    client = Client(Settings(data, SECRET))
    answer = client.post(f"/predict/{folder.name}", {"rows": rows})
    assert answer.status == 200, answer.body
    asked = answer.headers["x-prediction-id"]
    told = [{"id": asked, "row": row, "value": value} for row, value in enumerate(outcomes)]
    assert client.post(f"/outcomes/{folder.name}", {"outcomes": told}).json() == {"accepted": len(outcomes)}
    client.close()
    day = datetime.now(UTC).date().isoformat()
    run("Monitor", folder, "--day", day)
    [path] = (data / "monitoring" / folder.name).rglob("report.json")
    return answer.json()["predictions"], DayReport.model_validate_json(path.read_bytes())


def test_a_label_of_several(tmp_path):
    table = wine()
    version, said = publish(tmp_path / "wine", table, WINE, "cultivar")
    assert version.contract.classes == ("barbera", "barolo", "grignolino")
    assert version.verdict.verdict == "PASS", said
    assert version.runtime == "litert"
    rows = table.drop(columns="cultivar").to_dict("records")
    predicted, report = serve_and_watch(tmp_path / "wine", rows, table["cultivar"].tolist())
    right = [one["decision"] == label for one, label in zip(predicted, table["cultivar"], strict=True)]
    assert sum(right) / len(right) > 0.85
    [day] = report.versions
    assert (day.task, day.outcomes) == ("multiclass", len(table))
    assert day.mean_outcome == pytest.approx(sum(right) / len(right))
    assert day.drift[-1].name == "decision"
    assert {one.metric for one in day.realised} >= {"accuracy", "log_loss", "roc_auc"}


def test_a_number(tmp_path):
    table = diabetes()
    version, said = publish(tmp_path / "diabetes", table, DIABETES, "progression")
    assert version.contract.task == "regression"
    assert version.verdict.verdict == "PASS", said
    rows = table.drop(columns="progression").to_dict("records")
    predicted, report = serve_and_watch(tmp_path / "diabetes", rows, table["progression"].tolist())
    errors = [abs(one["prediction"] - value) for one, value in zip(predicted, table["progression"], strict=True)]
    assert sum(errors) / len(errors) < 55
    [day] = report.versions
    assert (day.task, day.drift[-1].name) == ("regression", "prediction")
    assert day.mean_outcome == pytest.approx(table["progression"].mean())
    assert next(one.value for one in day.realised if one.metric == "mae") == pytest.approx(sum(errors) / len(errors))
