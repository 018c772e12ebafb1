"""Lines at the end of a file: all of them, or none."""

import os
from pathlib import Path


def append(path: Path, lines: bytes, *, durable: bool = False) -> None:
    """Append whole lines; what a full disk cut short is taken back.

    Args:
        path: of the file, made with its folders where it is not there.
        lines: each with its end.
        durable: whether they must survive the machine's sudden end.

    Raises:
        OSError: they could not be written, and are not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            written = file.write(lines)
            if durable:
                os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise
        if written != len(lines):
            file.truncate(before)
            raise OSError(f"{path} took {written} of {len(lines)} bytes")
