"""Digests of files, folders and values: how two things are known to be the same."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_path(path: Path, sha256: Callable[[Path], str] = of_file) -> str:
    """The digest of a file, or of a folder: of the names and bytes of all files in it.

    ``sha256`` tells that of a file: by reading it, or from an index.
    """
    if path.is_dir():
        return of_json({name: sha256(path / name) for name in files_below(path)})
    return sha256(path)


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
