"""From dirty tables to splits, beside DuckDB and Dask as it is taught: time, processor time, memory, as the rows grow.

    python -m bench.data [--years 10 30] [--times 1] [--folder data/bench]

The job stands in ``bench.peers.years_job``. Each does it in a fresh process, from raw Parquet to Parquet of the
splits; ours are the stages from Collect to Split, by Luigi, as a user's run has them. What these do not do and the
peers do is to impute, and to clip at quantiles of training: that is Encode's, in the fourth line, which also imports
TensorFlow, profiles and screens every feature. For the share of a route in training ours count the flights of the
route in the year before. What they do beside: every stage digests, syncs and receipts what it wrote, bad rows are set
aside with their reasons, and the hold-out is sealed. A row of 1x is 336,776 flights. Memory is the peak of the whole
tree of processes, looked at 20 times a second in a run of its own, for that slows down what it looks at.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import psutil
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from bench import years
from bench.peers import years_job
from tests.sample import REPOSITORY

BIN = Path(sys.executable).parent
TEMPLATE = REPOSITORY / "bench" / "years.toml"


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds of the clock and of processors, MiB at the peak."""

    wall: float
    processor: float
    memory: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "data" / "bench")
    options = parser.parse_args()
    years.write(options.folder, max(options.years))
    table = Table(box=None, pad_edge=False)
    for title in ("", "years", "wall s", "CPU s", "peak MiB", "CPU us a row", "wall / DuckDB", "CPU / DuckDB"):
        table.add_column(title, justify="left" if not title else "right")
    for count in options.years:
        rows = sum(pq.read_metadata(years.path(options.folder, "flights", year)).num_rows for year in range(count))
        found = {name: best(name, options.folder, count, options.times) for name in RUNS}
        peer = found["DuckDB"]
        for name, cost in found.items():
            figures = (cost.wall, cost.processor, cost.memory, 1e6 * cost.processor / rows)
            ratios = (f"{cost.wall / peer.wall:.2f}", f"{cost.processor / peer.processor:.2f}")
            table.add_row(name, str(count), *(f"{figure:.2f}" for figure in figures), *ratios)
    Console(width=120).print(table)


def best(name: str, folder: Path, count: int, times: int) -> Cost:
    """The run that took the least time of the clock; memory is that of one more, for looking at it takes time."""
    out = folder / "out"

    def again(watched: bool) -> Cost:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        cost = measured(RUNS[name](folder, count, out), watched)
        print(f"{name}, {count} years: {cost}", file=sys.stderr)
        return cost

    quickest = min((again(False) for _ in range(times)), key=lambda cost: cost.wall)
    return replace(quickest, memory=again(True).memory)


def measured(command: list[str], watched: bool = True) -> Cost:
    """Run a command to its end; where it is not ``watched``, its memory is not known."""
    started, peak = time.monotonic(), 0
    before = psutil.Process().cpu_times()
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=said) as child:
            tree = psutil.Process(child.pid)
            while watched and child.poll() is None:
                peak = max(peak, memory(tree))
                time.sleep(0.05)
        wall = time.monotonic() - started
        said.seek(0)
        if child.returncode:
            sys.exit(f"{' '.join(command)} must end with 0, got {child.returncode}:\n{said.read().decode()}")
    after = psutil.Process().cpu_times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, processor, peak / 2**20 if watched else nan)


def memory(tree: psutil.Process) -> int:
    """Bytes that a process and its descendants hold; what they share counts once."""
    held = 0
    try:
        for process in [tree, *tree.children(recursive=True)]:
            held += process.memory_full_info().pss
    except psutil.NoSuchProcess:  # it ended while we looked
        pass
    return held


def peer(module: str):
    """How a peer is started."""

    def command(folder: Path, count: int, out: Path) -> list[str]:
        for name in ("train", "validation", "test"):
            (out / name).mkdir()
        return [sys.executable, "-m", f"bench.peers.{module}", str(folder), str(count), str(out)]

    return command


def ours(stage: str):
    """How our stages up to one are started: by Luigi, as a user does."""

    def command(folder: Path, count: int, out: Path) -> list[str]:
        text = TEMPLATE.read_text()
        first, second = (years.day(count, share).date() for share in years_job.SHARES)
        for name, value in (("FOLDER", folder.resolve()), ("VALIDATION", first), ("TEST", second)):
            text = text.replace(f"<{name}>", str(value))
        for name in ("flights", "weather"):
            (out / name).mkdir()
            for year in range(count):
                (out / name / f"{year:03}.parquet").hardlink_to(years.path(folder, name, year))
        (out / "problems").mkdir()
        (out / "problems" / "years.toml").write_text(text.replace("<OUT>", str(out.resolve())))
        where = ["--plumbline-data", str(out / "data"), "--plumbline-problems", str(out / "problems")]
        return [str(BIN / "luigi"), "--module", "pipeline", stage, "--problem", "years", *where]

    return command


RUNS = {
    "DuckDB": peer("years_duckdb"),
    "Dask, as it is taught": peer("years_dask"),
    "Plumbline, to Split": ours("Split"),
    "Plumbline, to Encode": ours("Encode"),
}

if __name__ == "__main__":
    main()
