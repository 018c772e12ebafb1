"""Each clause of a verdict can fail, and a figure whose interval lies across the limit is no evidence."""

import json

import pytest

from pipeline import validate
from pipeline.job import Job
from pipeline.problem import Requirement


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


EVALUATION = {
    "metrics": {
        "roc_auc": figure(0.70, 0.68, 0.72),
        "log_loss": figure(0.50, 0.48, 0.52),
        "f1": figure(None, None, None),
    },
    "against": {"prior": {"log_loss": figure(-0.04, -0.05, -0.03), "roc_auc": figure(0.2, 0.18, 0.22)}},
}


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
    ],
)
def test_a_clause(requirement, words, state):
    clause = validate.clause(Requirement(**requirement), EVALUATION)
    assert (clause["clause"], clause["state"]) == (words, state)


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


@pytest.mark.parametrize(("waive", "state"), [({}, "FAIL"), ({"fee": "Paid before."}, "PASS")])
def test_case_14_a_leak_fails_until_it_is_waived_with_a_reason(tmp_path, waive, state):
    """And what is waived is no evidence that the model is any good."""
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION))
    feature = {"name": "fee", "leak": "it alone tells 0.999 of the answer, above 0.98", "alone": 0.999}
    (tmp_path / "profile.json").write_text(json.dumps({"features": [feature, {"name": "x", "leak": ""}]}))
    part = {"requirements": [], "screen": {"waive": waive}}
    inputs = {"evaluation": tmp_path, "encoded": tmp_path}
    validate.validate(Job("", "", part, inputs, tmp_path, tmp_path, "tester", {}, tmp_path))
    found = json.loads((tmp_path / "verdict.json").read_text())
    [clause] = found["clauses"]
    assert clause["clause"].startswith("no leak in fee: it alone tells 0.999")
    assert clause["clause"].endswith("waived: Paid before." if waive else "above 0.98")
    assert clause["state"] == state
    assert found["verdict"] == ("NOT ENOUGH EVIDENCE" if waive else "FAIL")
