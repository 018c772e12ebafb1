"""Each clause of a verdict can fail, and a figure whose interval lies across the limit is no evidence."""

import json

import pytest

from pipeline import validate
from pipeline.job import Job
from pipeline.problem import Requirement
from pipeline.validate import Evidence
from tests.pipeline.test_publish import receipt


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def group(value, rows, doubts=None, **metrics):
    return {"value": value, "rows": rows, "metrics": metrics, "doubts": doubts or {}}


SURE = {"metrics": {}, "against": {}}


CARRIERS = [
    group("UA", 900, roc_auc=figure(0.72, 0.70, 0.74), log_loss=figure(0.49, 0.47, 0.51)),
    group("AA", 400, roc_auc=figure(0.66, 0.61, 0.71), log_loss=figure(0.55, 0.52, 0.58)),
    group("OO", 20, roc_auc=figure(0.20, 0.10, 0.30), log_loss=figure(0.90, 0.80, 1.00)),
]
EVALUATION = {
    "task": "binary",
    "doubts": SURE,
    "size_mb": 2.5,
    "metrics": {
        "roc_auc": figure(0.70, 0.68, 0.72),
        "log_loss": figure(0.50, 0.48, 0.52),
        "ece": figure(0.02, 0.01, 0.03),
        "f1": figure(None, None, None),
    },
    "against": {
        "prior": {"log_loss": figure(-0.04, -0.05, -0.03), "roc_auc": figure(0.2, 0.18, 0.22)},
        "linear": {"log_loss": figure(0.04, 0.03, 0.05), "roc_auc": figure(-0.2, -0.22, -0.18)},
    },
    "slices": {"carrier": CARRIERS},
}
LIVE = {
    "version": 3,
    "digest": "d",
    "why": "",
    "doubts": {},
    "against": {
        "log_loss": figure(0.01, -0.01, 0.03),
        "roc_auc": figure(0.02, 0.01, 0.03),
        "brier": figure(0.02, 0.01, 0.03),
        "recall": figure(-0.02, -0.03, -0.01),
    },
    "slices": {"carrier": [group("UA", 900, log_loss=figure(-0.01, -0.02, 0.0))]},
}
LABELS = {
    "task": "multiclass",
    "doubts": SURE,
    "metrics": {"macro_f1": figure(0.60, 0.58, 0.62), "log_loss": figure(0.80, 0.78, 0.82)},
    "against": {"linear": {"macro_f1": figure(-0.05, -0.07, -0.03), "log_loss": figure(0.05, 0.03, 0.07)}},
    "slices": {"carrier": [group("UA", 900, macro_f1=figure(0.50, 0.48, 0.52), log_loss=figure(0.90, 0.88, 0.92))]},
}
NUMBERS = {
    "task": "regression",
    "doubts": SURE,
    "metrics": {"rmse": figure(12.0, 11.0, 13.0), "r2": figure(0.50, 0.48, 0.52)},
    "against": {"mean": {"rmse": figure(2.0, 1.0, 3.0), "r2": figure(-0.05, -0.07, -0.03)}},
    "slices": {"carrier": [group("UA", 900, rmse=figure(15.0, 14.0, 16.0), r2=figure(0.30, 0.28, 0.32))]},
}
COSTS = {"latency_ms": figure(0.1, 0.09, 0.12), "size_mb": figure(2.5, 2.5, 2.5)}
EVIDENCE = Evidence(EVALUATION, LIVE, COSTS)


@pytest.mark.parametrize(
    ("requirement", "words", "state"),
    [
        ({"metric": "roc_auc", "min": 0.68}, "roc_auc at least 0.68", "PASS"),
        ({"metric": "roc_auc", "min": 0.69}, "roc_auc at least 0.69", "NOT ENOUGH EVIDENCE"),
        ({"metric": "roc_auc", "min": 0.73}, "roc_auc at least 0.73", "FAIL"),
        ({"metric": "log_loss", "max": 0.52}, "log_loss at most 0.52", "PASS"),
        ({"metric": "log_loss", "max": 0.5}, "log_loss at most 0.5", "NOT ENOUGH EVIDENCE"),
        ({"metric": "log_loss", "max": 0.47}, "log_loss at most 0.47", "FAIL"),
        ({"metric": "log_loss", "better_than": "prior"}, "log_loss better than the prior", "PASS"),
        (
            {"metric": "log_loss", "better_than": "prior", "by": 0.04},
            "log_loss better than the prior by 0.04",
            "NOT ENOUGH EVIDENCE",
        ),
        ({"metric": "log_loss", "better_than": "prior", "by": 0.06}, "log_loss better than the prior by 0.06", "FAIL"),
        ({"metric": "roc_auc", "better_than": "prior", "by": 0.1}, "roc_auc better than the prior by 0.1", "PASS"),
        ({"metric": "roc_auc", "better_than": "prior", "by": 0.3}, "roc_auc better than the prior by 0.3", "FAIL"),
        ({"metric": "f1", "min": 0.1}, "f1 at least 0.1", "NOT ENOUGH EVIDENCE"),
        ({"metric": "log_loss", "no_worse_than": "prior"}, "log_loss no worse than the prior", "PASS"),
        ({"metric": "log_loss", "no_worse_than": "linear"}, "log_loss no worse than a linear model", "FAIL"),
        (
            {"metric": "log_loss", "no_worse_than": "linear", "by": 0.02},
            "log_loss no worse than a linear model by 0.02",
            "FAIL",
        ),
        (
            {"metric": "log_loss", "no_worse_than": "linear", "by": 0.05},
            "log_loss no worse than a linear model by 0.05",
            "PASS",
        ),
        ({"metric": "roc_auc", "no_worse_than": "prior", "by": 0.1}, "roc_auc no worse than the prior by 0.1", "PASS"),
        (
            {"metric": "roc_auc", "no_worse_than": "linear", "by": 0.1},
            "roc_auc no worse than a linear model by 0.1",
            "FAIL",
        ),
        (
            {"metric": "roc_auc", "no_worse_than": "linear", "by": 0.2},
            "roc_auc no worse than a linear model by 0.2",
            "NOT ENOUGH EVIDENCE",
        ),
        (
            {"metric": "roc_auc", "no_worse_than": "linear", "by": 0.3},
            "roc_auc no worse than a linear model by 0.3",
            "PASS",
        ),
        ({"metric": "ece", "max": 0.03}, "ece at most 0.03", "PASS"),
        ({"metric": "ece", "max": 0.005}, "ece at most 0.005", "FAIL"),
        ({"metric": "log_loss", "better_than": "live"}, "log_loss better than the live version", "NOT ENOUGH EVIDENCE"),
        ({"metric": "roc_auc", "better_than": "live"}, "roc_auc better than the live version", "PASS"),
        (
            {"metric": "roc_auc", "better_than": "live", "by": 0.05},
            "roc_auc better than the live version by 0.05",
            "FAIL",
        ),
        (
            {"metric": "log_loss", "no_worse_than": "live", "by": 0.03},
            "log_loss no worse than the live version by 0.03",
            "PASS",
        ),
        ({"metric": "brier", "no_worse_than": "live"}, "brier no worse than the live version", "FAIL"),
        (
            {"metric": "roc_auc", "no_worse_than": "live", "by": 0.005},
            "roc_auc no worse than the live version by 0.005",
            "PASS",
        ),
        (
            {"metric": "recall", "no_worse_than": "live", "by": 0.005},
            "recall no worse than the live version by 0.005",
            "FAIL",
        ),
        (
            {"metric": "recall", "no_worse_than": "live", "by": 0.05},
            "recall no worse than the live version by 0.05",
            "PASS",
        ),
        ({"metric": "latency_ms", "max": 0.2}, "latency_ms at most 0.2", "PASS"),
        ({"metric": "latency_ms", "max": 0.1}, "latency_ms at most 0.1", "NOT ENOUGH EVIDENCE"),
        ({"metric": "latency_ms", "max": 0.05}, "latency_ms at most 0.05", "FAIL"),
        ({"metric": "size_mb", "max": 2.5}, "size_mb at most 2.5", "PASS"),
        ({"metric": "size_mb", "max": 2.0}, "size_mb at most 2", "FAIL"),
    ],
)
def test_a_clause(requirement, words, state):
    clause = validate.clause(Requirement(**requirement), EVIDENCE)
    assert (clause["clause"], clause["state"]) == (words, state)


@pytest.mark.parametrize(
    ("evaluation", "asked", "limit", "met", "missed"),
    [
        (LABELS, {"metric": "macro_f1"}, "min", 0.58, 0.63),
        (LABELS, {"metric": "log_loss"}, "max", 0.82, 0.77),
        (LABELS, {"metric": "macro_f1", "no_worse_than": "linear"}, "by", 0.08, 0.02),
        (LABELS, {"metric": "log_loss", "no_worse_than": "linear"}, "by", 0.08, 0.02),
        (LABELS, {"metric": "macro_f1", "every_slice": True}, "min", 0.48, 0.53),
        (NUMBERS, {"metric": "rmse"}, "max", 13.0, 10.0),
        (NUMBERS, {"metric": "r2"}, "min", 0.48, 0.53),
        (NUMBERS, {"metric": "rmse", "no_worse_than": "mean"}, "by", 4.0, 0.5),
        (NUMBERS, {"metric": "r2", "no_worse_than": "mean"}, "by", 0.08, 0.02),
        (NUMBERS, {"metric": "rmse", "every_slice": True}, "max", 16.0, 13.0),
    ],
)
def test_a_clause_on_labels_or_numbers(evaluation, asked, limit, met, missed):
    for at, state in ((met, "PASS"), (missed, "FAIL")):
        assert validate.clause(Requirement(**asked, **{limit: at}), Evidence(evaluation, {}, COSTS))["state"] == state


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (["PASS", "PASS"], "PASS"),
        (["PASS", "NOT ENOUGH EVIDENCE"], "NOT ENOUGH EVIDENCE"),
        (["NOT ENOUGH EVIDENCE", "FAIL", "PASS"], "FAIL"),
        ([], "NOT ENOUGH EVIDENCE"),
    ],
)
def test_the_verdict_is_that_of_the_weakest_clause(states, verdict):
    assert validate.verdict(states) == verdict


@pytest.mark.parametrize(
    ("least", "state"), [(0.6, "PASS"), (0.65, "NOT ENOUGH EVIDENCE"), (0.715, "NOT ENOUGH EVIDENCE"), (0.73, "FAIL")]
)
def test_every_slice_of_enough_rows_must_reach_it(least, state):
    """At 0.715 the upper edge of AA, 0.71, is below: more than chance for one slice, and not for the worst of two."""
    clause = validate.clause(Requirement(metric="roc_auc", min=least, every_slice=True), EVIDENCE)
    assert clause["clause"] == f"roc_auc at least {least:g} in every slice of 200 rows or more"
    assert (clause["state"], clause["slice"], clause["value"]) == (state, "carrier AA", 0.66)


def test_a_slice_of_few_rows_counts_where_it_is_asked_for():
    clause = validate.clause(Requirement(metric="roc_auc", min=0.5, every_slice=True, min_rows=20), EVIDENCE)
    assert (clause["state"], clause["slice"]) == ("FAIL", "carrier OO")
    none = validate.clause(Requirement(metric="roc_auc", min=0.5, every_slice=True, min_rows=1000), EVIDENCE)
    assert (none["state"], none["value"]) == ("NOT ENOUGH EVIDENCE", None)
    assert none["why"] == "no slice has 1,000 rows"


def test_the_slice_that_is_named_is_the_one_that_decides():
    """Where all pass, that whose interval comes nearest to the limit; where one fails, that which fails most surely."""
    steady = group("UA", 9000, roc_auc=figure(0.70, 0.69, 0.71))
    unsure = group("AA", 300, roc_auc=figure(0.75, 0.65, 0.85))
    evidence = Evidence({**EVALUATION, "slices": {"carrier": [steady, unsure]}}, LIVE, COSTS)
    for least, state, named in ((0.6, "PASS", "AA"), (0.68, "NOT ENOUGH EVIDENCE", "AA"), (0.72, "FAIL", "UA")):
        found = validate.clause(Requirement(metric="roc_auc", min=least, every_slice=True), evidence)
        assert (found["state"], found["slice"]) == (state, f"carrier {named}")


WHY = "too few groups by customer: 12, and 30 are the least"


@pytest.mark.parametrize(
    ("requirement", "doubts"),
    [
        ({"metric": "roc_auc", "min": 0.5}, {"metrics": {"roc_auc": WHY}, "against": {}}),
        ({"metric": "roc_auc", "min": 0.9}, {"metrics": {"roc_auc": WHY}, "against": {}}),
        ({"metric": "log_loss", "better_than": "prior"}, {"metrics": {}, "against": {"log_loss": WHY}}),
    ],
)
def test_a_figure_of_which_there_is_a_doubt_settles_nothing(requirement, doubts):
    found = validate.clause(Requirement(**requirement), Evidence({**EVALUATION, "doubts": doubts}, {}, COSTS))
    assert (found["state"], found["why"]) == ("NOT ENOUGH EVIDENCE", WHY)
    assert found["value"] is not None


def test_a_slice_of_which_there_is_a_doubt_neither_passes_nor_fails_and_is_named():
    groups = [CARRIERS[0], group("AA", 400, {"roc_auc": WHY}, roc_auc=figure(0.2, 0.1, 0.3))]
    evidence = Evidence({**EVALUATION, "slices": {"carrier": groups}}, LIVE, COSTS)
    found = validate.clause(Requirement(metric="roc_auc", min=0.6, every_slice=True), evidence)
    assert (found["state"], found["slice"]) == ("NOT ENOUGH EVIDENCE", "carrier UA")
    assert found["why"] == f"carrier AA: {WHY}"
    failed = validate.clause(Requirement(metric="roc_auc", min=0.9, every_slice=True), evidence)
    assert (failed["state"], failed["slice"]) == ("FAIL", "carrier UA")


def test_what_the_rows_can_not_tell_is_said():
    found = validate.clause(Requirement(metric="f1", min=0.1), EVIDENCE)
    assert found["why"] == "the held-out rows can't tell it"


@pytest.mark.parametrize(
    ("requirement", "state", "worst"),
    [
        ({"metric": "log_loss", "no_worse_than": "live"}, "FAIL", "AA"),
        ({"metric": "log_loss", "no_worse_than": "live", "by": 0.005}, "FAIL", "AA"),
        ({"metric": "log_loss", "no_worse_than": "live", "by": 0.02}, "NOT ENOUGH EVIDENCE", "AA"),
        ({"metric": "log_loss", "no_worse_than": "live", "by": 0.04}, "PASS", "AA"),
        ({"metric": "log_loss", "better_than": "live"}, "FAIL", "AA"),
        ({"metric": "roc_auc", "no_worse_than": "live", "by": 0.005}, "FAIL", "UA"),
        ({"metric": "roc_auc", "no_worse_than": "live", "by": 0.04}, "PASS", "UA"),
    ],
)
def test_every_slice_is_held_against_the_live_version_where_that_is_asked_for(requirement, state, worst):
    less, more = figure(-0.02, -0.03, -0.01), figure(0.02, 0.01, 0.03)
    carriers = [
        group("UA", 900, log_loss=less, roc_auc=less),
        group("AA", 400, log_loss=more, roc_auc=more),
        group("OO", 20, log_loss=figure(0.9, 0.8, 1.0), roc_auc=figure(-0.9, -1.0, -0.8)),
    ]
    evidence = Evidence(EVALUATION, {**LIVE, "slices": {"carrier": carriers}}, COSTS)
    [clause] = validate.required((Requirement(**requirement, every_slice=True),), evidence)
    assert clause["clause"].endswith(" in every slice of 200 rows or more")
    assert (clause["kind"], clause["state"], clause["slice"]) == ("slices", state, f"carrier {worst}")


def no_harm(live, *requirements, evaluation=EVALUATION):
    return {one["clause"]: one["state"] for one in validate.no_harm(requirements, Evidence(evaluation, live, COSTS))}


def test_nobody_must_ask_that_a_model_be_not_shown_to_be_worse_than_the_live_one():
    whole = "log_loss not shown to be worse than the live version"
    slices = f"{whole} in every slice of 50 rows or more"
    assert no_harm(LIVE) == {whole: "PASS", slices: "PASS"}
    worse = figure(0.02, 0.01, 0.03)
    assert no_harm({**LIVE, "against": {"log_loss": worse}}) == {whole: "FAIL", slices: "PASS"}
    groups = {"carrier": [*LIVE["slices"]["carrier"], group("AA", 400, log_loss=worse)]}
    assert no_harm({**LIVE, "slices": groups}) == {whole: "PASS", slices: "FAIL"}
    asked = Requirement(metric="log_loss", no_worse_than="live", by=0.01)
    assert no_harm(LIVE, asked) == {slices: "PASS"}
    assert no_harm(LIVE, asked.model_copy(update={"metric": "roc_auc"})) == {whole: "PASS", slices: "PASS"}
    assert no_harm({}) == {}


@pytest.mark.parametrize(("evaluation", "metric"), [(LABELS, "log_loss"), (NUMBERS, "rmse")])
def test_labels_and_numbers_are_held_against_the_live_version_by_their_loss(evaluation, metric):
    for found, state in ((figure(0.02, 0.01, 0.03), "FAIL"), (figure(-0.02, -0.03, -0.01), "PASS")):
        live = {**LIVE, "against": {metric: found}, "slices": {"carrier": [group("UA", 900, **{metric: found})]}}
        whole = f"{metric} not shown to be worse than the live version"
        told = {whole: state, f"{whole} in every slice of 50 rows or more": state}
        assert no_harm(live, evaluation=evaluation) == told


def test_what_is_required_of_a_live_version_is_absent_without_one_and_unclear_where_it_can_not_answer():
    wanted = (Requirement(metric="log_loss", better_than="live"),)
    assert list(validate.required(wanted, Evidence(EVALUATION, {}, COSTS))) == []
    mute = {"version": 3, "digest": "d", "why": "today's rows have no humid (number)"}
    [clause] = validate.required(wanted, Evidence(EVALUATION, mute, COSTS))
    assert (clause["state"], clause["value"]) == ("NOT ENOUGH EVIDENCE", None)
    assert clause["why"] == "the live version can't be compared: today's rows have no humid (number)"
    assert no_harm(mute) == {}


def judge(folder, part, live=None, features=()):
    """The verdict on the evidence in a folder, through the stage's own function."""
    evaluated = receipt(
        "Evaluate", "figures", measured={f"latency_ms {edge}": value for edge, value in COSTS["latency_ms"].items()}
    )
    (folder / "receipt.json").write_text(evaluated.model_dump_json())
    for name, found in (
        ("evaluation", EVALUATION),
        ("profile", {"features": list(features)}),
        ("live", live or {}),
        ("windows", [{"seal": None}, {"seal": "rows"}]),
    ):
        (folder / f"{name}.json").write_text(json.dumps(found))
    inputs = dict.fromkeys(("evaluation", "encoded", "compared", "split"), folder)
    validate.validate(Job("", "", part, inputs, folder, folder, "tester", {}, folder))
    return json.loads((folder / "verdict.json").read_text())


def test_the_verdict_names_what_it_rests_on(tmp_path):
    part = {"requirements": [{"metric": "roc_auc", "min": 0.6}], "screen": {}}
    found = judge(tmp_path, part, LIVE)
    assert (found["verdict"], found["data"], found["live"]) == (
        "PASS",
        "rows",
        {"version": 3, "digest": "d", "why": ""},
    )
    stricter = judge(tmp_path, {"requirements": [{"metric": "roc_auc", "min": 0.61}], "screen": {}}, LIVE)
    assert stricter["policy"] != found["policy"]
    assert stricter["code"] == found["code"]


def test_that_the_live_version_could_not_be_compared_stands_in_the_verdict(tmp_path):
    """And spoils it only where something was required beside it: else no contract could ever be changed."""
    mute = {"version": 3, "digest": "d", "why": "it gives other kinds of answers"}
    required = {"metric": "roc_auc", "min": 0.6}
    found = judge(tmp_path, {"requirements": [required], "screen": {}}, mute)
    assert (found["verdict"], found["live"]) == ("PASS", mute)
    beside = {"metric": "log_loss", "no_worse_than": "live"}
    found = judge(tmp_path, {"requirements": [required, beside], "screen": {}}, mute)
    assert found["verdict"] == "NOT ENOUGH EVIDENCE"


def test_without_a_requirement_there_is_nothing_that_was_passed(tmp_path):
    assert judge(tmp_path, {"requirements": [], "screen": {}}, LIVE)["verdict"] == "NOT ENOUGH EVIDENCE"


def test_milliseconds_are_no_part_of_the_result(tmp_path):
    found = judge(tmp_path, {"requirements": [{"metric": "latency_ms", "max": 0.2}], "screen": {}})
    [clause] = found["clauses"]
    assert (clause["state"], clause["threshold"], clause["value"], clause["low"]) == ("PASS", 0.2, None, None)


@pytest.mark.parametrize(("waive", "state"), [({}, "FAIL"), ({"fee": "Paid before."}, "PASS")])
def test_case_14_a_leak_fails_until_it_is_waived_with_a_reason(tmp_path, waive, state):
    """And what is waived is no evidence that the model is any good."""
    feature = {"name": "fee", "leak": "it alone tells 0.999 of the answer, above 0.98", "alone": 0.999}
    part = {"requirements": [], "screen": {"waive": waive}}
    found = judge(tmp_path, part, features=[feature, {"name": "x", "leak": ""}])
    [clause] = found["clauses"]
    assert clause["clause"].startswith("no leak in fee: it alone tells 0.999")
    assert clause["clause"].endswith("waived: Paid before." if waive else "above 0.98")
    assert clause["state"] == state
    assert found["verdict"] == ("NOT ENOUGH EVIDENCE" if waive else "FAIL")


def test_a_feature_that_names_rows_has_no_figure_that_would_pass(tmp_path):
    feature = {"name": "id", "leak": "it names rows: hardly a value comes twice", "alone": 0.013}
    [clause] = judge(tmp_path, {"requirements": [], "screen": {}}, features=[feature])["clauses"]
    assert (clause["state"], clause["value"]) == ("FAIL", None)


@pytest.mark.parametrize("low", [None, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("requirement", [{"metric": "roc_auc", "min": 0.1}, {"metric": "roc_auc", "max": 0.9}])
def test_case_08_a_figure_that_is_not_finite_passes_no_gate(low, requirement):
    told = {**EVALUATION, "metrics": {"roc_auc": figure(low, low, low)}}
    found = validate.clause(Requirement(**requirement), Evidence(told, {}, COSTS))
    assert found["state"] == "NOT ENOUGH EVIDENCE"
