"""What there is of a served day: its files as they stood at one moment, known again without reading them anew.

A server goes on writing while we look. So a day is what its files held up to the size that they had when they were
looked at: that much is digested, and that much is read.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bundle.monitoring import MONITORING, SERVED
from pipeline import dates
from pipeline.receipts import FileRecord

NAME = "files.json"
"""Beside a day's report: the files that it was made from."""
VERSION = re.compile(rb'"version":\s*(\d+)')
Kind = Literal["served", "outcomes"]


class LogFile(FileRecord):
    """One file up to its size at that moment, and the versions that its lines name."""

    mtime_ns: int
    versions: tuple[int, ...]


class Files(BaseModel):
    """The files of a day, by name: what was asked and answered, and what came true of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    served: dict[str, LogFile]
    outcomes: dict[str, LogFile]

    def of(self, kind: Kind) -> dict[str, LogFile]:
        """Those of one kind."""
        return self.served if kind == "served" else self.outcomes

    def parts(self, folder: Path, kind: Kind) -> list[tuple[Path, int]]:
        """Where each file of one kind is, and how much of it counts, in bytes."""
        return [(folder / name, file.size) for name, file in sorted(self.of(kind).items())]


def served(data: Path, model: str) -> list[str]:
    """The days of which there is a prediction log, the earliest first."""
    return sorted(path.name for path in (data / SERVED / model).glob("*") if path.is_dir() and dates.is_day(path.name))


def look(data: Path, kind: Kind, model: str, day: str) -> dict[str, LogFile]:
    """The files of one kind as they are now; those that the day's report was made from are not read again."""
    known = read(data / MONITORING / model / day).of(kind)
    folder = data / kind / model / day
    return {path.name: _file(path, known.get(path.name)) for path in sorted(folder.glob("*.jsonl"))}


def read(folder: Path) -> Files:
    """The files that the report in ``folder`` was made from; none where there is no report."""
    try:
        return Files.model_validate_json((folder / NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return Files(served={}, outcomes={})


def write(files: Files, folder: Path) -> None:
    """Leave the files in ``folder``."""
    (folder / NAME).write_text(files.model_dump_json(indent=1) + "\n")


def _file(path: Path, known: LogFile | None) -> LogFile:
    status = path.stat()
    if known and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
        return known
    sha, versions, left = hashlib.sha256(), set(), status.st_size
    with path.open("rb") as file:
        while left > 0 and (line := file.readline(left)):
            left -= len(line)
            sha.update(line)
            if found := VERSION.search(line):
                versions.add(int(found[1]))
    return LogFile(
        sha256=sha.hexdigest(), size=status.st_size, mtime_ns=status.st_mtime_ns, versions=tuple(sorted(versions))
    )
