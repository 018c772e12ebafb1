"""A graph of four stages of a user's own, small enough to be made and broken in every test: lands a file, adds it up,
doubles the sum, and publishes a version."""

from pathlib import Path

import luigi
import pytest

from pipeline import config, graph, run
from pipeline.run import Run
from pipeline.targets import Raw, Stage
from pipeline.tasks import Publish

PROBLEM = """
name = "small"
title = "A small problem"
table = "trips"
target = "delay > 15"
seed = 3

[sources.trips]
path = "trips.csv"
[sources.trips.columns]
delay = { known = "after" }
at = { type = "time" }
distance = {}

[features]
columns = ["distance"]

[split]
time = "at"
validation = 2013-06-01
test = 2013-09-01
"""
HELPING = '''
import six

ROUNDED = 0


def numbers(text):
    """The numbers of a text."""
    return [int(line) for line in text.split()]


def total(values):
    return sum(values)
'''
STEPS = """
import helping
from pipeline.job import Outcome


def land(job):
    (job.output / "rows").write_text(job.inputs["raw"].read_text())
    return Outcome(rows_out=4, notes=["landed"])


def add(job):
    values = helping.numbers((job.inputs["rows"] / "rows").read_text())
    (job.output / "sum").write_text(str(helping.total(values) + job.problem.seed))
    return Outcome(rows_in=len(values), rows_out=1)


def double(job):
    (job.output / "double").write_text(str(2 * int((job.inputs["sum"] / "sum").read_text())))
    return Outcome()
"""
SHIPPING = """
import json
from datetime import datetime
from pipeline import receipts
from pipeline.job import Outcome
from bundle import manifest
from bundle.contract import Contract
from bundle.manifest import Manifest, Step, Verdict


def ship(job):
    chain = receipts.read_chain(job.output)
    fields = set(Step.model_fields) - {"code", "made_from"}
    steps = [
        Step(code="", made_from={}, **receipt.model_dump(include=fields)) for receipt in chain
    ]
    (job.output / "model").write_text((job.inputs["double"] / "double").read_text())
    described = Manifest(
        name="small", version=int(job.final.name), title="", problem="", made=datetime.now().isoformat(), made_by="",
        contract=Contract(inputs=(), outputs=(), threshold=0.5), runtime="litert",
        verdict=Verdict(verdict="PASS", clauses=()), metrics={}, lineage=steps, raw=(),
        files=manifest.file_digests(job.output),
    )
    described.write(job.output)
    return Outcome()
"""


class Land(Stage):
    """Take the file as it is."""

    source = luigi.Parameter(default="trips")
    function = "steps:land"

    def requires(self):
        return {"raw": self.clone(Raw)}


class Add(Stage):
    """Add its numbers up."""

    function = "steps:add"
    reads = ("seed",)

    def requires(self):
        return {"rows": self.clone(Land, source="trips")}


class Double(Stage):
    """Double the sum."""

    function = "steps:double"

    def requires(self):
        return {"sum": self.clone(Add)}


class Ship(Publish):
    """Publish it."""

    function = "shipping:ship"
    reads = ("name",)

    def requires(self):
        return {"double": self.clone(Double), "sum": self.clone(Add)}


class Small:
    """The folder of the graph: its problem, its modules, its data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.problem = folder / "problems" / "small.toml"

    def write(self) -> None:
        """Lay everything out, and make nothing."""
        self.problem.parent.mkdir()
        self.problem.write_text(PROBLEM)
        (self.folder / "trips.csv").write_text("1\n2\n3\n4\n")
        for name, text in (("helping", HELPING), ("steps", STEPS), ("shipping", SHIPPING)):
            (self.folder / f"{name}.py").write_text(text)

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        """Make its folder the current one, and its data and problems those of the configuration."""
        patch.chdir(self.folder)
        config.choose("data", self.data)
        config.choose("problems", self.problem.parent)

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of it."""
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))

    @property
    def last(self) -> Ship:
        """The last stage, as a new process sees it."""
        luigi.task.Register.clear_instance_cache()
        return Ship(problem="small")

    @property
    def looking(self) -> Run:
        """A new look at it."""
        return Run(self.data, "")

    def make(self) -> None:
        """Run what is to run."""
        last = self.last
        for task in graph.walk(last, self.looking):
            if isinstance(task, Stage) and not task.complete():
                task.run()
        run.end()

    def result(self, stage: str) -> Path:
        """The folder of the one result of a stage."""
        [folder] = (path for path in (self.data / "small" / stage).glob("**/[0-9a-f]*") if len(path.name) == 64)
        return folder

    @property
    def version(self) -> Path:
        """The first version."""
        return self.data / "models" / "small" / "1"
