"""On a real Dask scheduler with two worker processes: the same bytes as threads make."""

import os
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from bundle import digest
from pipeline import clean, receipts, tables
from pipeline.job import Job
from pipeline.problem import Column, Source
from tests.project import SAMPLE
from tests.sample import REPOSITORY

pytestmark = pytest.mark.slow
DASK = (sys.executable, "-m", "dask")


@pytest.fixture
def scheduler(tmp_path):
    """The address of a scheduler with two workers, each a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = ("--no-dashboard", "--host", "127.0.0.1")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with (tmp_path / "dask.log").open("w") as log:
        running = {"cwd": tmp_path, "env": environment, "stdout": log, "stderr": log}
        started = [subprocess.Popen([*DASK, "scheduler", *quiet, "--port", str(port)], **running)]
        worker = (*DASK, "worker", address, *quiet, "--nthreads", "1", "--no-nanny")
        started += [subprocess.Popen([*worker, "--name", name], **running) for name in ("one", "two")]
    yield address
    for process in started:
        process.kill()  # asked kindly, a worker may wait for a scheduler that is busy
        process.wait()


def test_it_works(tmp_path, scheduler, monkeypatch):
    from distributed import Client

    rng = np.random.default_rng(0)
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(8):
        frame = pd.DataFrame({"k": rng.integers(0, 3000, 1000).astype(str), "x": rng.choice(["1", "2", "bad"], 1000)})
        frame.to_parquet(tables.part_path(raw, number), index=False)
    described = Source(
        path="x.csv", key=("k",), max_rejected=1, columns={"k": Column(type="category"), "x": Column()}
    ).model_dump(mode="json")
    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    results = []
    for name in ("threads", "workers"):
        if name == "workers":
            monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", scheduler)
        out = tmp_path / "clean" / name
        out.mkdir(parents=True)
        job = Job("", "s", {"sources": {"s": described}}, {"raw": raw}, out, out, "tester", {}, tmp_path)
        outcome = clean.clean(job)
        results.append((outcome, {path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*.*"))}))
    assert results[0] == results[1]
    pids = tables.over(range(20), lambda _number, _part: (time.sleep(0.1), os.getpid())[1], "asking who works")
    assert len(set(pids)) == 2
    assert os.getpid() not in pids


PAST = """
[features.past.late_before]
statistic = "mean"
of = "arr_delay > 15"
by = ["carrier", "origin"]
window = "60 days"

[split]"""


def test_every_stage_up_to_encode_makes_the_same(project, scheduler):
    """With all that features are made of: joins, look-ups, expressions, a cross, the past, and a text."""
    flights = pd.read_csv(project.folder / "flights.csv", dtype=str, keep_default_na=False)
    flights["note"] = "flight " + flights["flight"] + " of " + flights["carrier"] + " goes to " + flights["dest"]
    flights.to_csv(project.folder / "flights.csv", index=False)
    path = project.folder / "problems" / "sample.toml"
    text = path.read_text().replace("columns = [\n", 'columns = [\n  "note",\n').replace("\n[split]", PAST, 1)
    text = text.replace("[features.derived]", '[features.derived]\nway = "cross(origin, dest)"')
    path.write_text(text.replace("[sources.flights.columns]", '[sources.flights.columns]\nnote = { type = "text" }'))
    made = {}
    for name in ("threads", "workers"):
        data = project.folder / name
        where = {"DASK_SCHEDULER_ADDRESS": scheduler} if name == "workers" else {}
        project.luigi("Encode", *SAMPLE, "--plumbline-data", str(data), module="pipeline", **where)
        folders = [path.parent for path in data.rglob(receipts.NAME)]
        made[name] = {
            (folder.relative_to(data), file): digest.of_file(folder / file)
            for folder in folders
            for file in digest.files_below(folder)
            if file != receipts.NAME
        }
    assert {folder.parts[1] for folder, _ in made["threads"]} >= {"clean", "features", "split", "encode"}
    assert made["workers"] == made["threads"]
