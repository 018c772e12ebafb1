"""Targets that are true: a folder that appears whole and carries the receipt of how it was made.

``Stage`` is an ordinary Luigi task whose target's path is the digest of everything that can change the result: the
stage, the parts of the problem file that it reads, the code that it reaches, the libraries that this imports, and the
content (not the age, not the place) of its inputs. It is complete while the receipt at that path is there and the
files beside it are still the ones that were made.
"""

import getpass
import logging
import os
import platform
import shutil
import sys
import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import luigi
from luigi.interface import PidLockAlreadyTakenExit

from bundle import digest
from pipeline import config, lock, process, receipts
from pipeline.closure import closure, libraries
from pipeline.errors import AlreadyRunning, StageError
from pipeline.problem import Problem, Source, load
from pipeline.receipts import Made, Receipt

log = logging.getLogger(__name__)


class Artifact(luigi.Target):  # type: ignore[misc]
    """A folder with a receipt. It exists while its files are those of the receipt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def receipt(self) -> Receipt | None:
        """The folder's receipt, or None where it has none."""
        return receipts.read(self.folder)

    def faults(self) -> list[str]:
        """Why the folder is not what its receipt says; empty where it is."""
        return receipts.faults(self.folder, self.receipt) if self.receipt else ["there is no receipt"]

    def exists(self) -> bool:
        """Whether the folder is whole and unchanged."""
        return not self.faults()

    def made(self) -> Made | None:
        """The folder as an input of another; None where it has no receipt."""
        receipt = self.receipt
        return Made(path=str(self.folder), key=receipt.key, content=receipt.content) if receipt else None


class Working(luigi.Task):  # type: ignore[misc]
    """A task that works on the data folder."""

    def deps(self) -> list[luigi.Task]:
        """What the scheduler asks before it runs anything: here the data folder is taken, for one run at a time."""
        hold()
        tasks: list[luigi.Task] = super().deps()
        return tasks


class Raw(luigi.ExternalTask):  # type: ignore[misc]
    """The raw bytes that a source names: made by others, and only read here."""

    problem = luigi.Parameter()
    source = luigi.Parameter()

    @cached_property
    def path(self) -> Path:
        """Where the bytes are."""
        return self._described.file()

    @property
    def shown(self) -> str:
        """Where the bytes are, as a reader on any machine understands it."""
        described = self._described
        return f"{described.package}: {described.path}" if described.package else described.path

    @cached_property
    def _described(self) -> Source:
        return load(config.problem_file(self.problem)).sources[self.source]

    def output(self) -> luigi.LocalTarget:
        """The file itself."""
        return luigi.LocalTarget(str(self.path))

    def made(self, seen: dict[str, Made | None]) -> Made | None:
        """The file's place and content, for the receipts of what is made from it; None where there is no file."""
        if self.task_id not in seen:
            there = self.path.is_file()
            seen[self.task_id] = Made(path=self.shown, key=None, content=digest.of_file(self.path)) if there else None
        return seen[self.task_id]

    def output_path(self) -> Path:
        """Where the bytes are, for the stage that reads them."""
        return self.path


class Stage(Working):
    """A stage of the pipeline. A new one says which function does the work and which parts of the problem it reads."""

    problem = luigi.Parameter(default="flights", description="the name of a problem file")

    function: ClassVar[str]
    """``module:function``, called with a ``process.Job``; the module's code closure is part of the target's path."""
    reads: ClassVar[tuple[str, ...]] = ()
    """The top-level parts of the problem file that the function reads."""
    source: Any = ""

    @cached_property
    def spec(self) -> Problem:
        """The problem file, read and checked.

        Raises:
            ProblemError: the problem file says something that can't hold.
        """
        return load(config.problem_file(self.problem))

    def part(self) -> dict[str, Any]:
        """The parts of the problem that this stage reads, as JSON values."""
        return self.spec.part(self.reads)

    @property
    def name(self) -> str:
        """The stage as a person reads it: ``Clean flights``."""
        return f"{self.task_family} {self.source}".strip()

    def key(self) -> str | None:
        """The digest of everything that can change the result; None while an input is not there."""
        made_from = self._made_from({})
        return self._key(made_from) if made_from is not None else None

    def output(self) -> Artifact:
        """The folder that this stage makes."""
        key = self.key()
        found = self.found(key) if key else None
        return found or Artifact(self.home() / (key or "unknown-while-an-input-is-missing"))

    def complete(self) -> bool:
        """Whether the result is there, made from what is there now, and still what was made."""
        return self.made({}) is not None

    def made(self, seen: dict[str, Made | None]) -> Made | None:
        """What this stage made, for the receipts of what is made from it; None while it is not complete.

        ``seen`` holds the answers of this one walk over the graph, so that each task is looked at once.
        """
        if self.task_id not in seen:
            made_from = self._made_from(seen)
            found = self.found(self._key(made_from)) if made_from is not None else None
            seen[self.task_id] = found.made() if found else None
        return seen[self.task_id]

    def home(self) -> Path:
        """The folder that this stage's results appear in."""
        parts = [self.problem, self.task_family.lower(), *([self.source] if self.source else [])]
        return config.data_folder().joinpath(*parts)

    def found(self, key: str) -> Artifact | None:
        """The whole and unchanged result with this key, if there is one."""
        artifact = Artifact(self.home() / key)
        return artifact if artifact.exists() else None

    def place(self, key: str) -> Path:
        """Where a new result with this key is to appear; one that is there and not whole is cleared away."""
        final = self.home() / key
        if final.exists():
            for fault in Artifact(final).faults():
                log.warning("%-18s is made again, for in %s %s", self.name, final, fault)
            shutil.rmtree(final)
        return final

    def prepare(self, aside: Path) -> None:
        """Leave in the folder that is being made what its function needs beside the inputs: most need nothing."""

    def appear(self, aside: Path, final: Path) -> None:
        """Let the folder that is whole appear."""
        receipts.publish(aside, final)

    def run(self) -> None:
        """Make the folder aside in a fresh process, write its receipt last, and let it appear whole."""
        run = hold()
        made_from = self._made_from({})
        if made_from is None:
            raise StageError(f"{self.name} must have its inputs, and one of them is not there.")
        key = self._key(made_from)
        if self.found(key):
            log.info("%-18s same inputs as before, result kept", self.name)
            return
        final = self.place(key)
        for left in self.home().glob(".*.aside*"):  # by a run that was ended
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        aside = self.home() / f".{key}.aside"
        self._make(aside, final, made_from, key, run)
        self.appear(aside, final)

    def _make(self, aside: Path, final: Path, made_from: dict[str, Made], key: str, run: str) -> None:
        log.info("%-18s ...", self.name)
        started, clock = datetime.now(UTC), time.monotonic()
        inputs = {name: task.output_path() for name, task in self.requires().items()}
        aside.mkdir(parents=True)
        self.prepare(aside)
        job = process.Job(self.function, self.source, self.part(), inputs, aside, final, user(), self._code()["code"])
        outcome = process.run(job)
        files = receipts.record_files(aside)
        receipt = Receipt(
            stage=self.task_family,
            problem=self.problem,
            source=self.source,
            key=key,
            content=receipts.content(files),
            settings=self.part(),
            made_from=made_from,
            **self._code(),
            environment=environment(),
            made_by=user(),
            run=run,
            started=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - clock, 3),
            peak_memory_bytes=outcome.peak_memory_bytes,
            rows_in=outcome.rows_in,
            rows_out=outcome.rows_out,
            notes=outcome.notes,
            files=files,
        )
        receipts.write(aside, receipt)
        log.info("%-18s %s", self.name, described(receipt))

    def output_path(self) -> Path:
        """The folder of the result, for the stage that reads it."""
        return self.output().folder

    def _made_from(self, seen: dict[str, Made | None]) -> dict[str, Made] | None:
        made = {name: task.made(seen) for name, task in sorted(self.requires().items())}
        whole = {name: one for name, one in made.items() if one is not None}
        return whole if len(whole) == len(made) else None

    def _key(self, made_from: dict[str, Made]) -> str:
        contents = {name: made.content for name, made in made_from.items()}
        return digest.of_json([self.task_family, self.source, self.part(), self._code(), contents])

    def _code(self) -> dict[str, dict[str, str]]:
        modules = closure(self.function.partition(":")[0])
        return {"code": modules, "libraries": libraries(modules)}


def hold() -> str:
    """Hold the data folder for this run and return its name; a second run ends with the code for that.

    Raises:
        PidLockAlreadyTakenExit: another run holds the folder, which the log names.
    """
    sys.excepthook = _say_stopped
    try:
        return lock.hold(config.data_folder())
    except AlreadyRunning as error:
        log.error("%s", error)
        raise PidLockAlreadyTakenExit from None


def _say_stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Who pressed Ctrl-C knows why, and needs no traceback."""
    if issubclass(kind, KeyboardInterrupt):
        log.warning("Stopped. What is finished stays; the next run goes on from there.")
    else:
        sys.__excepthook__(kind, error, trace)


def described(receipt: Receipt) -> str:
    """A stage's result in a line: rows in and out, and how long it took."""
    counts = [
        f"{count:,} rows {way}"
        for count, way in ((receipt.rows_in, "in"), (receipt.rows_out, "out"))
        if count is not None
    ]
    return ", ".join([*counts, f"{receipt.seconds:.1f} s"])


def environment() -> dict[str, str]:
    """The machine and interpreter, as far as they may matter to a result."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libc": "-".join(platform.libc_ver()),
    }


def user() -> str:
    """Who runs this, by name where the system knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"uid {os.getuid()}"
