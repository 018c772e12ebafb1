"""The rehearsal before a version goes live: it is loaded as serving will load it, and asked its golden rows.

This happens in a process of its own, so that a version which crashes, hangs or fills the memory does so there.
"""

import signal
import subprocess
import sys
from pathlib import Path

from webapp.serving.settings import Settings

PROGRAM = Path(__file__).parents[2]
"""Where the packages are, for a program that Python is started with."""


class Failed(Exception):  # noqa: N818 - reads as the outcome that it is
    """The version can't be served; the message says why."""


def rehearse(folder: Path, name: str, number: int, sha256: str) -> None:
    """Load the version in ``folder``, whose manifest must have the digest.

    Raises:
        Failed: it can't be loaded, takes too long, or gives another answer to a golden row than it must.
    """
    command = [sys.executable, "-m", "webapp.serving.version", str(folder), name, str(number), sha256]
    seconds = Settings.load_seconds
    try:
        done = subprocess.run(command, cwd=PROGRAM, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603 - no shell, and every word is our own
    except subprocess.TimeoutExpired:
        raise Failed(f"it must load within {seconds:g} s, and did not.") from None
    if done.returncode < 0:
        raise Failed(f"the process that loads it ends by {signal.Signals(-done.returncode).name}.")
    if done.returncode:
        raise Failed(done.stderr.strip().rpartition("\n")[2])
