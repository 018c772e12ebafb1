"""A search on a table so small that a trial takes seconds, run as the stage that it is: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bundle import digest
from pipeline import arrays, encoding, process, working
from pipeline.arrays import Arrays
from pipeline.closure import Code
from pipeline.encoding import Category, Encoding, Number, Target
from pipeline.index import Index
from pipeline.job import Job, Outcome

KNOWN = Encoding(
    target=Target(task="binary", shares=(0.5,)),
    numbers=(Number(name="x", median=0.0, scale=1.0, missing=True),),
    categories=(Category(name="c", vocabulary=("a", "b")),),
)


def rows(count, seed, codes=4):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(count, 1)).astype("float32")
    target = (rng.random(count) < 1 / (1 + np.exp(-2 * numbers[:, 0]))).astype("float32")
    return Arrays(numbers, rng.integers(0, codes, (count, 1)).astype("int32"), target)


@dataclass(frozen=True)
class Place:
    """A data folder with encoded rows, and a search in it."""

    data: Path
    search: dict[str, Any]
    function: str = "pipeline.tune:tune"
    known: Encoding = KNOWN
    train: Arrays = field(default_factory=lambda: rows(3000, 0))

    def __post_init__(self) -> None:
        if self.encoded.exists():
            return
        self.encoded.mkdir(parents=True)
        encoding.write(self.known, self.encoded)
        for name, kept in (("train", self.train), ("validation", rows(500, 1))):
            arrays.create(self.encoded / name, len(kept), 1, 1, answers=True)
            arrays.put(kept, self.encoded / name, 0)

    @property
    def encoded(self) -> Path:
        return self.data / "sample" / "encode" / "0"

    @property
    def job(self) -> Job:
        code = Code(Index(self.data)).of(self.function.partition(":")[0])
        part = {"search": self.search, "seed": 5}
        final = self.data / "sample" / "tune" / digest.of_json(self.search)
        made = {"encoded": self.encoded}
        libraries = tuple(code["libraries"])
        return Job(self.function, "", part, made, final, final, "tester", code["code"], self.data, libraries)

    @property
    def work(self) -> Path:
        return working.folder(self.data, self.job.final)

    @property
    def finished(self) -> dict[str, int]:
        """The trials that have ended, and when each was noted down."""
        return {path.stem: path.stat().st_mtime_ns for path in self.work.glob("trials/[!.]*.json")}

    @property
    def checkpoints(self) -> list[Path]:
        return sorted(self.work.glob("checkpoints/[!.]*.npz"))

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.job.final / "trials.json").read_text())
        return found

    def run(self) -> Outcome:
        """Run the search to its end."""
        return process.run(self.job)

    def take_part(self) -> None:
        """Run trials for the same search in another data folder."""
        from pipeline import tune

        print(tune.take_part(self.encoded, self.job.problem.search, 5, self.work))  # noqa: T201 - read by a test

    def start(self, what: str = "run", **environment: str) -> subprocess.Popen[str]:
        """Start it in a process group of its own."""
        code = (
            f"import sys; from pathlib import Path; from tests.pipeline.search import Place; "
            f"Place(Path({str(self.data)!r}), {self.search!r}, {self.function!r}).{what}()"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill_when(self, ready: Any) -> None:
        """Start it, and kill all its processes as soon as something holds."""
        run = self.start()
        deadline = time.monotonic() + 120
        while not ready():
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
