"""What came true: outcomes, taken by the id of the answer that they belong to, and kept beside its day.

``data/outcomes/<model>/<day>/<process>.jsonl`` has a line of ``bundle.monitoring.Outcome`` for each. They are on the
disk before the client is told so. An outcome that is sent again replaces the one before.
"""

import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bundle import identity
from bundle.contract import LARGEST, MAX_TEXT, ContractError, shown
from bundle.monitoring import Outcome
from webapp.monitoring.append import append

FIELDS = {"id", "row", "value"}
EXPECTED = {"binary": "0 or 1", "multiclass": "a label, as text", "regression": "a finite number"}
"""What may come true, by the kind of answer. A label may be one that the model does not know."""


def parsed(given: Sequence[Any], now: datetime, task: str) -> list[tuple[str, Outcome]]:
    """Each outcome of a model of this task with the day of its answer.

    Raises:
        ContractError: an outcome is not ``{"id": <of an answer>, "row": <from 0>, "value": <what came true>}``, where
            the row may be left out for the first, and the value is as ``EXPECTED``; every fault is listed.
    """
    faults: list[str] = []
    outcomes = []
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for place, one in enumerate(given):
        found = _faults(one, task)
        faults += [f"outcome {place}{fault}" for fault in found]
        if not found:
            day = f"{identity.moment(one['id']):%Y-%m-%d}"
            kept = Outcome(id=one["id"], row=one.get("row", 0), value=_value(one["value"]), at=at)
            outcomes.append((day, kept))
    if faults:
        raise ContractError(faults)
    return outcomes


def _faults(one: Any, task: str) -> list[str]:
    if not isinstance(one, dict):
        return [f': expected an object with "id" and "value", got {shown(one)}']
    found = [f", {name}: there is no such field" for name in sorted(one.keys() - FIELDS)]
    try:
        identity.moment(one["id"])
    except (KeyError, TypeError, ValueError):
        found.append(f", id: expected the X-Prediction-Id of an answer, got {_got(one, 'id')}")
    row = one.get("row", 0)
    if isinstance(row, bool) or not isinstance(row, int) or row < 0:
        found.append(f", row: expected the place of a row in the request, from 0, got {shown(row)}")
    if not _fits(one.get("value"), task):
        found.append(f", value: expected {EXPECTED[task]}, got {_got(one, 'value')}")
    return found


def _fits(value: Any, task: str) -> bool:
    if task == "multiclass":
        return isinstance(value, str) and 0 < len(value) <= MAX_TEXT
    if not isinstance(value, bool | int | float):
        return False
    return value in (0, 1) if task == "binary" else not isinstance(value, bool) and abs(value) <= LARGEST


def _value(value: Any) -> float | str:
    return value if isinstance(value, str) else float(value)


def _got(one: dict[str, Any], name: str) -> str:
    return shown(one[name]) if name in one else "nothing"


class OutcomeLog:
    """The outcomes that one process takes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()

    def keep(self, model: str, given: Sequence[Any], task: str = "binary") -> int:
        """Put outcomes of the answers of a model of this task on the disk; how many there were.

        Raises:
            ContractError: as for ``parsed``; nothing is kept.
            OSError: they could not be written; what was kept may be sent again.
        """
        by_day: dict[str, list[Outcome]] = {}
        for day, outcome in parsed(given, datetime.now(UTC), task):
            by_day.setdefault(day, []).append(outcome)
        with self._guard:
            for day, some in by_day.items():
                path = self._folder / model / day / f"{os.uname().nodename}-{os.getpid()}.jsonl"
                append(
                    path, b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in some), durable=True
                )
        return len(given)
