"""Stages that do next to nothing, as ``bench.plain`` has them: what remains is what a task of ours costs."""

import luigi

from pipeline.job import Job, Outcome
from pipeline.targets import Stage

FILES = 20


def write(job: Job) -> Outcome:
    """A file with as many lines as inputs."""
    (job.output / "lines").write_text("".join(f"{name}\n" for name in job.inputs))
    return Outcome(rows_in=len(job.inputs))


def write_many(job: Job) -> Outcome:
    """Many files."""
    for number in range(FILES):
        (job.output / str(number)).write_text(f"{number}\n" * 100)
    return Outcome()


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


class Shelf(Trivial):
    """A target of many files."""

    function = "bench.trivial:write_many"


class Wide(Trivial):
    """What needs many targets of many files."""

    def requires(self):
        return {str(number): self.clone(Shelf, number=number) for number in range(self.number)}
