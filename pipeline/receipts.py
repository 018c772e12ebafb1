"""Receipts: what a folder was made from, by which code, with which settings, and what is in it.

A receipt is ``receipt.json``, written last into a folder that then appears whole. It is the record that staleness,
lineage and versions are read from; a folder whose files are not those of its receipt is not the folder that was made.
"""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bundle import digest
from pipeline.index import Stamp, stamp

NAME = "receipt.json"
CHAIN = "assets.extra/lineage.json"
"""In a version: the receipts of every stage behind it, so that it needs no other folder to tell where it came from."""


class FileRecord(BaseModel):
    """One file: the digest of its bytes, and how many they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sha256: str
    size: int


class Made(BaseModel):
    """One input: where it was, the key that it was made under, and the digest of what it held.

    The path of what a stage made is relative to the data folder. What others made has no key, and the path is that
    which a reader on any machine understands.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    key: str | None
    content: str


class Receipt(BaseModel):
    """All that is known of how a folder was made. Times are ISO 8601 in UTC, durations seconds, sizes bytes.

    Attributes:
        source: the stage's own parameters in a word, such as a source or a day.
        code: the digest of each module of ours that can change the result.
        libraries: the version of each library that can.
        revision: the commit of the repository, where there is one.
        peak_memory_bytes: of the stage's process, where it had one of its own, or of the largest that it started.
        run: the name of the run, the same for all that it made.
        measured: what differs from one making to the next, such as seconds, and so is no part of the content.
        columns: those of the table that was made, where one was, and their types.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    stage: str
    function: str
    problem: str
    source: str
    key: str
    content: str
    settings: dict[str, Any]
    made_from: dict[str, Made]
    code: dict[str, str]
    libraries: dict[str, str]
    revision: str
    environment: dict[str, str]
    made_by: str
    run: str
    started: str
    seconds: float
    peak_memory_bytes: int | None
    rows_in: int | None
    rows_out: int | None
    notes: list[str]
    measured: dict[str, float]
    columns: dict[str, str] = {}
    files: dict[str, FileRecord]


Stamps = dict[str, tuple[Stamp, str]]
"""For each file, by relative path: what it was when it was read, and the digest."""


def record_files(folder: Path) -> tuple[dict[str, FileRecord], Stamps]:
    """Every file below ``folder`` but the receipt, by relative path; and what is needed to know it again."""
    names = [name for name in digest.files_below(folder) if name != NAME]
    with ThreadPoolExecutor() as threads:
        stamps = dict(zip(names, threads.map(lambda name: _read(folder / name), names), strict=True))
    return {name: FileRecord(sha256=sha256, size=stamped[0]) for name, (stamped, sha256) in stamps.items()}, stamps


def key(
    stage: str,
    function: str,
    source: str,
    settings: dict[str, Any],
    code: dict[str, dict[str, str]],
    contents: dict[str, str],
) -> str:
    """The digest of everything that can change what a stage makes.

    Args:
        code: ``{"code": {module: digest}, "libraries": {name: version}}``.
        contents: the digest of what each input holds, by the input's name.
    """
    return digest.of_json([stage, function, source, settings, code, contents])


def key_of(receipt: Receipt) -> str:
    """The key that the receipt must have, by what it says itself."""
    contents = {name: made.content for name, made in receipt.made_from.items()}
    code = {"code": receipt.code, "libraries": receipt.libraries}
    return key(receipt.stage, receipt.function, receipt.source, receipt.settings, code, contents)


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
    """Let the whole folder ``made`` appear as ``final``, beside it, in one step."""
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


def read_chain(version: Path) -> list[Receipt]:
    """The receipts of every stage behind a version, each after those that it was made from; not the version's own.

    Raises:
        FileNotFoundError: the folder is no version, or not whole.
    """
    return TypeAdapter(list[Receipt]).validate_json((version / CHAIN).read_bytes())


def write_chain(chain: list[Receipt], version: Path) -> None:
    """Leave the receipts of every stage behind a version in its folder."""
    (version / CHAIN).parent.mkdir(exist_ok=True)
    (version / CHAIN).write_bytes(TypeAdapter(list[Receipt]).dump_json(chain, indent=1) + b"\n")


def faults(folder: Path, receipt: Receipt, sha256: Callable[[Path], str] = digest.of_file) -> list[str]:
    """How the files in ``folder`` differ from those of its receipt; empty where they are the same.

    ``sha256`` tells the digest of a file: by reading it, or from an index.
    """
    present = set(digest.files_below(folder)) - {NAME}
    found = [f"{name} should not be there" for name in sorted(present - set(receipt.files))]
    for name, record in receipt.files.items():
        if name not in present:
            found.append(f"{name} is missing")
        elif sha256(folder / name) != record.sha256:
            found.append(f"{name} is not the file that was made")
    return found


def _read(path: Path) -> tuple[Stamp, str]:
    """What a file was when it was read, and the digest."""
    return stamp(path), digest.of_file(path)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
