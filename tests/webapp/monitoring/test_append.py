"""Whole lines, or none."""

import subprocess
import sys

from tests.sample import REPOSITORY
from webapp.monitoring.append import append


def test_it_works(tmp_path):
    path = tmp_path / "new" / "day" / "log"
    append(path, b"one\n")
    append(path, b"two\n", durable=True)
    assert path.read_bytes() == b"one\ntwo\n"


LIMITED = """
import resource, signal, sys
from pathlib import Path
from webapp.monitoring.append import append

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))  # which a write meets as it meets the end of a disk
append(Path(sys.argv[1]), b"whole\\n")
append(Path(sys.argv[1]), b"no room\\n")
"""


def test_what_a_full_disk_cuts_short_is_taken_back(tmp_path):
    path = tmp_path / "log"
    command = [sys.executable, "-c", LIMITED, path]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "took 4 of 8 bytes" in done.stderr
    assert path.read_bytes() == b"whole\n"
