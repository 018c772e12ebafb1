"""One whole run on the small sample, for every test that needs what it makes."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project import Project, begin
from tests.sample import REPOSITORY, write

BIN = Path(sys.executable).parent
RUNNING = {"cwd": REPOSITORY, "text": True}


@dataclass(frozen=True)
class Place:
    """A data folder and problem files of one's own, and the command that works on them."""

    folder: Path

    @property
    def problem(self) -> Path:
        return self.folder / "problems" / "sample.toml"

    @property
    def version(self) -> Path:
        return self.folder / "data" / "models" / "sample" / "1"

    def command(self, *more: str, module: str = "pipeline", task: str = "RunAll") -> list[str]:
        """The command line as a user types it."""
        where = ("--plumbline-data", str(self.folder / "data"), "--plumbline-problems", str(self.problem.parent))
        return [str(BIN / "luigi"), "--module", module, task, "--problem", "sample", *where, *more]

    def start(self) -> subprocess.Popen[str]:
        """Start it in a process group of its own, to be read from and killed."""
        return subprocess.Popen(
            ["env", "--default-signal=INT", *self.command()],  # what runs in the background may ignore Ctrl-C
            **RUNNING,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(self.command(*more), **RUNNING, capture_output=True, timeout=600, check=False)


@pytest.fixture
def place(tmp_path):
    """The sample's sources and problem file, and nothing made yet."""
    write(tmp_path)
    return Place(tmp_path)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory):
    """The place and the outcome of a first whole run; tests may read what it made, and change nothing."""
    folder = tmp_path_factory.mktemp("sample")
    write(folder)
    made = Place(folder)
    return made, made.run()


@pytest.fixture(scope="session")
def few_flights(tmp_path_factory):
    """The sample with still fewer flights, to be copied."""
    folder = tmp_path_factory.mktemp("few")
    write(folder, every=1000)
    return folder


@pytest.fixture
def project(tmp_path, few_flights) -> Project:
    """A user's own folder with stages of their own, and nothing made yet."""
    return begin(tmp_path, few_flights)
