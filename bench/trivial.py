"""Tasks that do next to nothing, as ours and as plain Luigi's: what remains is what a task costs.

``Chain`` requires the one before it; ``Sink`` requires all of ``Leaf``.
"""

import os
from pathlib import Path

import luigi

from pipeline.process import Job, Outcome
from pipeline.targets import Stage

FOLDER = Path(os.environ.get("TRIVIAL", "."))


def write(job: Job) -> Outcome:
    """A file with as many lines as inputs."""
    (job.output / "lines").write_text("".join(f"{name}\n" for name in job.inputs))
    return Outcome(rows_in=len(job.inputs))


class Trivial(Stage):
    """A stage as small as can be."""

    number = luigi.IntParameter()
    function = "bench.trivial:write"
    in_process = True


class Chain(Trivial):
    """One after another."""

    def requires(self):
        return {"before": self.clone(Chain, number=self.number - 1)} if self.number else {}


class Leaf(Trivial):
    """One beside another."""


class Sink(Trivial):
    """What needs all of them."""

    def requires(self):
        return {str(number): self.clone(Leaf, number=number) for number in range(self.number)}


class Plain(luigi.Task):
    """The same as any Luigi task: complete when a path is there."""

    number = luigi.IntParameter()

    def output(self):
        return luigi.LocalTarget(FOLDER / f"{self.task_family}-{self.number}")

    def run(self):
        with self.output().open("w") as file:
            file.writelines("line\n" for _ in luigi.task.flatten(self.requires()))


class PlainChain(Plain):
    """One after another."""

    def requires(self):
        return [self.clone(PlainChain, number=self.number - 1)] if self.number else []


class PlainLeaf(Plain):
    """One beside another."""


class PlainSink(Plain):
    """What needs all of them."""

    def requires(self):
        return [self.clone(PlainLeaf, number=number) for number in range(self.number)]
