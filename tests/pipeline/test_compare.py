"""Whether a model is better than the live one is told from chance; and a slice that it serves worse is found.

The pairs are simulated, and judged by what the stages call.
"""

from collections import defaultdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import binom

from bundle.contract import Contract, Input, Output
from bundle.manifest import Manifest, Verdict
from pipeline import compare, tables, validate
from pipeline.errors import StageError
from pipeline.job import Job
from pipeline.metrics import scored
from pipeline.metrics.groups import Groups
from pipeline.problem import Requirement
from pipeline.slices import by_slice
from pipeline.validate import Evidence

YES = Contract(inputs=(), outputs=(Output(name="probability", type="number", meaning=""),), threshold=0.5)
NUMBER = Contract(inputs=(), outputs=(Output(name="prediction", type="number", meaning=""),))
PAIRS, SLICES = 200, 8
AT_MOST = int(binom.ppf(0.95, PAIRS, 0.05))
"""What may be called so by chance, where it is 1 in 20."""


def rows(contract, count, seed, noise=(0.5, 0.5), each=1):
    """What came true, and what two models said that see the same signal, each with its own noise.

    The noise goes with the group, where there are several rows to ``each``.
    """
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=count)
    said = [signal + one * np.repeat(rng.normal(size=count // each), each) for one in noise]
    if contract.threshold is None:
        return signal + rng.normal(size=count), said
    return (rng.random(count) < 1 / (1 + np.exp(-signal))).astype(float), [1 / (1 + np.exp(-one)) for one in said]


def judged(contract, target, said, requirement, columns=None, groups=None):
    """The clauses on the two models, as Compare and Validate come to them."""

    def apart(picked):
        together = groups and groups.of(picked)
        pair = [scored(contract, target[picked], one[picked], together) for one in said]
        return compare.differ(pair, 0)

    found = {"version": 1, "digest": "", "why": "", "against": defaultdict(lambda: validate.UNKNOWN), "slices": {}}
    found["doubts"] = {}
    if columns is None:
        whole = apart(slice(None))
        found |= {"against": whole["metrics"], "doubts": whole["doubts"]}
    else:
        found["slices"] = {"group": by_slice(columns, apart)}
    evidence = Evidence({"task": contract.task, "slices": {}}, found, {})
    asked = (requirement,) if requirement else ()
    return {one["kind"]: one for one in (*validate.required(asked, evidence), *validate.no_harm(asked, evidence))}


@pytest.mark.slow
@pytest.mark.parametrize(("count", "each"), [(300, 1), (100, 20)])
@pytest.mark.parametrize(("contract", "metric"), [(YES, "log_loss"), (NUMBER, "rmse")])
def test_equal_models_are_called_better_in_one_of_twenty_pairs_at_most(contract, metric, count, each):
    better, groups = (
        Requirement(metric=metric, better_than="live"),
        Groups.by("customer", np.repeat(range(count), each)),
    )
    pairs = [rows(contract, count * each, seed, each=each) for seed in range(PAIRS)]
    states = [judged(contract, *pair, better, groups=groups)["difference"]["state"] for pair in pairs]
    assert states.count("PASS") <= AT_MOST
    assert states.count("FAIL") <= AT_MOST


def test_few_groups_settle_nothing_however_many_rows_they_have():
    better, groups = Requirement(metric="rmse", better_than="live"), Groups.by("customer", np.arange(2900) % 29)
    found = judged(NUMBER, *rows(NUMBER, 2900, 0, (0.1, 0.9)), better, groups=groups)["difference"]
    assert found["state"] == "NOT ENOUGH EVIDENCE"
    assert found["why"] == "too few groups by customer: 29, and 30 are the least"


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


def twelve(contract, each, seed, *, turned=False):
    """Twelve groups of so many rows; where one is ``turned``, the first model says the opposite there."""
    group = np.arange(each * 12) % 12
    target, [mine, theirs] = rows(contract, len(group), seed)
    opposite = -mine if contract.threshold is None else 1 - mine
    said = [np.where((group == seed % 12) & turned, opposite, mine), theirs]
    return judged(contract, target, said, None, pd.Series(group))["slices"]


@pytest.mark.slow
@pytest.mark.parametrize("contract", [YES, NUMBER])
def test_great_harm_in_a_slice_of_190_rows_is_caught(contract):
    found = [twelve(contract, 190, seed, turned=True) for seed in range(20)]
    caught = [one["state"] == "FAIL" and one["slice"] == f"group {seed % 12}" for seed, one in enumerate(found)]
    assert sum(caught) >= 0.95 * len(caught)


@pytest.mark.slow
@pytest.mark.parametrize("contract", [YES, NUMBER])
def test_where_no_slice_is_worse_a_false_alarm_is_seldom(contract):
    alarms = [twelve(contract, 60, seed)["state"] == "FAIL" for seed in range(PAIRS // 2)]
    assert sum(alarms) <= binom.ppf(0.95, PAIRS // 2, 0.05)


def test_slices_that_nobody_judged_are_told():
    target, said = rows(YES, 400, 0)
    target[:5], target[5:60] = 1.0, 0.0
    columns = pd.Series(["rare"] * 60 + ["few"] * 40 + ["many"] * 300)
    found = judged(YES, target, said, None, columns)["slices"]
    assert (found["state"], found["slice"]) == ("PASS", "group many")
    assert found["why"] == "not judged are the slices of 100 rows by group"
    only = judged(YES, target[60:100], [one[60:100] for one in said], None, columns[60:100])["slices"]
    assert (only["state"], only["value"], only["why"]) == (
        "PASS",
        None,
        "not judged are the slices of 40 rows by group",
    )


def live(inputs=(("distance", "number"), ("carrier", "category"), ("time", "time")), problem="late > 15", contract=YES):
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
    part = {"name": "flights", "target": "late > 15", "slices": [], "seed": 0}
    return Job("", "", part, {"split": folder}, folder, folder, "tester", {}, folder)


@pytest.mark.parametrize(
    ("described", "why"),
    [
        (live(), ""),
        (live((("carrier", "boolean"),)), ""),
        (live((("humid", "number"), ("carrier", "category"))), "today's rows have no humid (number)"),
        (live((("carrier", "number"), ("distance", "time"))), "today's rows have no carrier (number), distance (time)"),
        (live(problem="very_late"), "it answers very_late, and not late > 15"),
        (live(problem="(late>15)"), ""),
        (live(contract=NUMBER), "it gives other kinds of answers"),
    ],
)
def test_a_live_version_that_can_not_answer_today_is_told_why(tmp_path, described, why):
    assert compare.unfit(today(tmp_path), YES, described) == why


def test_a_live_version_that_is_not_there_stops_the_run(tmp_path):
    with pytest.raises(StageError, match="must be as it was when it went live"):
        compare.load(today(tmp_path), {"version": 3, "digest": "d"})
