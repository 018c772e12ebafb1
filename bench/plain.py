"""Luigi's own tasks that do next to nothing: ``PlainChain`` requires the one before it, ``PlainSink`` all leaves."""

import os
from pathlib import Path

import luigi

FOLDER = Path(os.environ.get("TRIVIAL", "."))


class Plain(luigi.Task):
    """A task that is complete when a path is there."""

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
