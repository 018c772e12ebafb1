"""The problem file: what a user writes, and nothing else. ``problems/<name>.toml``, read once and checked whole."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ProblemError
from pipeline.problem import mistakes
from pipeline.problem.column import Column
from pipeline.problem.features import TEXT_PARTS, Features, Past, Screen
from pipeline.problem.model import (
    BASELINES,
    BIASED,
    COSTS,
    JUDGED,
    LIVE,
    LOSS,
    LOWER_IS_BETTER,
    METRICS,
    Baseline,
    Cost,
    Decision,
    Metric,
    Requirement,
    Rival,
    Search,
    Task,
    Training,
)
from pipeline.problem.notes import Notes
from pipeline.problem.origin import Api, Csv, Next, Sql
from pipeline.problem.part import nearest
from pipeline.problem.references import References
from pipeline.problem.source import Source
from pipeline.problem.split import ByHash, ByRandom, ByTime, Split
from pipeline.problem.upkeep import Maintain, Monitoring
from pipeline.problem.whole import Problem

__all__ = [
    "BASELINES",
    "BIASED",
    "COSTS",
    "JUDGED",
    "LIVE",
    "LOSS",
    "LOWER_IS_BETTER",
    "METRICS",
    "TEXT_PARTS",
    "Api",
    "Baseline",
    "ByHash",
    "ByRandom",
    "ByTime",
    "Column",
    "Cost",
    "Csv",
    "Decision",
    "Features",
    "Maintain",
    "Metric",
    "Monitoring",
    "Next",
    "Notes",
    "Past",
    "Problem",
    "Requirement",
    "Rival",
    "Screen",
    "Search",
    "Source",
    "Split",
    "Sql",
    "Task",
    "Training",
    "load",
    "nearest",
    "parse",
    "view",
]


def load(path: Path) -> Problem:
    """Read and check a problem file.

    Raises:
        ProblemError: the file is missing, no TOML, or says something that can't hold; all mistakes are listed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = sorted(file.stem for file in path.parent.glob("*.toml"))
        raise ProblemError(
            f"{path} must be a problem file, and there is none. Known problems: {', '.join(known) or 'none'}."
        ) from None
    except UnicodeDecodeError as error:
        raise ProblemError(f"{path} must be UTF-8 text, and byte {error.start} is not. Save it as UTF-8.") from None
    try:
        return parse(tomllib.loads(text), path.stem)
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(f"{path} must be TOML, and is not: {error}.") from None
    except ProblemError as error:
        raise ProblemError(f"{path} {error}") from None


def parse(raw: dict[str, Any], called: str | None = None) -> Problem:
    """Check the values of a problem file, which is ``called`` as the problem is.

    Raises:
        ProblemError: what was read can't hold; all mistakes are listed.
    """
    problem, found = None, []
    try:
        problem = Problem.model_validate(raw)
    except ValidationError as error:
        found = [mistakes.told(fault) for fault in error.errors()]
    found += References(raw).broken()
    if called and raw.get("name", called) != called:
        found.insert(0, f"name: expected {called!r}, as the file is called, got {raw['name']!r}")
    if found or problem is None:
        count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise ProblemError("\n".join([f"has {count}:", *(f"  {mistake}" for mistake in found)]))
    return problem


def view(part: dict[str, Any]) -> Problem:
    """Read back what ``Problem.part`` gave: a problem that has the named parts and nothing else.

    What a stage may have beside them, such as a day, is no part of the problem.
    """
    fields = Problem.model_fields
    values = {
        name: TypeAdapter[Any](fields[name].annotation or Any).validate_python(value)
        for name, value in part.items()
        if name in fields
    }
    seen = Problem.__new__(Problem)
    seen.__setstate__(
        {
            "__dict__": values,
            "__pydantic_fields_set__": set(values),
            "__pydantic_extra__": None,
            "__pydantic_private__": None,
        }
    )
    return seen
