"""A user's own folder: stages of their own beside ours, as small as can be, and the commands that run them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline import receipts
from tests.sample import REPOSITORY

BIN = Path(sys.executable).parent
SAMPLE = ("--problem", "sample")
STAGES = '''
import luigi

from pipeline.targets import Raw, Stage
from pipeline.tasks import Clean


class Count(Stage):
    """How many lines a source has."""

    of = luigi.Parameter(default="airports")
    function = "work:count"
    in_process = True

    def requires(self):
        return {"raw": self.clone(Raw, source=self.of)}


class Total(Stage):
    """The lines of several sources."""

    function = "work:total"
    reads = ("seed",)

    def requires(self):
        return [self.clone(Count, of=of) for of in ("airports", "planes")]


class Twice(Stage):
    """Twice as many."""

    function = "work:total"
    in_process = True

    def requires(self):
        return self.clone(Total)


class CountPlanes(Stage):
    """How many planes each manufacturer built."""

    function = "work:count_planes"

    def requires(self):
        return {"planes": self.clone(Clean, source="planes")}


class Report(luigi.Task):
    """An ordinary task that reads what a stage made."""

    problem = luigi.Parameter()
    path = luigi.Parameter()

    def requires(self):
        return Total(problem=self.problem)

    def output(self):
        return luigi.LocalTarget(self.path)

    def run(self):
        counted = (self.input().folder / "count").read_text()
        with self.output().open("w") as file:
            file.write(f"{counted} lines")


class Words(luigi.Task):
    """An ordinary task that a stage reads from."""

    path = luigi.Parameter()

    def output(self):
        return luigi.LocalTarget(self.path)

    def run(self):
        with self.output().open("w") as file:
            file.write("one\\ntwo\\nthree\\n")


class CountWords(Stage):
    """How many words there are."""

    path = luigi.Parameter(significant=False)
    function = "work:count"

    def requires(self):
        return {"raw": Words(path=self.path)}


class Longest(luigi.Task):
    """An ordinary task that finds out while it runs what it needs."""

    problem = luigi.Parameter()
    path = luigi.Parameter()

    def output(self):
        return luigi.LocalTarget(self.path)

    def run(self):
        total = yield Total(problem=self.problem)
        counts = yield [Count(problem=self.problem, of=of) for of in ("airports", "weather")]
        with self.output().open("w") as file:
            file.write(" ".join((one.folder / "count").read_text() for one in [total, *counts]))


class Failing(Stage):
    """A stage that fails until a file is there."""

    retry_count = 2
    function = "work:fail_once"


class Dying(Stage):
    """A stage that takes its worker with it."""

    function = "work:die"
    in_process = True


class Ranked(Stage):
    """A stage with a rank and a resource."""

    rank = luigi.IntParameter()
    function = "work:wait"
    resources = {"rank": 1}

    @property
    def priority(self):
        return self.rank


class AllRanked(luigi.WrapperTask):
    problem = luigi.Parameter()

    def requires(self):
        return [Ranked(problem=self.problem, rank=rank) for rank in (1, 3, 2)]


class Many(luigi.WrapperTask):
    problem = luigi.Parameter()

    def requires(self):
        return [Quick(problem=self.problem, number=number) for number in range(24)]


class Quick(Stage):
    number = luigi.IntParameter()
    function = "work:nothing"
    in_process = True


@Stage.event_handler(luigi.Event.SUCCESS)
def tell_success(stage):
    print(f"done: {stage.task_family}")


@Stage.event_handler(luigi.Event.FAILURE)
def tell_failure(stage, error):
    print(f"failed: {stage.task_family}: {error}")
'''
WORK = """
import os
import signal
import time
from pathlib import Path

from pipeline.errors import DataError
from pipeline.job import Outcome


def count(job):
    lines = job.inputs["raw"].read_text().splitlines()
    (job.output / "count").write_text(str(len(lines)))
    return Outcome(rows_in=len(lines), rows_out=1)


def total(job):
    counts = [int((folder / "count").read_text()) for folder in job.inputs.values()]
    (job.output / "count").write_text(str(sum(counts)))
    return Outcome()


def count_planes(job):
    import pandas as pd

    planes = pd.read_parquet(job.inputs["planes"] / "rows")
    planes["manufacturer"].value_counts().to_csv(job.output / "planes.csv")
    return Outcome(rows_in=len(planes))


def fail_once(job):
    tried = Path("tried")
    tried.write_text(tried.read_text() + "x" if tried.exists() else "x")
    if len(tried.read_text()) < 2:
        raise DataError("the first time it fails")
    return Outcome()


def nothing(job):
    return Outcome()


def die(job):
    os.kill(os.getpid(), signal.SIGKILL)


def wait(job):
    began = time.time()
    time.sleep(0.3)
    with Path("order").open("a") as file:
        file.write(f"{job.output.parent.name} {began} {time.time()}\\n")
    return Outcome()
"""


@dataclass(frozen=True)
class Project:
    """Two modules, a problem file, and the settings of the repository."""

    folder: Path

    def call(self, *words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        environment = {**os.environ, "PYTHONPATH": f"{self.folder}:{REPOSITORY}", **environment}
        done = subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def luigi(
        self, task: str, *more: str, module: str = "stages", code: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a task as a user types it."""
        return self.call(str(BIN / "luigi"), "--module", module, task, *more, code=code, **environment)

    def made(self, stage: str) -> Path:
        """The one folder that a stage made."""
        [receipt] = (self.folder / "data" / "sample" / stage).rglob(receipts.NAME)
        return receipt.parent


def begin(folder: Path, sample: Path) -> Project:
    """A project with nothing made yet, on a copy of a sample that was written before."""
    for path in sample.glob("*.csv"):
        shutil.copy(path, folder)
    (folder / "problems").mkdir()
    problem = (sample / "problems" / "sample.toml").read_text().replace(str(sample), str(folder))
    (folder / "problems" / "sample.toml").write_text(problem)
    (folder / "stages.py").write_text(STAGES)
    (folder / "work.py").write_text(WORK)
    settings = (REPOSITORY / "luigi.cfg").read_text()
    settings = settings.replace("pipeline/logging.cfg", str(REPOSITORY / "pipeline" / "logging.cfg"))
    (folder / "luigi.cfg").write_text(settings)
    return Project(folder)
