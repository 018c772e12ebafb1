"""Targets that are true: a folder that appears whole and carries the receipt of how it was made.

``Stage`` is an ordinary Luigi task whose target's path is the digest of everything that can change the result: the
stage, the parts of the problem file that it reads, the code that it reaches, the libraries that this imports, and the
content (not the age, not the place) of its inputs. It is complete while the receipt at that path is there and the
files beside it are still the ones that were made.
"""

import logging
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import luigi
from luigi.interface import PidLockAlreadyTakenExit
from luigi.retcodes import retcode
from luigi.task import MixinNaiveBulkComplete

from bundle import digest
from pipeline import codestore, config, disk, environment, graph, lock, process, receipts, run
from pipeline.errors import AlreadyRunning, StageError
from pipeline.job import Job
from pipeline.problem import Problem, Source
from pipeline.receipts import Made, Receipt
from pipeline.run import Run, looking
from pipeline.sources import files
from pipeline.sources.secret import with_day

log = logging.getLogger(__name__)
LOADED = time.time()
"""When this process loaded our code, in seconds since 1970: a notebook goes on with it, whatever is written since."""


class Artifact(luigi.Target):  # type: ignore[misc]
    """A folder with a receipt. It exists while its files are those of the receipt.

    ``sha256`` tells the digest of a file: by reading it, or from an index.
    """

    def __init__(self, folder: Path, sha256: Callable[[Path], str] = digest.of_file) -> None:
        self.folder, self.path = folder, str(folder)
        self._sha256 = sha256

    @cached_property
    def receipt(self) -> Receipt | None:
        """The folder's receipt, or None where it has none."""
        return receipts.read(self.folder)

    def faults(self) -> list[str]:
        """Why the folder is not what its receipt says; empty where it is."""
        return receipts.faults(self.folder, self.receipt, self._sha256) if self.receipt else ["there is no receipt"]

    def exists(self) -> bool:
        """Whether the folder is whole and unchanged."""
        return not self.faults()


class Working(luigi.Task):  # type: ignore[misc]
    """A task that works on the data folder."""

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter]]:
        """The parameters of the class, for which Luigi looks through it some twenty times a task."""
        if "_params" not in vars(cls):
            cls._params = super().get_params()
        return list(cls._params)

    def deps(self) -> list[luigi.Task]:
        """What the scheduler asks before it runs anything: here the data folder is taken, for one run at a time."""
        hold()
        tasks: list[luigi.Task] = super().deps()
        return tasks


class OptionalDay(luigi.OptionalParameter, luigi.DateParameter):  # type: ignore[misc]
    """A day, such as 2013-11-03, or none."""

    expected_type = date


class Raw(luigi.ExternalTask):  # type: ignore[misc]
    """What a source names: made by others, and only read here; what is remote, as it is on a day."""

    problem = luigi.Parameter()
    source = luigi.Parameter()
    day = OptionalDay(default=None)
    as_of = OptionalDay(default=None)

    @property
    def shown(self) -> str:
        """Where the bytes are, as a reader on any machine understands it."""
        return with_day(self._described.address, self.day)

    @property
    def _described(self) -> Source:
        return looking().problem(self.problem).sources[self.source]

    def output(self) -> luigi.LocalTarget:
        """The file, or the pattern that means several."""
        return luigi.LocalTarget(str(self.output_path()))

    def complete(self) -> bool:
        """Whether there are files; what is remote is asked for by the stage that reads it."""
        return graph.look(self, looking()) is not None

    def look(self, run: Run, _: dict[str, Made]) -> Made | Callable[[], bool]:
        """The files' place and content; where there are none, whether there are by now.

        What is remote has no bytes to look at: its place and day stand for them.
        """
        if self._described.remote:
            day = str(self.day or self.as_of or run.today)
            return Made(path=self.shown, key=None, content=digest.of_json([self.shown, day]))
        path = self.output_path()
        content = files.content(path, run.index.sha256)
        return Made(path=self.shown, key=None, content=content) if content else lambda: bool(files.matching(path))

    def output_path(self) -> Path:
        """Where the bytes are, for the stage that reads them."""
        described = self._described
        return Path(self.shown) if described.remote else described.folder() / with_day(described.path or "", self.day)


class Stage(MixinNaiveBulkComplete, Working):  # type: ignore[misc]
    """A stage of the pipeline. A new one says which function does the work and which parts of the problem it reads."""

    problem = luigi.Parameter(default="flights", description="the name of a problem file", positional=False)
    as_of = OptionalDay(default=None, description="the day (UTC) that nothing is known of yet", positional=False)

    function: ClassVar[str]
    """``module:function``, called with a ``job.Job``; the module's code closure is part of the target's path."""
    reads: ClassVar[tuple[str, ...]] = ()
    """The top-level parts of the problem file that the function reads."""
    in_process: ClassVar[bool] = False
    """Whether the function runs in the run's own process: for what is quick and imports no heavy library."""

    @cached_property
    def source(self) -> str:
        """The stage's own parameters in a word, which sets it apart from others of its kind: a source, a day."""
        own = self.to_str_params(only_significant=True)
        return "-".join(value for name, value in own.items() if name not in ("problem", "as_of"))

    @property
    def fixed(self) -> bool:
        """Whether a result stays, once made, for it may never be made again: a snapshot."""
        return False

    @property
    def spec(self) -> Problem:
        """The problem file, read and checked.

        Raises:
            ProblemError: the problem file says something that can't hold.
        """
        return looking().problem(self.problem)

    def part(self) -> dict[str, Any]:
        """The parts of the problem that this stage reads, as JSON values."""
        return self.spec.part(self.reads) if self.reads else {}

    @property
    def name(self) -> str:
        """The stage as a person reads it: ``Clean flights``."""
        return f"{self.task_family} {self.source}".strip()

    def deps(self) -> list[luigi.Task]:
        """As any task's that works on the data folder, looked up once in a run; it is about to run."""
        now = hold()
        if not self.in_process:
            process.prepare(now.data)
        return list(graph.inputs(self, now).values())

    def key(self) -> str | None:
        """The digest of everything that can change the result; None while an input is not there."""
        now = looking()
        made_from = graph.made_from(self, now)
        return self._key(now, made_from) if made_from is not None else None

    def output(self) -> Artifact:
        """The folder that this stage makes."""
        now = looking()
        made = graph.look(self, now)
        folder = now.data / made.path if made else self.home() / (self.key() or "unknown-while-an-input-is-missing")
        return Artifact(folder, now.index.sha256)

    def complete(self) -> bool:
        """Whether the result is there, made from what is there now, and still what was made."""
        now = looking()
        with disk.told(now.data):
            return graph.look(self, now) is not None

    def look(self, run: Run, made_from: dict[str, Made]) -> Made | Callable[[], bool]:
        """What this stage made from these inputs; where it has not, whether it has by now."""
        key = self._key(run, made_from)
        found = self.found(key, run)
        return self._made(found, run) if found else lambda: self.found(key, run) is not None

    def home(self) -> Path:
        """The folder that this stage's results appear in."""
        parts = [self.problem, self.task_family.lower(), *([self.source] if self.source else [])]
        return looking().data.joinpath(*parts)

    def found(self, key: str, run: Run) -> Artifact | None:
        """The whole and unchanged result with this key, if there is one."""
        artifact = Artifact(self.home() / key, run.index.sha256)
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
        """Make the folder aside, write its receipt last, and let it appear whole.

        Raises:
            StageError: an input is not there.
            AlreadyRunning: another run took the data folder over.
            DiskError: the disk refused what was made.
        """
        now = hold()
        made_from = graph.made_from(self, now)
        if made_from is None:
            raise StageError(f"{self.name} must have its inputs, and one of them is not there.")
        key = self._key(now, made_from)
        if self.found(key, now):
            log.info("%-18s same inputs as before, result kept", self.name)
            return
        with disk.told(self.home()):
            self._clear(now)
            final = self.place(key)
            aside = self.home() / f".{key}.{now.name}.aside"
            try:
                stamps = self._make(aside, final, made_from, key, now)
            finally:
                lock.confirm(now.data)  # whoever took the folder over may also be why it could not be made
            self.appear(aside, final)
        now.index.put("sha256", {final / name: stamped for name, stamped in stamps.items()})
        now.made[self.task_id] = self._made(Artifact(final), now)

    def _make(self, aside: Path, final: Path, made_from: dict[str, Made], key: str, now: Run) -> receipts.Stamps:
        log.info("%-18s ...", self.name)
        started, clock = datetime.now(UTC), time.monotonic()
        inputs = {name: graph.output_path(task) for name, task in graph.inputs(self, now).items()}
        if aside.exists():  # a try before, in this run
            shutil.rmtree(aside)
        aside.mkdir(parents=True)
        self.prepare(aside)
        part, code = self.part(), self._code(now)
        user, libraries = environment.user(), tuple(code["libraries"])
        job = Job(self.function, self.source, part, inputs, aside, final, user, code["code"], now.data, libraries)
        if self.function not in now.kept:
            codestore.keep(now.data, code["code"])
            now.kept.add(self.function)
        here = self.in_process and now.code.changed(code["code"]) < LOADED
        outcome = process.call(job, now.code) if here else process.run(job)
        files, stamps = receipts.record_files(aside)
        receipt = Receipt(
            stage=self.task_family,
            function=self.function,
            problem=self.problem,
            source=self.source,
            key=key,
            content=receipts.content(files),
            settings=part,
            made_from=made_from,
            **code,
            revision=now.revision,
            environment=environment.environment(),
            made_by=environment.user(),
            run=now.name,
            started=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - clock, 3),
            peak_memory_bytes=outcome.peak_memory_bytes,
            rows_in=outcome.rows_in,
            rows_out=outcome.rows_out,
            notes=outcome.notes,
            measured=outcome.measured,
            columns=outcome.columns,
            files=files,
        )
        receipts.write(aside, receipt)
        for line in (described(receipt), *receipt.notes):
            log.info("%-18s %s", self.name, line)
        return stamps

    def output_path(self) -> Path:
        """The folder of the result, for the stage that reads it."""
        return self.output().folder

    def _clear(self, now: Run) -> None:
        """Remove what runs that were ended left aside, once in a run; what another worker of this run makes stays."""
        home = self.home()
        if home not in now.cleared:
            now.cleared.add(home)
            for left in home.glob(".*.aside*"):
                if now.name not in left.name:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()

    def _made(self, artifact: Artifact, run: Run) -> Made:
        receipt = artifact.receipt
        if receipt is None:
            raise StageError(f"{artifact.folder} must carry the receipt that was just written, and does not.")
        path = str(artifact.folder).removeprefix(f"{run.data}/")
        return Made(path=path, key=receipt.key, content=receipt.content)

    def _key(self, run: Run, made_from: dict[str, Made]) -> str:
        contents = {name: made.content for name, made in made_from.items()}
        return receipts.key(self.task_family, self.function, self.source, self.part(), self._code(run), contents)

    def _code(self, run: Run) -> dict[str, dict[str, str]]:
        return run.code.of(self.function.partition(":")[0])


def hold() -> Run:
    """Hold the data folder for this run; a second run ends with the code for that.

    Raises:
        PidLockAlreadyTakenExit: another run holds the folder, which the log names.
    """
    sys.excepthook = _say_stopped
    try:
        return run.held() or run.begin(config.data_folder())
    except AlreadyRunning as error:
        log.error("%s", error)
        raise PidLockAlreadyTakenExit(retcode().already_running) from None


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
