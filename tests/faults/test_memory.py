"""Memory that runs out, by a limit of the system: the run ends with one message, and the next goes on from there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline import receipts
from tests import graph
from tests.conftest import RUNNING, Place
from tests.sample import write

GROUPS = Path("/sys/fs/cgroup/memory")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.access(GROUPS, os.W_OK), reason="only root may limit memory, by control groups of version 1"
    ),
]
COPIES = 40


@pytest.fixture
def limited():
    """Runs a command in a group of its own that may have as much memory as is said."""
    group = GROUPS / f"plumbline-{os.getpid()}"
    group.mkdir()

    def run(command, memory):
        (group / "memory.limit_in_bytes").write_text(memory)
        within = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"), *command]
        return subprocess.run(within, **RUNNING, capture_output=True, check=False)

    yield run
    group.rmdir()


def test_case_32_memory_that_runs_out(first_run, tmp_path, limited):
    whole, _ = first_run
    data = tmp_path / "data"
    shutil.copytree(whole.folder / "data", data)
    before = graph.contents(data)
    shutil.rmtree(data / "sample" / "encode")
    command = whole.command("--plumbline-data", str(data), task="Encode")
    told(limited(command, "150M"), "pipeline.encode:encode")
    assert not list((data / "sample" / "encode").rglob(f"[!.]*/{receipts.NAME}"))
    done = limited(command, "4G")
    assert done.returncode == 0, done.stderr
    assert graph.contents(data) == before


@pytest.mark.exhaustive
def test_case_32_three_times_as_much_data_as_memory(tmp_path, limited):
    write(tmp_path, every=1)
    place = Place(tmp_path)
    rows = multiply(tmp_path / "flights.csv")
    assert (tmp_path / "flights.csv").stat().st_size > 3 * 400e6
    command = place.command("--source", "flights", task="Clean")
    done = limited(command, "400M")
    if done.returncode:
        told(done, "pipeline.c")
    graph.contents(tmp_path / "data")
    done = limited(command, "4G")
    assert done.returncode == 0, done.stderr
    [made] = (tmp_path / "data" / "sample" / "clean" / "flights").iterdir()
    assert receipts.read(made).rows_in == rows


def told(done, function):
    """That memory has run out is the one thing that is told."""
    assert done.returncode == 30, done.stderr
    assert function in done.stderr
    assert "memory has run out" in done.stderr
    assert "Traceback" not in done.stderr


def multiply(table):
    """Write every row many times, each time as the flight of another airline; the number of rows."""
    header, *lines = table.read_text().splitlines(keepends=True)
    carrier = header.split(",").index("carrier")
    fields = [line.split(",") for line in lines]
    with table.open("w") as file:
        file.write(header)
        for copy in range(COPIES):
            for row in fields:
                file.write(",".join([*row[:carrier], f"{row[carrier]}{copy}", *row[carrier + 1 :]]))
    return COPIES * len(lines)
