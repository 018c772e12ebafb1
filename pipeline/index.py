"""What each file was when it was last read: while its size, times and inode stay, so does what was learned of it.

An index is a file of lines of JSON, each what was learned of some files; a later line replaces an earlier. It only
saves reading: without it everything is read anew, and where it can't be written it is not. A file that was changed less
than ``SETTLED`` before it was read is not taken up, for a change right after could leave its times as they are.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from bundle import digest

NAME = ".index"
SETTLED = 50_000_000
"""Nanoseconds: more than the clock of any file system's times jumps at once."""
SPARE = 4
"""An index with more than this many entries for each one that counts is written anew."""

Stamp = tuple[int, int, int, int]


class Index:
    """The index of a data folder. Paths below the folder are kept relative to it, so that it may be moved."""

    def __init__(self, data: Path) -> None:
        self._file, self._entries = data / NAME, 0
        self._below = f"{os.path.abspath(data)}/"  # noqa: PTH100 - as it is named, with no look at the disk

    def sha256(self, path: Path) -> str:
        """The SHA-256 of a file's bytes, which are read only where the file may not be what it was.

        Raises:
            OSError: the file can't be read.
        """
        found: str = self.learned("sha256", path, digest.of_file)
        return found

    def learned(self, what: str, path: Path, learn: Callable[[Path], Any]) -> Any:
        """What ``learn(path)`` gives, a value that JSON can hold, for the file as it is."""
        before = stamp(path)
        known = self._known.get(self._name(what, path))
        if known and tuple(known[:4]) == before:
            return known[4]
        value = learn(path)
        self.put(what, {path: (before, value)})
        return value

    def put(self, what: str, learned: dict[Path, tuple[Stamp, Any]]) -> None:
        """Take up what was learned of files that were as their stamps say."""
        settled = time.time_ns() - SETTLED
        entries = {
            self._name(what, path): [*stamped, value]
            for path, (stamped, value) in learned.items()
            if max(stamped[1:3]) < settled
        }
        self._known.update(entries)
        if entries:
            with contextlib.suppress(OSError), self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entries) + "\n")

    def compact(self) -> None:
        """Write the file anew where most of its entries no longer count."""
        known = self._known
        if self._entries > SPARE * len(known):
            anew = self._file.with_name(f"{NAME}.new")
            anew.write_text(json.dumps(known) + "\n", encoding="utf-8")
            anew.replace(self._file)

    def _name(self, what: str, path: Path) -> str:
        return f"{what}:{os.path.abspath(path).removeprefix(self._below)}"  # noqa: PTH100 - as above

    @cached_property
    def _known(self) -> dict[str, list[Any]]:
        known: dict[str, list[Any]] = {}
        with contextlib.suppress(OSError):
            for line in self._file.read_bytes().splitlines():
                entries = _parsed(line)
                self._entries += len(entries)
                known |= entries
        return known


def stamp(path: Path) -> Stamp:
    """What changes when a file does: its size, its time of change, that of its inode (nobody can set it), its inode."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _parsed(line: bytes) -> dict[str, list[Any]]:
    """The entries of a line; none where the process that wrote it was ended while it did."""
    try:
        entries = json.loads(line)
    except ValueError:
        return {}
    return entries if isinstance(entries, dict) else {}
