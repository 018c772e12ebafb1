"""Whether a model is better than the live one is told from chance; and a slice that it serves worse is found.

The pairs are simulated, and judged by what the stages call.
"""

from collections import defaultdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bundle.contract import Contract, Input, Output
from bundle.manifest import Manifest, Verdict
from pipeline import compare, tables, validate
from pipeline.errors import StageError
from pipeline.job import Job
from pipeline.metrics import scored
from pipeline.problem import Requirement
from pipeline.slices import by_slice
from pipeline.validate import Evidence

YES = Contract(inputs=(), outputs=(Output(name="probability", type="number", meaning=""),), threshold=0.5)
NUMBER = Contract(inputs=(), outputs=(Output(name="prediction", type="number", meaning=""),))
PAIRS, DRAWS, SLICES = 200, 100, 8


def rows(contract, count, seed, noise=(0.5, 0.5)):
    """What came true, and what two models said that see the same signal, each with its own noise."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=count)
    said = [signal + each * rng.normal(size=count) for each in noise]
    if contract.threshold is None:
        return signal + rng.normal(size=count), said
    return (rng.random(count) < 1 / (1 + np.exp(-signal))).astype(float), [1 / (1 + np.exp(-one)) for one in said]


def judged(contract, target, said, requirement, columns=None):
    """The clauses on the two models, as Compare and Validate come to them."""

    def apart(picked):
        pair = [scored(contract, target[picked], one[picked]) for one in said]
        return {"metrics": {name: one.told for name, one in compare.apart(pair, 0, DRAWS).items()}}

    found = {"version": 1, "digest": "", "why": "", "against": defaultdict(lambda: validate.UNKNOWN), "slices": {}}
    if columns is None:
        found["against"] = apart(slice(None))["metrics"]
    else:
        found["slices"] = {"group": by_slice(columns, apart)}
    evidence = Evidence({"task": contract.task, "slices": {}}, found, {})
    asked = (requirement,) if requirement else ()
    return {one["kind"]: one for one in (*validate.required(asked, evidence), *validate.no_harm(asked, evidence))}


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "metric"), [(YES, "log_loss"), (NUMBER, "rmse")])
def test_equal_models_are_called_better_in_one_of_twenty_pairs_at_most(contract, metric):
    better = Requirement(metric=metric, better_than="live")
    states = [judged(contract, *rows(contract, 300, seed), better)["difference"]["state"] for seed in range(PAIRS)]
    assert states.count("PASS") <= 0.05 * PAIRS
    assert states.count("FAIL") <= 0.05 * PAIRS
    assert states.count("NOT ENOUGH EVIDENCE") >= 0.9 * PAIRS


def test_a_model_that_is_better_is_called_so():
    better = Requirement(metric="rmse", better_than="live")
    states = [judged(NUMBER, *rows(NUMBER, 600, seed, (0.3, 0.6)), better)["difference"]["state"] for seed in range(20)]
    assert states.count("PASS") >= 19


def test_the_same_model_again_is_not_called_better_and_is_no_worse():
    target, [said, _] = rows(YES, 300, 0)
    for wanted, state in (("better_than", "NOT ENOUGH EVIDENCE"), ("no_worse_than", "PASS")):
        found = judged(YES, target, [said, said], Requirement(metric="log_loss", **{wanted: "live"}))
        assert found["difference"]["state"] == state


def sliced(contract, each, seed, noise=0.5):
    """Eight groups of so many rows; the first model answers one of them with another noise than the others."""
    group = np.arange(each * SLICES) % SLICES
    target, said = rows(contract, len(group), seed, (np.where(group == seed % SLICES, noise, 0.5), 0.5))
    return judged(contract, target, said, None, pd.Series(group))["slices"]


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "each", "noise"), [(YES, 500, 2.0), (NUMBER, 250, 1.0)])
def test_a_slice_that_was_made_worse_on_purpose_is_caught(contract, each, noise):
    """That takes more rows where the answer is yes or no, and more noise: see "The verdict" in docs/pipeline.md."""
    found = [sliced(contract, each, seed, noise) for seed in range(40)]
    caught = [one["state"] == "FAIL" and one["slice"] == f"group {seed % SLICES}" for seed, one in enumerate(found)]
    assert sum(caught) >= 0.95 * len(caught)


@pytest.mark.slow
def test_where_no_slice_is_worse_a_false_alarm_is_seldom():
    alarms = [sliced(NUMBER, 250, seed)["state"] == "FAIL" for seed in range(60)]
    assert sum(alarms) <= 0.05 * len(alarms)


def live(inputs=(("distance", "number"), ("carrier", "category"), ("time", "time")), problem="late", contract=YES):
    """The manifest of a live version that takes these columns."""
    takes = tuple(Input(name=name, type=kind) for name, kind in inputs)
    return Manifest(
        name="flights", version=3, title="", problem=problem, made="2026-11-01T10:00:00+00:00", made_by="tom",
        contract=contract.model_copy(update={"inputs": takes}), runtime="litert",
        verdict=Verdict(verdict="PASS", clauses=()), metrics={}, lineage=(), raw=(), files={},
    )  # fmt: skip


def today(folder):
    """A job whose hold-out has a distance, a carrier and a time."""
    rows = pa.table(
        {
            "distance": pa.array([1.0], tables.TYPES["number"]),
            "carrier": pa.array(["UA"]).cast(tables.TYPES["category"]),
            "time": pa.array([0], tables.TYPES["time"]),
        }
    )
    tables.write(rows, folder / "test", 0)
    part = {"name": "flights", "target": "late", "slices": [], "seed": 0}
    return Job("", "", part, {"split": folder}, folder, folder, "tester", {}, folder)


@pytest.mark.parametrize(
    ("described", "why"),
    [
        (live(), ""),
        (live((("carrier", "boolean"),)), ""),
        (live((("humid", "number"), ("carrier", "category"))), "today's rows have no humid (number)"),
        (live((("carrier", "number"), ("distance", "time"))), "today's rows have no carrier (number), distance (time)"),
        (live(problem="very late"), "it answers very late, and not late"),
        (live(contract=NUMBER), "it gives other kinds of answers"),
    ],
)
def test_a_live_version_that_can_not_answer_today_is_told_why(tmp_path, described, why):
    assert compare.unfit(today(tmp_path), YES, described) == why


def test_a_live_version_that_is_not_there_stops_the_run(tmp_path):
    with pytest.raises(StageError, match="must be as it was when it went live"):
        compare.load(today(tmp_path), {"version": 3, "digest": "d"})
