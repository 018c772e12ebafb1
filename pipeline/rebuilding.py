"""A version made once more, from its receipts alone, and held against them: step by step, file by file.

The settings are those of the receipts; the code is that of today. The raw bytes are taken from where they were if they
are still the same, and otherwise from the folder that they were landed in. What comes of it is a data folder like any
other, with that one version in it.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bundle import digest, manifest
from pipeline import codestore, differences, environment, process, receipts, versions
from pipeline.errors import PlumblineError, ProblemError, StageError
from pipeline.job import Job
from pipeline.problem import Source
from pipeline.progress import Advance
from pipeline.receipts import FileRecord, Made, Receipt
from pipeline.run import Run
from pipeline.sources import files

DATED = ("assets.extra/card.md", receipts.CHAIN, manifest.NAME, "assets.extra/report.html")
"""Files of a version that say when and by whom it was made, and so are not the same when it is made again."""


class Step(BaseModel):
    """One stage, made again.

    Attributes:
        state: ``taken`` where its raw bytes are gone and what was landed of them was copied.
        files: those that are not the same, each with what is different.
        fault: why it could not be made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    step: str
    state: Literal["equal", "differs", "taken", "not made"]
    files: tuple[str, ...] = ()
    fault: str = ""


class Rebuilt(BaseModel):
    """A version beside what was made of its receipts.

    Attributes:
        causes: what is not as it was when the version was made: code, libraries, environment, raw bytes.
        not_compared: files that hold times and names, by design.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: str
    equal: bool
    causes: tuple[str, ...]
    steps: tuple[Step, ...]
    not_compared: tuple[str, ...]


def rebuild(version: Path, into: Path, run: Run, advance: Advance) -> Rebuilt:
    """Make the version again in the folder ``into``; ``run`` looks at the data folder that it is in.

    Raises:
        StageError: the version does not hold the receipts of what is behind it.
    """
    try:
        behind, last = receipts.read_chain(version), receipts.read(version)
    except (OSError, ValueError) as error:
        raise StageError(f"{version} must hold the receipts of what is behind it, and does not: {error}") from None
    if last is None:
        raise StageError(f"{version} must hold its own receipt, and there is none that can be read.")
    chain = [*behind, last]
    again = Again(chain, version, into, run)
    steps: list[Step] = []
    for receipt in chain:
        if steps and steps[-1].state == "not made":
            break
        advance(0, f"{receipt.stage} {receipt.source}")
        steps.append(again.step(receipt))
        advance(1, f"{receipt.stage} {receipt.source}")
    return Rebuilt(
        version=version.relative_to(run.data).as_posix(),
        equal=all(step.state in ("equal", "taken") for step in steps) and len(steps) == len(chain),
        causes=(*changed(chain, run), *again.gone),
        steps=tuple(steps),
        not_compared=tuple(name for name in DATED if name in chain[-1].files),
    )


class Again:
    """A data folder in which the steps of a chain are made again, one after the other.

    Attributes:
        gone: the raw bytes that are not where they were.
    """

    def __init__(self, chain: list[Receipt], version: Path, into: Path, run: Run) -> None:
        self._last, self._version, self._into, self._run = chain[-1], version, into, run
        self._places = {made.key: made.path for one in chain for made in one.made_from.values() if made.key}
        self._made: dict[str, Made] = {}
        self._receipts: list[Receipt] = []
        self.gone: list[str] = []

    def step(self, before: Receipt) -> Step:
        """Make one step again."""
        name = f"{before.stage} {before.source}".strip()
        raw = {key: made for key, made in before.made_from.items() if made.key is None}
        where = {key: _raw(made) for key, made in raw.items()}
        gone = [raw[key].path for key, path in where.items() if path is None]
        self.gone += [f"{path} no longer holds the bytes that it held" for path in gone]
        try:
            if gone:
                self._take(before)
                return Step(step=name, state="taken")
            now = self._make(before, {key: path for key, path in where.items() if path})
        except (PlumblineError, ModuleNotFoundError) as error:
            return Step(step=name, state="not made", fault=str(error))
        files = differing(before.files, now.files, apart_from=DATED if receipts.CHAIN in before.files else ())
        return Step(step=name, state="differs" if files else "equal", files=tuple(files))

    def _take(self, before: Receipt) -> None:
        """Copy what was landed of raw bytes that are gone."""
        landed, copy = (self._place(folder, before, before.key) for folder in (self._run.data, self._into))
        if receipts.read(landed) is None:
            raise StageError(f"The raw bytes must be there, or what was landed of them in {landed}, and neither is.")
        faults = receipts.faults(landed, before)
        if faults:
            raise StageError(f"{landed} must be as it was landed, but {'; '.join(faults)}.")
        shutil.copytree(landed, copy)
        self._take_up(before, before, copy)

    def _make(self, before: Receipt, raw: dict[str, Path]) -> Receipt:
        code = self._run.code.of(before.function.partition(":")[0])
        made_from = {
            name: made if made.key is None else self._made[made.content] for name, made in before.made_from.items()
        }
        contents = {name: made.content for name, made in made_from.items()}
        key = receipts.key(before.stage, before.function, before.source, before.settings, code, contents)
        final = self._place(self._into, before, key)
        aside = final.with_name(f".{key}.aside")
        aside.mkdir(parents=True)
        self._bring_live(before)
        if receipts.CHAIN in before.files:
            receipts.write_chain(self._receipts, aside)
        inputs = {name: raw.get(name) or self._into / made.path for name, made in made_from.items()}
        user, started = environment.user(), datetime.now(UTC)
        job = Job(
            before.function,
            before.source,
            before.settings,
            inputs,
            aside,
            final,
            user,
            code["code"],
            self._into,
            tuple(code["libraries"]),
        )
        outcome = process.run(job)
        files, _ = receipts.record_files(aside)
        now = before.model_copy(
            update={
                "key": key,
                "content": receipts.content(files),
                "made_from": made_from,
                **code,
                "revision": self._run.revision,
                "environment": environment.environment(),
                "made_by": user,
                "run": "",
                "started": started.isoformat(timespec="seconds"),
                "seconds": round((datetime.now(UTC) - started).total_seconds(), 3),
                "peak_memory_bytes": outcome.peak_memory_bytes,
                "rows_in": outcome.rows_in,
                "rows_out": outcome.rows_out,
                "notes": outcome.notes,
                "measured": outcome.measured,
                "columns": outcome.columns,
                "files": files,
            }
        )
        receipts.write(aside, now)
        receipts.publish(aside, final)
        self._take_up(before, now, final)
        return now

    def _bring_live(self, before: Receipt) -> None:
        """Copy the version that was live then, where the step compared with it."""
        live = before.settings.get("live")
        if live:
            place = Path(versions.MODELS, before.problem, str(live["version"]))
            there, copy = self._run.data / place, self._into / place
            if there.is_dir() and not copy.exists():
                shutil.copytree(there, copy)

    def _take_up(self, before: Receipt, now: Receipt, folder: Path) -> None:
        """A step made again; those after it know it by what it held before, under whatever key that was made."""
        place = folder.relative_to(self._into).as_posix()
        self._made[before.content] = Made(path=place, key=now.key, content=now.content)
        self._receipts.append(now)

    def _place(self, data: Path, before: Receipt, key: str) -> Path:
        """Where a step lies in a data folder."""
        if before is self._last:
            return data / self._version.relative_to(self._run.data)
        there = self._places.get(before.key)
        home = Path(there).parent if there else Path(before.problem, before.stage.lower(), before.source)
        return data / home / key


def differing(before: dict[str, FileRecord], now: dict[str, FileRecord], apart_from: tuple[str, ...] = ()) -> list[str]:
    """How the files of a step differ from those that were made before."""
    names = sorted((before.keys() | now.keys()) - set(apart_from))
    return [
        f"{name} is {'missing' if name not in now else 'new' if name not in before else 'different'}"
        for name in names
        if name not in before or name not in now or before[name].sha256 != now[name].sha256
    ]


def changed(chain: list[Receipt], run: Run) -> list[str]:
    """What decides results and is not as it was: the code that each step reaches, its libraries, and where it runs."""
    found: dict[str, None] = {}
    for receipt in chain:
        try:
            now = run.code.of(receipt.function.partition(":")[0])
        except ModuleNotFoundError as error:
            found[str(error)] = None
            continue
        found |= {
            f"{change.what} was {change.kind}": None
            for change in codestore.changes(run.data, receipt.code, now["code"])
        }
        compared = ((receipt.libraries, now["libraries"]), (receipt.environment, environment.environment()))
        for before, after in compared:
            found |= {
                f"{name} was {was} and is {is_now}": None
                for name, (was, is_now) in differences.changed(before, after).items()
            }
    return list(found)


def _raw(made: Made) -> Path | None:
    """Where raw bytes are, if they still are what they were."""
    package, _, place = made.path.rpartition(": ")
    try:
        source = Source(path=place, package=package or None, columns={})
        path = source.folder() / place
    except ProblemError:
        return None
    return path if not source.remote and files.content(path, digest.of_file) == made.content else None
