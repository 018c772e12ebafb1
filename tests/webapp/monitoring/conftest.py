"""The people and versions of the registry's tests, and days that Monitor reported on."""

import math

import pytest

from bundle.monitoring import DayReport, Drift, Realised, VersionDay
from tests.webapp.registry.conftest import ada, browser, program, root, shelf, tom, unthrottled, vera  # noqa: F401 - fixtures


def drift(name, psi, usual=0.1):
    return Drift(
        name=name,
        bins=("low", "high", "missing"),
        expected=(0.5, 0.5, 0.0),
        actual=(0.2, 0.7, 0.1),
        psi=psi,
        usual=usual,
        q=0.001,
        drifted=psi > 0.25,
    )


def reported(day="2013-11-03", moved=0.02, auc=0.7, **more):
    """What Monitor would say of a day on which the carrier moved so far."""
    metric = Realised(
        metric="roc_auc",
        value=auc,
        low=auc - 0.03,
        high=auc + 0.03,
        hold_out=0.69,
        minimum=0.67,
        maximum=None,
        fallen=auc + 0.03 < 0.67,
    )
    version = VersionDay(
        version=1,
        requests=400,
        rows=900,
        outcomes=880,
        mean_answer=0.25 + math.sin(len(day) * auc) / 50,
        mean_outcome=0.22,
        drift=(drift("carrier", moved), drift("distance", 0.01), drift("probability", 0.03)),
        realised=(metric,),
    )
    facts = {
        "model": "flights",
        "day": day,
        "made": "2026-11-23T12:00:00Z",
        "rows": 900,
        "outcomes": 880,
        "unknown_outcomes": 0,
        "versions": (version,),
        "drifted": moved > 0.25,
        "fallen": metric.fallen,
        "findings": ("carrier is far from training.",) if moved > 0.25 else (),
    }
    return DayReport(**facts | more)


@pytest.fixture
def report(shelf):  # noqa: F811 - the fixture
    """Leave a report as Monitor does."""

    def leave(made: DayReport) -> DayReport:
        folder = shelf.folder.parent / "monitoring" / made.model / made.day
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(made.model_dump_json())
        (folder / "report.html").write_text(f"<h1>Report on {made.day}</h1>")
        return made

    return leave
