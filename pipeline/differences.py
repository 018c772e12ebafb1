"""How two nested values differ: by the path to each part, such as ``split.validation`` or ``requirements[0].min``."""

from collections.abc import Iterable
from typing import Any

from pydantic import JsonValue

Changes = dict[str, tuple[JsonValue, JsonValue]]
"""What is different, by name: how it is in the first and in the second; None where it is not there."""


def changed(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """What is different, in the order of its names."""
    names = sorted(before.keys() | after.keys())
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """A nested value by the path to each of its parts."""
    if isinstance(value, dict):
        parts = [flat(part, f"{name}.{key}" if name else key) for key, part in value.items()]
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        parts = [flat(part, f"{name}[{number}]") for number, part in enumerate(value)]
    else:
        return {name: value}
    return together(parts)


def together(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """All in one; of what is named twice, the last."""
    return {name: value for part in parts for name, value in part.items()}
