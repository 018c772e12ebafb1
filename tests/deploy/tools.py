"""Programs of the operating system that tests start. Where one is missing, CI fails; a developer's machine skips."""

import os
import shutil

import pytest


def path_of(program: str, package: str) -> str:
    """Where the program is, which the Debian package ``package`` brings."""
    found = shutil.which(program)
    if found is None:
        absent(f"{program} must be installed for this test, and is not. Install it with: apt install {package}")
    return found


def absent(reason: str) -> None:
    """Something that this test needs is not there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
