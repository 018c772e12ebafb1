"""What a person is told of a value that the problem file can't have."""

import re
from typing import Any, get_args

from pydantic import BaseModel

from pipeline.problem.part import nearest
from pipeline.problem.split import KIND
from pipeline.problem.whole import Problem


def told(fault: Any) -> str:
    place = [str(step) for step in fault["loc"] if step != "after" and not str(step).startswith(KIND)]
    where, message, got = ".".join(place), fault["msg"].removeprefix("Value error, "), fault["input"]
    match fault["type"]:
        case "extra_forbidden":
            kind = next((f" with {step!s}" for step in fault["loc"] if str(step).startswith(KIND)), "")
            return f"{where}: there is no such key{kind}{nearest(place[-1], _keys_at(place[:-1]))}"
        case "missing":
            return f"{where}: must be given, and is not"
        case "union_tag_invalid":
            tags = fault["ctx"]["expected_tags"].replace(KIND, "")
            return f"{where}.by: expected {tags}, got {fault['ctx']['tag'].removeprefix(KIND)!r}"
        case "literal_error":
            return f"{where}: expected {fault['ctx']['expected']}, got {got!r}{_nearest_literal(got, fault)}"
        case "value_error":
            return f"{where}: {message}"
    return f"{where}: {message[:1].lower()}{message[1:]}, got {got!r}"


def _nearest_literal(got: Any, fault: Any) -> str:
    return nearest(str(got), re.findall(r"'([^']*)'", fault["ctx"]["expected"]))


def _keys_at(place: list[str]) -> list[str]:
    """The keys that the problem file may have at a place, found by walking the models."""
    models: list[Any] = [Problem]
    for step in place:
        fields = [model.model_fields[step].annotation for model in models if step in model.model_fields]
        if not fields:
            continue  # the name of a source or a column, or the number of a requirement
        models = [model for field in fields for model in _models_in(field)]
    return [key for model in models for key in model.model_fields]


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
