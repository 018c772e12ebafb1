"""Where a stage runs, by whom, and which state of the repository its code is of: for the receipt."""

import getpass
import os
import platform
import subprocess
from functools import cache

from pipeline.closure import ROOT


@cache
def environment() -> dict[str, str]:
    """The machine and interpreter, as far as they may matter to a result."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libc": "-".join(platform.libc_ver()),
    }


@cache
def user() -> str:
    """Who runs this, by name where the system knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"uid {os.getuid()}"


def revision() -> str:
    """The commit that the repository is at, ``with changes`` where files differ from it; empty without git."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no") if commit else ""
    return f"{commit} with changes" if changed else commit


def _git(*words: str) -> str:
    try:
        told = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607 - the words are ours, and git is where the user has it
    except OSError:
        return ""
    return told.stdout.strip() if told.returncode == 0 else ""
