"""Files that appear whole: whatever ends the writing, a reader finds the new file, the old one, or none."""

import os
import tempfile
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Let the file appear, or take the place of the one that is there, once all of it is on the disk."""
    handle, aside = tempfile.mkstemp(prefix=".", suffix=".aside", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    finally:
        Path(aside).unlink(missing_ok=True)
