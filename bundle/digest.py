"""Digests of files, folders and values: how two things are known to be the same."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_json(value: Any) -> str:
    """The SHA-256 of a value that JSON can hold; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def files_below(folder: Path) -> list[str]:
    """Every file below ``folder`` as a relative POSIX path, sorted."""
    found = []
    for parent, _, names in os.walk(folder):
        below = parent[len(str(folder)) + 1 :]
        found += [f"{below}/{name}" for name in names] if below else names
    return sorted(found)
