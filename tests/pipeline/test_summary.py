"""The end of a run says what keeps a verdict from being one."""

from bundle.manifest import Clause
from pipeline import summary

FIGURE = {"value": 0.7, "low": 0.65, "high": 0.75, "threshold": 0.69}


def test_a_clause_that_is_unclear_for_another_reason_than_its_rows_tells_it():
    clauses = [
        Clause(clause="roc_auc at least 0.69", state="NOT ENOUGH EVIDENCE", **FIGURE),
        Clause(clause="recall at least 0.69", state="NOT ENOUGH EVIDENCE", why="too few answers are yes", **FIGURE),
        Clause(clause="ece at most 0.69", state="PASS", why="of the rows that have an answer", **FIGURE),
    ]
    assert summary.reasons(clauses) == ["recall at least 0.69: too few answers are yes"]
