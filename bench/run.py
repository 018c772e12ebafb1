"""What a run costs, whole and with nothing to do, beside Luigi's own cost of as many tasks.

    python bench/run.py [--whole]

Prints the wall time of the second ``RunAll`` (nothing to do) and of bare Luigi with as many tasks that are complete
already, each the median of several processes; with ``--whole`` also that of a first ``RunAll`` on all flights.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
LUIGI = Path(sys.executable).parent / "luigi"
TIMES = 7
TASKS = 17
BARE = f"""
import luigi, pathlib


class Link(luigi.Task):
    number = luigi.IntParameter()

    def requires(self):
        return Link(number=self.number - 1) if self.number else []

    def output(self):
        return luigi.LocalTarget(f"link-{{self.number}}")

    def run(self):
        pathlib.Path(self.output().path).touch()


class RunAll(luigi.WrapperTask):
    def requires(self):
        return [Link(number=number) for number in range({TASKS})]
"""


def seconds(command: list[str], folder: Path) -> float:
    """How long a command takes."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as aside:
        data = Path(aside) / "data" if "--whole" in sys.argv else REPOSITORY / "data"
        ours = [str(LUIGI), "--module", "pipeline", "RunAll", "--plumbline-data", str(data)]
        first = seconds(ours, REPOSITORY)
        if "--whole" in sys.argv:
            print(f"RunAll on all flights, from nothing      {first:8.1f} s   (at most 360)")
        (Path(aside) / "bare.py").write_text(BARE)
        bare = [sys.executable, "-m", "luigi", "--module", "bare", "RunAll", "--local-scheduler", "--no-lock"]
        seconds(bare, Path(aside))
        peer = statistics.median(seconds(bare, Path(aside)) for _ in range(TIMES))
        product = statistics.median(seconds(ours, REPOSITORY) for _ in range(TIMES))
    print(f"nothing to do: Luigi with {TASKS} bare tasks   {peer:8.2f} s")
    print(f"nothing to do: RunAll                    {product:8.2f} s   (at most 1.00; {product / peer:.2f} x Luigi)")


if __name__ == "__main__":
    main()
