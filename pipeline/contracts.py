"""What the exported model takes and answers, as the problem says it."""

from typing import Literal

from bundle.contract import Contract, Input, Output
from pipeline.encoding import Encoding, Target
from pipeline.problem import Column, Problem

INPUTS: dict[str, Literal["number", "category", "text", "boolean", "time"]] = {
    "number": "number",
    "integer": "number",
    "category": "category",
    "text": "text",
    "boolean": "boolean",
    "time": "time",
}
"""What a client sends for a column, by its type."""


def told(problem: Problem, known: Encoding, threshold: float | None) -> Contract:
    """The contract of a model that knows these features."""
    return Contract(
        inputs=tuple(taken(problem, name) for name in problem.inputs(tuple(known.features))),
        outputs=outputs(known.target, answered(problem)),
        threshold=threshold,
        classes=known.target.classes,
    )


def taken(problem: Problem, name: str) -> Input:
    """A raw column, with the rules that mend a value and leave its row: they hold of what a client sends too."""
    source = next(one for one in (problem.table, *problem.joins) if name in problem.sources[one].columns)
    column = problem.sources[source].columns[name]
    kind = INPUTS[column.type]
    mends = column.outside in ("missing", "clip")
    return Input(
        name=name,
        type=kind,
        unit=counted(column),
        time_zone=column.time_zone,
        format=column.format,
        missing=() if kind in ("number", "time") else problem.sources[source].missing_tokens,
        spelling=column.spelling,
        spellings=column.spellings,
        allowed=column.allowed if mends else None,
        range=column.range if mends else None,
        clip=column.outside == "clip",
    )


def counted(column: Column) -> str | None:
    """What a number counts, where that is told."""
    return "seconds" if column.clock else column.unit


def answered(problem: Problem) -> str | None:
    """What the answer counts, where it is a column as it stands and that is told."""
    column = problem.columns.get(problem.target.strip("`"))
    return counted(column) if column else None


def outputs(target: Target, unit: str | None = None) -> tuple[Output, ...]:
    """The named answers, first the one that is measured; ``unit`` is what a number counts."""
    match target.task:
        case "binary":
            return (
                Output(name="probability", type="number", meaning="the probability of yes, 0 to 1"),
                Output(
                    name="decision", type="integer", meaning="1 for yes, where the probability reaches the threshold"
                ),
            )
        case "multiclass":
            words = "the probability of each class, in the order of the contract's classes"
            return (
                Output(name="probabilities", type="number", meaning=words, size=len(target.classes)),
                Output(name="decision", type="category", meaning="the most probable class"),
            )
        case "regression":
            meaning = f"the number that is expected{f', in {unit}' if unit else ''}"
            return (Output(name="prediction", type="number", meaning=meaning),)
