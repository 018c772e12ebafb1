"""The whole graph on a page.

Raw ─► Collect ─► Clean ─► Features ─► Split ─► Encode ─┬► Baseline ─────────────┐
                        │                               └► Tune ─► Train ─► Evaluate ─► Compare ─► Validate ─► Publish
                        └► Describe ─► RunAll ◄──────────────────────────────────────────────────────────────────┘
"""

import json
import logging
from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import luigi

from pipeline import config, graph, receipts, rival, versions, working
from pipeline.errors import ProblemError
from pipeline.problem import Source
from pipeline.receipts import Made, Receipt
from pipeline.run import Run, looking
from pipeline.targets import Artifact, OptionalDay, Raw, Stage, Working, hold

log = logging.getLogger(__name__)

Tasks = dict[str, luigi.Task]


class Collect(Stage):
    """Land what one source has as it is: no value is changed.

    What is landed of a day, and of a remote source on a day, is a snapshot: it stays, whatever becomes of the source.
    """

    source = luigi.Parameter(description="the name of a source in the problem file", positional=False)
    day = OptionalDay(default=None, description="a day (UTC) to land alone, such as 2013-11-03")
    again = luigi.BoolParameter(
        default=False, description="make a new snapshot beside those that are there", positional=False
    )
    function = "pipeline.collect:collect"

    @property
    def name(self) -> str:
        return f"{super().name} {self.day}" if self.day else super().name

    @property
    def priority(self) -> int:
        """Of several days the earliest comes first."""
        return (date.max - self.day).days if self.day else 0

    @property
    def in_process(self) -> bool:  # type: ignore[override] # days are many and small
        return self.day is not None

    @property
    def described(self) -> Source:
        return self.spec.sources[self.source]

    @property
    def fixed(self) -> bool:
        return self.day is not None or (self.described.remote and not self.described.every)

    def part(self) -> dict[str, Any]:
        number = self._next if self.again else self._standing(self._snapshots())
        return self._settings() | ({"snapshot": number} if number > 1 else {})

    def requires(self) -> Tasks:
        source = self.described
        if self.day is None and source.every and source.since:
            last = source.last_day(self.as_of or looking().today)
            days = [source.since + timedelta(days=number) for number in range((last - source.since).days + 1)]
            if not days:
                raise ProblemError(f"sources.{self.source}.since must be a day before {last}, and is {source.since}.")
            return {str(day): self.clone(Collect, day=day, again=False) for day in days}
        if source.time is None and (self.day or (self.as_of and self.source in (self.spec.table, *self.spec.joins))):
            raise ProblemError(
                f"sources.{self.source}.time must name the column that says which day a row belongs to, and names none."
            )
        if self._landed(looking()):
            return {}
        if self.day and source.known_after and self.day > source.last_day(looking().today):
            raise ProblemError(
                f"sources.{self.source}.known_after must have passed before a day is collected: "
                f"{self.day} is known on {self.day + timedelta(days=1 + source.known_after)}."
            )
        return {"raw": self.clone(Raw)}

    def home(self) -> Path:
        return super().home() / str(self.day or self._as_of) if self.fixed else super().home()

    def look(self, run: Run, made_from: dict[str, Made]) -> Made | Callable[[], bool]:
        landed = self._landed(run)
        return self._made(landed, run) if landed else super().look(run, made_from)

    @property
    def _as_of(self) -> date | None:
        """The day before which rows are taken, if there is one."""
        source = self.described
        if self.day or source.every:
            return None
        return self.as_of or looking().today if source.remote else self.as_of if source.time else None

    def _settings(self) -> dict[str, Any]:
        origin = self.described.origin()
        if self.day:
            origin.pop("known_after", None)
        part: dict[str, Any] = {"sources": {self.source: origin}}
        return part | ({"day": str(self.day)} if self.day else {"as_of": str(self._as_of)} if self._as_of else {})

    @cached_property
    def _next(self) -> int:
        """The number of the snapshot that is made again."""
        return max(map(_number, self._snapshots().values()), default=0) + 1

    def _snapshots(self) -> dict[Path, Receipt]:
        """What was landed before by the same settings, whatever code did it."""
        found, settings = {}, self._settings()
        for folder in sorted(self.home().glob("[!.]*")) if self.fixed else []:
            receipt = receipts.read(folder)
            if receipt and receipt.settings | {"snapshot": 1} == settings | {"snapshot": 1}:
                found[folder] = receipt
        return found

    def _standing(self, snapshots: dict[Path, Receipt]) -> int:
        """The number of the snapshot that is used: the newest.

        As of a day it is the newest landed by then, or the first, for a correction that came later was not known yet.
        """
        numbers = [_number(one) for one in snapshots.values()]
        if not (self.day and self.as_of):
            return max(numbers, default=1)
        then = [_number(one) for one in snapshots.values() if one.started[:10] <= str(self.as_of)]
        return max(then) if then else min(numbers, default=1)

    def _landed(self, run: Run) -> Artifact | None:
        """The snapshot that is used, if it is there and whole."""
        found = {} if self.again else self._snapshots()
        number = self._standing(found)
        used = [Artifact(folder, run.index.sha256) for folder, one in found.items() if _number(one) == number]
        return next(filter(Artifact.exists, used), None)


def _number(snapshot: Receipt) -> int:
    """Which of the snapshots of the same it is."""
    return int(snapshot.settings.get("snapshot", 1))


class Clean(Stage):
    """Give one source its types, mend what the rules mend, and set bad rows aside with a reason."""

    source = luigi.Parameter(description="the name of a source in the problem file")
    function = "pipeline.clean:clean"

    def part(self) -> dict[str, Any]:
        dated = self.spec.sources[self.source].dated
        return source_part(self) | ({"today": str(self.as_of or looking().today)} if dated else {})

    def requires(self) -> Tasks:
        return {"raw": self.clone(Collect)}


class Describe(Stage):
    """Tell what one source holds, and what changed since it was described before.

    What it was compared with is a setting, so that the same comparison is the same result; and every profile stays, for
    a later one may be compared with it.
    """

    source = luigi.Parameter(description="the name of a source in the problem file")
    function = "pipeline.describe:describe"
    fixed = True

    def part(self) -> dict[str, Any]:
        as_of = self.clone(Collect).part().get("as_of")
        before = self._before(as_of)
        watched = self.spec.part(("monitoring",))["monitoring"]
        return (
            {"monitoring": {name: watched[name] for name in ("max_psi", "level")}}
            | source_part(self)
            | ({"as_of": as_of} if as_of else {})
            | ({"before": before} if before else {})
        )

    def requires(self) -> Tasks:
        return {"raw": self.clone(Collect), "cleaned": self.clone(Clean)}

    def _before(self, as_of: str | None) -> dict[str, str] | None:
        """The profile made last of other rows that were known by then."""
        now = looking()
        raw = graph.look(self.clone(Collect), now)
        found = [(folder, receipts.read(folder)) for folder in sorted(self.home().glob("[!.]*"))]
        others = [
            (receipt.settings.get("as_of", ""), receipt.started, folder, receipt.content)
            for folder, receipt in found
            if receipt
            and (raw is None or receipt.made_from["raw"].content != raw.content)
            and ("as_of" in receipt.settings) == bool(as_of)
            and receipt.settings.get("as_of", "") <= (as_of or "")
        ]
        if not others:
            return None
        *_, folder, content = max(others)
        return {"path": folder.relative_to(now.data).as_posix(), "content": content}


class Features(Stage):
    """Join what changes over time, tell the target, derive the features."""

    function = "pipeline.features:make"
    reads = ("task", "table", "target", "sources", "joins", "lookups", "features")

    def requires(self) -> Tasks:
        used = [self.spec.table, *self.spec.joins, *self.spec.lookups]
        return {source: self.clone(Clean, source=source) for source in used}


class Split(Stage):
    """Part the rows: to train on, to choose with, to judge by."""

    function = "pipeline.split:split"
    reads = ("split", "table", "target", "task", "sources", "seed")

    def part(self) -> dict[str, Any]:
        return super().part() | ({"as_of": str(self.as_of)} if self.as_of else {})

    def requires(self) -> Tasks:
        return {"features": self.clone(Features)}


class Encode(Stage):
    """Learn from the training split how to turn features into numbers; screen for drift; encode every split."""

    function = "pipeline.encode:encode"
    reads = ("task", "sources", "table", "joins", "features", "split", "screen")

    def requires(self) -> Tasks:
        return {"split": self.clone(Split)}


class Baseline(Stage):
    """What any model must be measured against: the prior, and gradient boosting."""

    function = "pipeline.baseline:train"
    reads = ("decision", "seed")

    def requires(self) -> Tasks:
        return {"encoded": self.clone(Encode)}


class Tune(Stage):
    """Look for hyperparameters with Keras Tuner."""

    function = "pipeline.tune:tune"
    reads = ("search", "seed")

    def requires(self) -> Tasks:
        return {"encoded": self.clone(Encode)}


class Train(Stage):
    """Let finalists of the search learn, and export the best: a SavedModel for raw columns, and its compiled form."""

    function = "pipeline.train:train"
    reads = ("sources", "table", "joins", "lookups", "target", "features", "training", "decision", "seed")

    def requires(self) -> Tasks:
        lookups = {source: self.clone(Clean, source=source) for source in self.spec.lookups}
        past = {"features": self.clone(Features)} if self.spec.features.past else {}
        return {**lookups, **past, "encoded": self.clone(Encode), "split": self.clone(Split), "tuned": self.clone(Tune)}


class Evaluate(Stage):
    """Measure the exported model, and the baselines, on the hold-out."""

    function = "pipeline.evaluate:evaluate"
    reads = ("slices", "split", "seed")

    def requires(self) -> Tasks:
        return {"split": self.clone(Split), "model": self.clone(Train), "baseline": self.clone(Baseline)}


class Compare(Stage):
    """Hold the model against the live version, on the same rows of the hold-out.

    Which version that is, is a setting: what others let go live makes a verdict stale.
    """

    function = "pipeline.compare:compare"
    reads = ("name", "target", "slices", "split", "seed")

    def part(self) -> dict[str, Any]:
        candidate = graph.look(self.clone(Train), looking())
        live = rival.of(config.data_folder(), str(self.problem), candidate.content if candidate else None)
        return super().part() | ({"live": live} if live else {})

    def requires(self) -> Tasks:
        return {"split": self.clone(Split), "model": self.clone(Train), "evaluation": self.clone(Evaluate)}


class Validate(Stage):
    """Hold the figures against the requirements: a verdict, clause by clause."""

    function = "pipeline.validate:validate"
    reads = ("requirements", "screen")
    in_process = True

    def requires(self) -> Tasks:
        return {
            "split": self.clone(Split),
            "encoded": self.clone(Encode),
            "evaluation": self.clone(Evaluate),
            "compared": self.clone(Compare),
        }


class Publish(Stage):
    """Put the model, its evidence and its history into one version folder: ``data/models/<name>/<version>``."""

    function = "pipeline.publish:publish"
    reads = ("name", "title", "target", "notes")

    def requires(self) -> Tasks:
        return {
            "split": self.clone(Split),
            "encoded": self.clone(Encode),
            "tuned": self.clone(Tune),
            "model": self.clone(Train),
            "evaluation": self.clone(Evaluate),
            "compared": self.clone(Compare),
            "verdict": self.clone(Validate),
        }

    def home(self) -> Path:
        return config.data_folder() / versions.MODELS / str(self.problem)

    def found(self, key: str, run: Run) -> Artifact | None:
        for folder in reversed(versions.of(run.data, str(self.problem))):
            version = Artifact(folder, run.index.sha256)
            if version.receipt is not None and version.receipt.key == key and version.exists():
                return version
        return None

    def place(self, key: str) -> Path:  # noqa: ARG002 - a version is a number, whatever its key
        published = versions.of(config.data_folder(), str(self.problem))
        return self.home() / str(int(published[-1].name) + 1 if published else 1)

    def prepare(self, aside: Path) -> None:
        receipts.write_chain(graph.chain(self, hold()), aside)


class RunAll(Working):
    """Everything, up to a published version with a verdict."""

    problem = luigi.Parameter(default="flights", description="the name of a problem file")
    as_of = OptionalDay(default=None, description="the day (UTC) that nothing is known of yet, such as 2013-11-03")

    @property
    def last(self) -> Publish:
        """The stage that publishes."""
        published: Publish = self.clone(Publish)
        return published

    @property
    def sources(self) -> list[str]:
        """The sources that are used."""
        spec = looking().problem(self.problem)
        return list(dict.fromkeys([spec.table, *spec.joins, *spec.lookups]))

    @property
    def described(self) -> list[Describe]:
        """The sources that are used, each described."""
        return [self.clone(Describe, source=name) for name in self.sources]

    def requires(self) -> Tasks:
        return {"published": self.last, **{f"{one.source} described": one for one in self.described}}

    def complete(self) -> bool:
        self.published = graph.look(self, looking())
        return self.published is not None

    def look(self, _: Run, made_from: dict[str, Made]) -> Made:
        """What was published, once everything is there."""
        return made_from["published"]

    def run(self) -> None:
        from pipeline import summary

        self.forget_refused()
        summary.tell(self.last, self.described, hold())

    def forget_refused(self) -> None:
        """Remove the pages about rows that were refused: every source is clean."""
        for name in self.sources:
            (self.clone(Clean, source=name).home() / working.REFUSED).unlink(missing_ok=True)


@Raw.event_handler(luigi.Event.DEPENDENCY_MISSING)  # type: ignore[untyped-decorator]
def say_missing(raw: Raw) -> None:
    """Name the file that is not there: Luigi itself names only the task."""
    where = raw.output_path().absolute()
    log.error("%s must be there for source %s of %s: no file is %s.", raw.shown, raw.source, raw.problem, where)


@RunAll.event_handler(luigi.Event.DEPENDENCY_PRESENT)  # type: ignore[untyped-decorator]
def say_up_to_date(task: luigi.Task) -> None:
    """Tell the person who asked that there is nothing to do."""
    if isinstance(task, RunAll) and task.published:
        task.forget_refused()
        version = config.data_folder() / task.published.path
        verdict = json.loads((version / versions.MANIFEST).read_bytes())["verdict"]["verdict"]
        print(f"Everything is up to date: {version}, verdict {verdict}.")  # noqa: T201 - the answer to the command


def source_part(task: Stage) -> dict[str, Any]:
    """The part of the problem that describes the task's own source."""
    part = task.spec.part(("sources",))
    return {"sources": {task.source: part["sources"][task.source]}}
