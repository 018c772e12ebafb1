"""Validate: hold the figures of the hold-out against the requirements of the problem file, clause by clause.

A clause passes where the whole confidence interval meets it and fails where the whole interval misses it; where the
interval lies across the limit, there is not enough evidence. A feature that may be a leak is a clause that fails,
unless the problem file waives it with a reason. The verdict is that of its weakest clause.
"""

import json
from typing import Any, Literal

from pipeline.job import Job, Outcome
from pipeline.problem import LOWER_IS_BETTER, Requirement, Screen

State = Literal["PASS", "FAIL", "NOT ENOUGH EVIDENCE"]
WORDS = {"gradient_boosting": "gradient boosting", "prior": "the prior", "mean": "the mean"}


def validate(job: Job) -> Outcome:
    """Write ``verdict.json``."""
    evaluation = json.loads((job.inputs["evaluation"] / "evaluation.json").read_text())
    profile = json.loads((job.inputs["encoded"] / "profile.json").read_text())
    clauses = [clause(requirement, evaluation) for requirement in job.problem.requirements]
    leaks = [leak(feature, job.problem.screen) for feature in profile["features"] if feature["leak"]]
    states = [one["state"] for one in clauses] + [one["state"] for one in leaks if one["state"] != "PASS"]
    found = {"verdict": verdict(states), "clauses": [*clauses, *leaks]}
    (job.output / "verdict.json").write_text(json.dumps(found, indent=1) + "\n")
    return Outcome(notes=[f"verdict: {found['verdict']}"])


def clause(requirement: Requirement, evaluation: dict[str, Any]) -> dict[str, Any]:
    """One requirement: in words, the figure with its interval, the limit, and the state."""
    metric = requirement.metric
    if requirement.better_than:
        figure = evaluation["against"][requirement.better_than][metric]
        words = f"{metric} better than {WORDS[requirement.better_than]}"
        words += f" by {requirement.by:g}" if requirement.by else ""
        at_most = metric in LOWER_IS_BETTER
        limit = 0.0 - requirement.by if at_most else requirement.by
    else:
        figure = evaluation["metrics"][metric]
        at_most = requirement.max is not None
        limit = float(requirement.max if requirement.max is not None else requirement.min or 0.0)
        words = f"{metric} {'at most' if at_most else 'at least'} {limit:g}"
    return {"clause": words, "threshold": limit, "state": state(figure, limit, at_most=at_most), **figure}


def leak(feature: dict[str, Any], screen: Screen) -> dict[str, Any]:
    """A feature that can hardly be known before the answer, or names rows: it fails unless a person waived it."""
    waived = screen.waive.get(feature["name"])
    words = f"no leak in {feature['name']}: {feature['leak']}" + (f"; waived: {waived}" if waived else "")
    figure = {"value": feature["alone"], "low": None, "high": None}
    return {"clause": words, "threshold": screen.max_alone, "state": "PASS" if waived else "FAIL", **figure}


def state(figure: dict[str, float | None], limit: float, *, at_most: bool) -> State:
    """Whether the whole interval meets the limit, misses it, or lies across it."""
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return "NOT ENOUGH EVIDENCE"
    if high <= limit if at_most else low >= limit:
        return "PASS"
    return "FAIL" if (low > limit if at_most else high < limit) else "NOT ENOUGH EVIDENCE"


def verdict(states: list[State]) -> State:
    """The verdict over all clauses; without any there is nothing that could have been passed."""
    if "FAIL" in states:
        return "FAIL"
    return "NOT ENOUGH EVIDENCE" if "NOT ENOUGH EVIDENCE" in states or not states else "PASS"
