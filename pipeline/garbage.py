"""What nothing needs: found by what does need something.

A result is needed where the graph of a problem file that is there would use it, or could after a stage before it has
run again; where it holds the raw bytes that a version began with; and where something that is needed was made from it.
Versions, days, and all that was served and decided stay, whatever becomes of the rest.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pipeline import codestore, graph, receipts, results, versions, working
from pipeline.receipts import Receipt
from pipeline.run import Run
from pipeline.versions import MODELS

Why = Literal["left aside by ended runs", "nothing needs it", "broken", "code that no receipt names"]


class Garbage(BaseModel):
    """A file or folder that may go; the path is relative to the data folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    why: Why
    bytes: int


def find(run: Run, graphs: Iterable[Any]) -> list[Garbage]:
    """What may go; ``graphs`` are the last stages of the graphs whose results are looked at."""
    data = run.data
    needs = Needs(run)
    for last in graphs:
        needs.graph(last)
    for version in versions.every(data):
        needs.version(version)
    found: list[Garbage] = [_garbage(data, path, "left aside by ended runs") for path in results.left_aside(data)]
    code: set[str] = set()
    needed = needs.keys()
    for folder in results.folders(data):
        receipt = receipts.read(folder)
        removable = folder.parent in needs.homes
        if removable and (receipt is None or receipts.faults(folder, receipt, run.index.sha256)):
            found.append(_garbage(data, folder, "broken"))
        elif removable and folder.name not in needed:
            found.append(_garbage(data, folder, "nothing needs it"))
        elif receipt:
            code.update(receipt.code.values())
    code.update(needs.code)
    for home in sorted(needs.homes - needs.unknown):
        worked = working.folder(data, home).glob("*")
        found += [_garbage(data, path, "nothing needs it") for path in sorted(worked) if path.name not in needed]
    found += [_garbage(data, path, "code that no receipt names") for path in codestore.besides(data, code)]
    return found


def remove(data: Path, garbage: list[Garbage], run: str) -> None:
    """Remove it. A folder first leaves its place whole, so that nobody ever sees half of it."""
    for one in garbage:
        path = data / one.path
        if path.is_dir():
            gone = path if results.ASIDE.fullmatch(path.name) else path.with_name(f".{path.name}.{run}.aside")
            path.rename(gone)
            shutil.rmtree(gone)
        else:
            path.unlink()


class Needs:
    """What is needed, by key.

    Attributes:
        homes: the folders of the stages of the graphs: what lies elsewhere is not for us to judge.
        unknown: those of stages of which nobody knows yet what they will make.
        code: the digests of the modules that versions were made by.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._keys: set[str] = set()
        self._receipts: dict[str, Receipt] = {}
        self.homes: set[Path] = set()
        self.unknown: set[Path] = set()
        self.code: set[str] = set()

    def graph(self, last: Any) -> None:
        """What the graph uses now; and of a stage that would run, what it may come back to."""
        for task in graph.walk(last, self._run):
            if hasattr(task, "function"):
                self._stage(task)

    def version(self, version: Path) -> None:
        """The raw bytes as they were landed, so that the version can be made again."""
        try:
            behind = receipts.read_chain(version)
        except (OSError, ValueError):
            return
        for receipt in behind:
            self.code.update(receipt.code.values())
            if any(made.key is None for made in receipt.made_from.values()):
                self._keys.add(receipt.key)

    def keys(self) -> set[str]:
        """The keys of all that is needed, and of what that was made from."""
        needed: set[str] = set()
        waiting = list(self._keys)
        while waiting:
            key = waiting.pop()
            if key not in needed:
                needed.add(key)
                receipt = self._receipts.get(key)
                waiting += [made.key for made in receipt.made_from.values() if made.key] if receipt else []
        return needed

    def _stage(self, task: Any) -> None:
        home = task.home()
        if home.parent.name == MODELS or task.fixed:
            return
        self.homes |= {home, *(path for path in home.parent.glob("*") if task.source and path.is_dir())}
        known = {path.name: receipts.read(path) for path in home.glob("[!.]*")} if home.is_dir() else {}
        self._receipts |= {key: receipt for key, receipt in known.items() if receipt}
        made = graph.look(task, self._run)
        if made and made.key:
            self._keys.add(made.key)
            return
        if key := task.key():
            self._keys.add(key)
        else:
            self.unknown.add(home)
        code = self._run.code.of(task.function.partition(":")[0])
        self._keys |= {
            key
            for key, receipt in known.items()
            if receipt
            and (receipt.function, receipt.settings) == (task.function, task.part())
            and {"code": receipt.code, "libraries": receipt.libraries} == code
        }


def _garbage(data: Path, path: Path, why: Why) -> Garbage:
    return Garbage(path=path.relative_to(data).as_posix(), why=why, bytes=results.size(path))
