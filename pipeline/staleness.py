"""Why each stage will run, or is kept: what is there now, held against what the stage made last.

Only looks: nothing is made or held.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pipeline import codestore, graph, published, receipts
from pipeline.differences import changed, flat
from pipeline.receipts import Receipt
from pipeline.run import Run

State = Literal["kept", "runs", "may run", "blocked"]
Kind = Literal["never made", "result", "missing", "raw", "input", "code", "setting", "library"]


class Part(BaseModel):
    """A part of the explanation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(Part):
    """One cause: what it is of, and what that was and is now, as far as it has a value."""

    kind: Kind
    what: str
    before: Any = None
    now: Any = None


class Explained(Part):
    """One stage.

    Attributes:
        state: ``may run`` where it runs only if what it waits for comes out otherwise than before; ``blocked`` where
            a raw file is missing.
        result: where what is kept lies, relative to the data folder.
        waits_for: stages that it reads and that run first.
    """

    stage: str
    state: State
    result: str | None = None
    reasons: tuple[Reason, ...] = ()
    waits_for: tuple[str, ...] = ()


def explain(task: Any, run: Run) -> list[Explained]:
    """Every stage behind the task and the task itself, each after those that it reads."""
    told: dict[str, Explained] = {}
    for one in graph.walk(task, run):
        told[one.task_id] = _stage(one, run, told) if hasattr(one, "function") else _given(one, run)
    return [told[one.task_id] for one in graph.walk(task, run) if hasattr(one, "function")]


def _given(task: Any, run: Run) -> Explained:
    """What others make: it is there or not."""
    name = getattr(task, "shown", task.task_id)
    made = graph.look(task, run)
    if made:
        return Explained(stage=name, state="kept", result=made.path)
    return Explained(stage=name, state="blocked", reasons=(Reason(kind="missing", what=name),))


def _stage(task: Any, run: Run, told: dict[str, Explained]) -> Explained:
    made = graph.look(task, run)
    if made:
        return Explained(stage=task.name, state="kept", result=made.path)
    needed = {name: told[one.task_id] for name, one in graph.inputs(task, run).items()}
    blocked = [reason for one in needed.values() if one.state == "blocked" for reason in one.reasons]
    waits_for = tuple(dict.fromkeys(one.stage for one in needed.values() if one.state in ("runs", "may run")))
    if blocked:
        return Explained(stage=task.name, state="blocked", reasons=tuple(dict.fromkeys(blocked)), waits_for=waits_for)
    now = Now(task, run)
    if not waits_for:
        return Explained(stage=task.name, state="runs", reasons=now.reasons())
    reasons = now.reasons_apart_from_what_waits()
    return Explained(stage=task.name, state="runs" if reasons else "may run", reasons=reasons, waits_for=waits_for)


class Now:
    """A stage as it would run now, beside the receipts of what it made before, the newest first."""

    def __init__(self, task: Any, run: Run) -> None:
        self._task, self._run = task, run
        self._settings, self._code = task.part(), run.code.of(task.function.partition(":")[0])
        self._inputs = graph.inputs(task, run)
        looked = {name: graph.look(one, run) for name, one in self._inputs.items()}
        self._made_from = {name: made for name, made in looked.items() if made}
        self._folders = _folders(task.home())
        known = [*self._folders.values(), *_published(run.data, task)]
        self._known = sorted(known, key=lambda receipt: receipt.started, reverse=True)

    def reasons(self) -> tuple[Reason, ...]:
        """Why it runs, where all that it reads is there."""
        contents = {name: made.content for name, made in self._made_from.items()}
        task = self._task
        key = receipts.key(task.task_family, task.function, task.source, self._settings, self._code, contents)
        for folder, receipt in self._folders.items():
            if receipt.key == key:
                faults = receipts.faults(folder, receipt, self._run.index.sha256)
                return tuple(Reason(kind="result", what=self._below(folder), now=fault) for fault in faults)
        place = self._task.home() / key
        if place.exists():
            return (Reason(kind="result", what=self._below(place), now="there is no receipt that can be read"),)
        if any(receipt.key == key for receipt in self._known):
            return (Reason(kind="result", what=self._below(place), now="it was made before, and is gone"),)
        return self._since(self._known[0]) if self._known else (Reason(kind="never made", what=self._task.name),)

    def reasons_apart_from_what_waits(self) -> tuple[Reason, ...]:
        """Why it runs whatever becomes of the inputs that it waits for; empty where that decides."""
        if not self._known:
            return (Reason(kind="never made", what=self._task.name),)
        found = [self._since(receipt) for receipt in self._known]
        return () if () in found else found[0]

    def _since(self, receipt: Receipt) -> tuple[Reason, ...]:
        """What differs from when the receipt was written, as far as it is known now."""
        functions = changed({"function": receipt.function}, {"function": self._task.function})
        return (
            *self._inputs_since(receipt),
            *(Reason(kind="code", what=what, before=before, now=now) for what, (before, now) in functions.items()),
            *(
                Reason(kind="setting", what=place, before=before, now=now)
                for place, (before, now) in changed(flat(receipt.settings), flat(self._settings)).items()
            ),
            *(
                Reason(kind="code", what=change.what, now=change.kind)
                for change in codestore.changes(self._run.data, receipt.code, self._code["code"])
            ),
            *(
                Reason(kind="library", what=name, before=before, now=now)
                for name, (before, now) in changed(receipt.libraries, self._code["libraries"]).items()
            ),
        )

    def _inputs_since(self, receipt: Receipt) -> list[Reason]:
        found = []
        for name in sorted(receipt.made_from.keys() | self._inputs.keys()):
            before, task = receipt.made_from.get(name), self._inputs.get(name)
            now = self._made_from.get(name)
            if (task is None or now is not None) and (before and before.content) != (now and now.content):
                given = now or before
                raw = given is not None and given.key is None
                what = given.path if raw and given else getattr(task, "name", name)
                found.append(
                    Reason(
                        kind="raw" if raw else "input",
                        what=what,
                        before=before.content if before else None,
                        now=now.content if now else None,
                    )
                )
        return found

    def _below(self, folder: Path) -> str:
        return folder.relative_to(self._run.data).as_posix()


def _folders(home: Path) -> dict[Path, Receipt]:
    """The results of a stage that carry a receipt, by folder."""
    found = {folder: receipts.read(folder) for folder in sorted(home.glob("[!.]*"))} if home.is_dir() else {}
    return {folder: receipt for folder, receipt in found.items() if receipt is not None}


def _published(data: Path, task: Any) -> list[Receipt]:
    """What the newest version's lineage says of the stage: it outlives the stage's folders."""
    known = published.versions(data, task.problem)
    try:
        chain = receipts.read_chain(published.folder(data, task.problem, known[-1])) if known else []
    except (OSError, ValueError):
        return []
    return [receipt for receipt in chain if (receipt.stage, receipt.source) == (task.task_family, task.source)]
