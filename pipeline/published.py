"""The published versions: which there are, what they are called, and what was decided about them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson

from bundle import decisions as told
from bundle.decisions import BrokenDecisions, Decided
from pipeline import versions as published
from pipeline.errors import LineageError
from pipeline.versions import MANIFEST, MODELS

SERVING = "serving"
PAST = {"approve": "approved", "reject": "rejected", "retire": "retired", "roll_back": "rolled back to"}
"""What was done by each verb."""


def versions(data: Path, model: str) -> list[int]:
    """The numbers of the published versions of a model, the lowest first."""
    return [int(path.name) for path in published.of(data, model)]


def models(data: Path) -> list[str]:
    """The models that have a published version."""
    return sorted(path.name for path in (data / MODELS).glob("*") if versions(data, path.name))


def labels(data: Path, model: str) -> dict[str, int]:
    """What else the versions that answer are called, ``live`` first: read from what the registry signed for serving.

    Raises:
        LineageError: it can't be read.
    """
    path = data / SERVING / f"{model}.json"
    try:
        found: dict[str, int] = orjson.loads(path.read_bytes())["pointer"]["labels"]
    except FileNotFoundError:
        return {}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise LineageError(f"{path} must say which versions of {model} answer, and can't be read: {error!r}.") from None
    return found


def decisions(data: Path, model: str) -> list[Decided]:
    """What was decided about a model's versions.

    Raises:
        LineageError: the file that tells of it is broken.
    """
    try:
        return told.read(data, model)
    except BrokenDecisions as error:
        raise LineageError(str(error)) from None


def state(last: Decided | None, labels: Collection[str]) -> str:
    """What a version is now, by the last decision about it and by what it is called."""
    if labels:
        return " and ".join(labels)
    if last is None:
        return "candidate"
    return "was live" if last.verb in told.GOES_LIVE else PAST[last.verb]


def find(data: Path, called: str, model: str) -> tuple[str, int]:
    """The version that a person calls ``flights/7`` or, of ``model``, ``7`` or ``live``: its model and number.

    Raises:
        LineageError: there is none.
    """
    model, number = called.rsplit("/", 1) if "/" in called else (model, called)
    known, names = versions(data, model), labels(data, model)
    found = int(number) if number.isdecimal() else names.get(number)
    if found not in known:
        there = ", ".join(map(str, known)) or "none"
        raise LineageError(
            f"{called!r} must be a version of {model} in {data / MODELS}, and is none. "
            f"Published: {there}. Labels: {', '.join(names) or 'none'}."
        )
    return model, found


def manifest(data: Path, model: str, number: int) -> Any:
    """What the manifest of a version says, read without what checks it: that takes longer than all else.

    Raises:
        LineageError: there is none that can be read.
    """
    path = folder(data, model, number) / MANIFEST
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise LineageError(f"{path} must be the manifest of a version, and can't be read: {error}.") from None


def folder(data: Path, model: str, number: int) -> Path:
    """Where a version is."""
    return data / MODELS / model / str(number)
