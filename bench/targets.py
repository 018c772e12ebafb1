"""What true targets cost, beside Luigi's own: a run with nothing to do, thousands of tasks, a whole run.

    python -m bench.targets [--whole]

Luigi's tasks are complete when a path is there; ours when it is true. Each figure is that of whole processes, and each
is printed with the goal that it is held to. ``--whole`` runs all flights from nothing, too.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline import receipts
from tests.sample import REPOSITORY

LUIGI = str(Path(sys.executable).parent / "luigi")
TIMES = 7
MANY = (1000, 3000)
TARGETS, FILES = 50, 20


def main() -> None:
    """Measure and print."""
    table = Table(box=None, pad_edge=False)
    for title in ("", "Luigi", "Plumbline", "", "goal"):
        table.add_column(title, justify="left" if title in ("", "goal") else "right")
    with tempfile.TemporaryDirectory() as aside:
        for row in (*nothing_to_do(Path(aside)), *many_tasks(Path(aside))):
            table.add_row(*row)
        if "--whole" in sys.argv:
            for row in whole(Path(aside)):
                table.add_row(*row)
    Console(width=120).print(table)


def nothing_to_do(aside: Path):
    """Seconds of a run that finds everything complete: a chain as long as RunAll, and many files."""
    length = 17
    run("PlainChain", length, aside)
    run("Chain", length, aside)
    peer = statistics.median(run("PlainChain", length, aside) for _ in range(TIMES))
    product = statistics.median(run("Chain", length, aside) for _ in range(TIMES))
    yield f"nothing to do, {length} tasks", f"{peer:.2f} s", f"{product:.2f} s", f"{product / peer:.2f} x", "1.5 x"
    if (REPOSITORY / "data" / "models").is_dir():
        command = [LUIGI, "--module", "pipeline", "RunAll"]
        seconds(command)
        product = statistics.median(seconds(command) for _ in range(TIMES))
        yield "nothing to do, RunAll", f"{peer:.2f} s", f"{product:.2f} s", f"{product / peer:.2f} x", "1.5 x"
    run("Wide", TARGETS, aside)
    product = statistics.median(run("Wide", TARGETS, aside) for _ in range(TIMES))
    yield f"nothing to do, {TARGETS} targets of {TARGETS * FILES} files", "", f"{product:.2f} s", "", "1 s"


def many_tasks(aside: Path):
    """Milliseconds a task of a first run, less what a run of none takes."""
    for shape in ("Chain", "Sink"):
        for count in MANY:
            costs = []
            for name in (f"Plain{shape}", shape):
                none = run(name, 0, aside / f"{name}-none")
                costs.append(1000 * (run(name, count, aside / f"{name}-{count}") - none) / count)
            peer, product = costs
            yield f"{count} tasks, {shape}", f"{peer:.2f} ms", f"{product:.2f} ms", f"{product / peer:.2f} x", "3 ms"


def whole(aside: Path):
    """A first RunAll, and how much of it goes into digests, receipts and the disk, which is timed on copies."""
    data = aside / "whole"
    took = seconds([LUIGI, "--module", "pipeline", "RunAll", "--plumbline-data", str(data)])
    cost = seconds([LUIGI, "--module", "pipeline", "RunAll", "--plumbline-data", str(data)])  # every key, every look
    for number, folder in enumerate(path.parent for path in data.rglob(receipts.NAME)):
        copy, receipt = aside / f"copy-{number}", receipts.read(folder)
        shutil.copytree(folder, copy)
        started = time.perf_counter()
        receipts.record_files(copy)
        receipts.write(copy, receipt)
        receipts.publish(copy, aside / f"published-{number}")
        cost += time.perf_counter() - started
    yield "RunAll on all flights", "", f"{took:.1f} s", "", "360 s"
    yield "of it receipts, digests, fsync", "", f"{cost:.2f} s", f"{100 * cost / took:.2f} %", "5 %"


def run(name: str, number: int, folder: Path) -> float:
    """Seconds of a run of one of the trivial tasks; Luigi's own with Luigi's own scheduler, and nothing of ours."""
    folder.mkdir(exist_ok=True)
    task = [name, "--number", str(number)]
    if name.startswith("Plain"):
        return seconds([LUIGI, "--module", "bench.plain", *task, "--local-scheduler"], folder, TRIVIAL=str(folder))
    where = ["--plumbline-data", str(folder / "data")]
    return seconds([LUIGI, "--module", "bench.trivial", *task, *where], TRIVIAL=str(folder))


def seconds(command: list[str], where: Path = REPOSITORY, **environment: str) -> float:
    """How long a command takes."""
    started = time.perf_counter()
    subprocess.run(
        command,
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
