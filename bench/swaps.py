"""Swaps under load: how soon all workers of the real server answer by what was just approved, and what fails.

    python -m bench.swaps

Three small versions take turns, each of which is known by its answers: a reply whose header names one and whose figures
are another's is a mixed one, and counts as failed.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.webapp.serving.client import approve, until
from tests.webapp.serving.load import Load
from tests.webapp.serving.server import running

SWAPS = 20


def main() -> None:
    """Make the versions, start the server, swap and print."""
    with tempfile.TemporaryDirectory() as aside:
        data = Path(aside)
        subprocess.run([sys.executable, "-m", "tests.webapp.serving.small", aside], check=True, capture_output=True)
        approve(data, 1)
        took = []
        with running(data) as server, Load(server) as load:
            for sequence in range(2, SWAPS + 2):
                wanted = sequence % 3 + 1
                started = time.perf_counter()
                approve(data, wanted, sequence=sequence)
                until(lambda wanted=wanted: set(server.workers().values()) == {wanted})
                took.append(time.perf_counter() - started)
        print(f"{SWAPS} swaps under load: {load.count:,} replies, {len(load.failures)} failed or mixed")
        print(f"seen by all workers after {statistics.median(took):.2f} s (median), {max(took):.2f} s (at most)")


if __name__ == "__main__":
    main()
