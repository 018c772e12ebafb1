"""Receipts: what a folder was made from, by which code, with which settings, and what is in it.

A receipt is ``receipt.json``, written last into a folder that then appears whole. It is the record that staleness,
lineage and versions are read from; a folder whose files are not those of its receipt is not the folder that was made.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bundle import digest

NAME = "receipt.json"


class FileRecord(BaseModel):
    """One file: its digest, and the size and time of change by which an unchanged file is known without reading it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sha256: str
    size: int
    mtime_ns: int


class Made(BaseModel):
    """One input: where it was, and the digest of what it held."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    key: str | None
    content: str


class Receipt(BaseModel):
    """All that is known of how a folder was made. Times are ISO 8601 in UTC, durations seconds, sizes bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    stage: str
    problem: str
    source: str
    key: str
    content: str
    settings: dict[str, Any]
    made_from: dict[str, Made]
    code: dict[str, str]
    libraries: dict[str, str]
    environment: dict[str, str]
    made_by: str
    run: str
    started: str
    seconds: float
    peak_memory_bytes: int
    rows_in: int | None
    rows_out: int | None
    notes: list[str]
    files: dict[str, FileRecord]


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Every file below ``folder`` but the receipt, by relative path."""
    records = {}
    for name in digest.files_below(folder):
        if name != NAME:
            path = folder / name
            status = path.stat()
            records[name] = FileRecord(sha256=digest.of_file(path), size=status.st_size, mtime_ns=status.st_mtime_ns)
    return records


def content(files: dict[str, FileRecord]) -> str:
    """The digest of what a folder holds: names and bytes, neither times nor place."""
    return digest.of_json({name: record.sha256 for name, record in files.items()})


def write(folder: Path, receipt: Receipt) -> None:
    """Write the receipt into ``folder`` and force everything in it to the disk."""
    (folder / NAME).write_text(receipt.model_dump_json(indent=1) + "\n")
    for name in digest.files_below(folder):
        _fsync(folder / name)
    for parent, _, _ in os.walk(folder):
        _fsync(Path(parent))


def publish(made: Path, final: Path) -> None:
    """Let the whole folder ``made`` appear as ``final``, in one step."""
    final.parent.mkdir(parents=True, exist_ok=True)
    made.rename(final)
    _fsync(final.parent)


def replace(made: Path, final: Path) -> None:
    """Let the whole folder ``made`` appear in the place of ``final``, which is gone for no longer than two renames.

    What is left of the old one where that is cut short is called as what is made aside, and goes the same way.
    """
    if final.exists():
        old = final.parent / f".{final.name}.aside-old"
        final.rename(old)
        publish(made, final)
        shutil.rmtree(old)
    else:
        publish(made, final)


def read(folder: Path) -> Receipt | None:
    """The receipt of ``folder``, or None where there is none that can be read."""
    try:
        return Receipt.model_validate_json((folder / NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def faults(folder: Path, receipt: Receipt) -> list[str]:
    """How the files in ``folder`` differ from those of its receipt; empty where they are the same."""
    present = set(digest.files_below(folder)) - {NAME}
    found = [f"{name} should not be there" for name in sorted(present - set(receipt.files))]
    for name, record in receipt.files.items():
        if name not in present:
            found.append(f"{name} is missing")
        elif not _same(folder / name, record):
            found.append(f"{name} is not the file that was made")
    return found


def _same(path: Path, record: FileRecord) -> bool:
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (record.size, record.mtime_ns):
        return True
    return status.st_size == record.size and digest.of_file(path) == record.sha256


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
