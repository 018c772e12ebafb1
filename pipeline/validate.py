"""Validate: hold the figures of the hold-out against what is required, clause by clause.

A clause passes where the whole confidence interval meets its limit and fails where the whole interval misses it; where
the interval lies across the limit, or there is a doubt about the figure, there is not enough evidence. What every slice
must reach fails where a slice misses it by more than chance would make one of so many (Holm 1979), and passes where
each meets it by itself, which needs no correction (the intersection-union test: Berger 1982). Nobody needs to ask that
a model be not shown to be worse than the live one, over all rows or in a slice; and a feature that may be a leak is a
clause that fails, unless the problem file waives it with a reason. The verdict is that of its weakest clause.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bundle.digest import of_json
from pipeline import plain, receipts
from pipeline.errors import StageError
from pipeline.job import Job, Outcome
from pipeline.problem import COSTS, LIVE, LOSS, LOWER_IS_BETTER, Requirement, Screen
from pipeline.significance import CHANCE, HARM_ROWS, Interval, chance, holm

State = Literal["PASS", "FAIL", "NOT ENOUGH EVIDENCE"]
Clause = dict[str, Any]
Figure = Mapping[str, Any]
"""A figure with its interval, and ``why`` it settles nothing, where it does not."""
WORDS = {
    "gradient_boosting": "gradient boosting",
    "prior": "the prior",
    "mean": "the mean",
    "linear": "a linear model",
    "live": "the live version",
}
UNTOLD = "the held-out rows can't tell it"
UNKNOWN: dict[str, float | None] = {"value": None, "low": None, "high": None}
LATENCY = "latency_ms"


@dataclass(frozen=True)
class Evidence:
    """What is known of a model.

    Attributes:
        evaluation: as Evaluate leaves it.
        live: as Compare leaves it; empty where there is no live version.
        costs: the figures of latency and size.
    """

    evaluation: Mapping[str, Any]
    live: Mapping[str, Any]
    costs: Mapping[str, Interval]

    def figure(self, requirement: Requirement) -> Figure:
        """The figure that a requirement of all rows is about."""
        metric, rival = requirement.metric, requirement.rival
        if metric in COSTS:
            return self.costs[metric]
        if rival == LIVE:
            return _doubted(self.live["against"], self.live["doubts"], metric)
        told, doubts = self.evaluation, self.evaluation["doubts"]
        if rival:
            return _doubted(told["against"][rival], doubts["against"], metric)
        return _doubted(told["metrics"], doubts["metrics"], metric)

    def slices(self, requirement: Requirement) -> dict[str, Figure]:
        """The figures that a requirement of every slice is about."""
        return {
            f"{column} {group['value']}": _doubted(group["metrics"], group["doubts"], requirement.metric)
            for column, groups in self._told(requirement)["slices"].items()
            for group in groups
            if group["rows"] >= requirement.min_rows
        }

    def unjudged(self, requirement: Requirement) -> str:
        """How many rows lie in slices that a requirement of every slice does not speak of, or that settle nothing."""
        rows = {
            column: sum(
                group["rows"]
                for group in groups
                if group["rows"] < requirement.min_rows
                or _doubted(group["metrics"], group["doubts"], requirement.metric)["why"]
            )
            for column, groups in self._told(requirement)["slices"].items()
        }
        told = ", ".join(f"{count:,} rows by {column}" for column, count in rows.items() if count)
        return f"not judged are the slices of {told}" if told else ""

    def _told(self, requirement: Requirement) -> Mapping[str, Any]:
        return self.live if requirement.rival == LIVE else self.evaluation


def _doubted(figures: Mapping[str, Interval | None], doubts: Mapping[str, str], metric: str) -> Figure:
    figure = figures[metric] or UNKNOWN
    return {**figure, "why": doubts.get(metric, "" if _known(figure) else UNTOLD)}


def validate(job: Job) -> Outcome:
    """Write ``verdict.json``: the verdict, its clauses, and the digests of what they rest on.

    A clause that nobody asked for is no evidence that the model is any good: it can only fail. How long an answer takes
    differs from one making to the next: the file says whether that meets its limit, the milliseconds are in a receipt.
    """
    evaluated, compared = receipts.read(job.inputs["evaluation"]), receipts.read(job.inputs["compared"])
    if evaluated is None or compared is None:
        raise StageError("What is judged must have its receipts, and one of them is not there.")
    evidence = read(job, evaluated.measured)
    profile = plain.read(job.inputs["encoded"] / "profile.json")
    asked = list(required(job.problem.requirements, evidence))
    unasked = list(no_harm(job.problem.requirements, evidence))
    leaks = [leak(feature, job.problem.screen) for feature in profile["features"] if feature["leak"]]
    states = [one["state"] for one in asked] + [one["state"] for one in (*unasked, *leaks) if one["state"] != "PASS"]
    live = evidence.live
    found = {
        "verdict": verdict(states),
        "clauses": [one | UNKNOWN if one["metric"] == LATENCY else one for one in (*asked, *unasked, *leaks)],
        "live": {name: live[name] for name in ("version", "digest", "why")} if live else None,
        "policy": of_json(job.part),
        "data": next(one["seal"] for one in plain.read(job.inputs["split"] / "windows.json") if one["seal"]),
        "code": of_json([*((one.code, one.libraries) for one in (evaluated, compared)), job.code]),
    }
    plain.write(job.output / "verdict.json", found)
    return Outcome(notes=[f"verdict: {found['verdict']}"])


def read(job: Job, measured: Mapping[str, float]) -> Evidence:
    """The evidence, as the stages before have left it."""
    evaluation = plain.read(job.inputs["evaluation"] / "evaluation.json")
    size = evaluation["size_mb"]
    latency = {edge: measured[f"{LATENCY} {edge}"] for edge in ("value", "low", "high")}
    costs = {LATENCY: latency, "size_mb": {"value": size, "low": size, "high": size}}
    return Evidence(evaluation, plain.read(job.inputs["compared"] / "live.json"), costs)


def required(requirements: tuple[Requirement, ...], evidence: Evidence) -> Iterator[Clause]:
    """A clause for each requirement of the problem file; without a live version none that speaks of it."""
    for requirement in requirements:
        if requirement.rival != LIVE:
            yield clause(requirement, evidence)
        elif evidence.live.get("why"):
            told = {**UNKNOWN, "why": f"the live version can't be compared: {evidence.live['why']}"}
            yield _clause(requirement, told, "NOT ENOUGH EVIDENCE")
        elif evidence.live:
            yield clause(requirement, evidence)


def no_harm(requirements: tuple[Requirement, ...], evidence: Evidence) -> Iterator[Clause]:
    """That the model is not shown to be worse than the live version, which holds unless the problem file says more."""
    if not evidence.live or evidence.live["why"]:
        return
    metric = LOSS[evidence.evaluation["task"]]
    asked = {one.every_slice for one in requirements if one.rival == LIVE and one.metric == metric}
    for every_slice in [one for one in (False, True) if one not in asked]:
        least = Requirement(metric=metric, no_worse_than=LIVE, every_slice=every_slice, min_rows=HARM_ROWS)
        if not every_slice or evidence.live["slices"]:
            found = clause(least, evidence)
            words = found["clause"].replace("no worse", "not shown to be worse")
            why = evidence.unjudged(least) if every_slice else found["why"]
            yield found | {"clause": words, "state": "FAIL" if found["state"] == "FAIL" else "PASS", "why": why}


def clause(requirement: Requirement, evidence: Evidence) -> Clause:
    """One requirement: in words, the figure with its interval, the limit, and the state."""
    if not requirement.every_slice:
        figure = evidence.figure(requirement)
        return _clause(requirement, figure, _state(requirement, figure))
    slices = evidence.slices(requirement)
    limit, at_most = bound(requirement)
    judged = {name: figure for name, figure in slices.items() if not figure["why"]}
    chances = {
        name: likely
        for name, figure in judged.items()
        if (likely := chance(figure, limit, at_most=at_most)) is not None
    }
    if chances and min(holm(list(chances.values()))) < CHANCE:
        worst = min(chances, key=chances.__getitem__)
        return _clause(requirement, judged[worst], "FAIL") | {"slice": worst}
    why = _untold([f"{name}: {figure['why']}" for name, figure in slices.items() if figure["why"]])
    if not judged:
        none = f"no slice has {requirement.min_rows:,} rows"
        return _clause(requirement, {**UNKNOWN, "why": why or none}, "NOT ENOUGH EVIDENCE")
    worst = max(judged, key=lambda name: judged[name]["high"] if at_most else -judged[name]["low"])
    each = {_state(requirement, figure) for figure in slices.values()}
    found: State = "PASS" if each == {"PASS"} else "NOT ENOUGH EVIDENCE"
    return _clause(requirement, {**judged[worst], "why": why}, found) | {"slice": worst}


def _untold(reasons: Sequence[str]) -> str:
    """The first reason, and how many more there are."""
    return "" if not reasons else reasons[0] + (f"; and {len(reasons) - 1} more" if len(reasons) > 1 else "")


def bound(requirement: Requirement) -> tuple[float, bool]:
    """The limit, and whether it is the most that the figure may be, or the least."""
    if requirement.rival is None:
        at_most = requirement.max is not None
        return float(requirement.max if requirement.max is not None else requirement.min or 0.0), at_most
    at_most = requirement.metric in LOWER_IS_BETTER
    ahead = requirement.by if requirement.better_than else -requirement.by
    return (0.0 - ahead if at_most else 0.0 + ahead), at_most


def words(requirement: Requirement) -> str:
    """The requirement as a person reads it."""
    limit, at_most = bound(requirement)
    said = f"{requirement.metric} {'at most' if at_most else 'at least'} {limit:g}"
    if requirement.rival:
        said = f"{requirement.metric} {'better' if requirement.better_than else 'no worse'} than"
        said += f" {WORDS[requirement.rival]}" + (f" by {requirement.by:g}" if requirement.by else "")
    return said + (f" in every slice of {requirement.min_rows:,} rows or more" if requirement.every_slice else "")


def leak(feature: dict[str, Any], screen: Screen) -> Clause:
    """A feature that can hardly be known before the answer, or names rows: it fails unless a person waived it."""
    waived = screen.waive.get(feature["name"])
    said = f"no leak in {feature['name']}: {feature['leak']}" + (f"; waived: {waived}" if waived else "")
    return {
        "clause": said,
        "kind": "leak",
        "metric": "",
        "at_most": True,
        "threshold": screen.max_alone,
        "state": "PASS" if waived else "FAIL",
        **UNKNOWN,
        "value": feature["alone"] if feature["alone"] > screen.max_alone else None,
    }


def state(figure: Figure, limit: float, *, at_most: bool, beyond: bool = False) -> State:
    """Whether the whole interval meets the limit (and more, where ``beyond`` it is wanted), misses it, or neither."""
    if not _known(figure):
        return "NOT ENOUGH EVIDENCE"
    low, high = figure["low"], figure["high"]
    nearest, furthest = (limit - high, limit - low) if at_most else (low - limit, high - limit)
    if nearest > 0 or (nearest == 0 and not beyond):
        return "PASS"
    return "FAIL" if furthest < 0 else "NOT ENOUGH EVIDENCE"


def verdict(states: list[State]) -> State:
    """The verdict over all clauses; without any there is nothing that could have been passed."""
    if "FAIL" in states:
        return "FAIL"
    return "NOT ENOUGH EVIDENCE" if "NOT ENOUGH EVIDENCE" in states or not states else "PASS"


def _known(figure: Figure) -> bool:
    """Whether there is an interval."""
    low, high = figure["low"], figure["high"]
    return low is not None and high is not None and math.isfinite(high - low)


def _state(requirement: Requirement, figure: Figure) -> State:
    if figure.get("why"):
        return "NOT ENOUGH EVIDENCE"
    limit, at_most = bound(requirement)
    return state(figure, limit, at_most=at_most, beyond=requirement.better_than is not None)


def _clause(requirement: Requirement, figure: Figure, found: State) -> Clause:
    limit, at_most = bound(requirement)
    kind = "slices" if requirement.every_slice else "difference" if requirement.rival else "value"
    return {
        "clause": words(requirement),
        "kind": kind,
        "metric": requirement.metric,
        "at_most": at_most,
        "threshold": limit,
        "state": found,
        "why": "",
        **figure,
    }
