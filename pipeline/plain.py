"""Plain values in a JSON file: what can't be told is null, for JSON has no NaN."""

import json
import math
from pathlib import Path
from typing import Any


def write(path: Path, found: Any) -> None:
    """Write plain values to a file."""
    path.write_text(json.dumps(_finite(found), indent=1, allow_nan=False) + "\n")


def read(path: Path) -> Any:
    """The values of a file."""
    return json.loads(path.read_text())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
