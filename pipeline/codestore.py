"""The code that made things, kept once: ``data/code/<digest>.py``, and beside it the templates that it fills.

The digest is that of ``closure.py``, so a receipt names the entries of its code. A module whose comments alone differ
from one that is kept is not kept again. Old code can so be read, and compared by function, without a repository.
"""

import ast
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bundle.digest import of_json
from pipeline import closure, whole

NAME = "code"
MODULE = "<module>"
"""What Python calls the code of a module that is in none of its definitions."""


@dataclass(frozen=True)
class Source:
    """A module as it was written, and the templates that it fills, by name."""

    text: bytes
    templates: dict[str, bytes]

    def digest(self) -> str:
        """The digest by which receipts name it."""
        return closure.with_templates(closure.of_text(self.text)[0], self._filled())

    def definitions(self) -> dict[str, str]:
        """The digest of each function, class and name at the top of the module, of each template, and of the rest."""
        found = defaultdict(list)
        for node in closure.statements(self.text):
            found[_defined(node)].append(closure.of_tree(node))
        return {name: of_json(digests) for name, digests in found.items()} | self._filled()

    def _filled(self) -> dict[str, str]:
        return {name: hashlib.sha256(text).hexdigest() for name, text in self.templates.items()}


class Change(BaseModel):
    """What differs between two states of the code: a definition of a module, or the module where ``name`` is empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    module: str
    name: str
    kind: Literal["added", "changed", "removed"]

    @property
    def what(self) -> str:
        """Its full name: ``pipeline.clean.clean``."""
        return f"{self.module}.{self.name}" if self.name else self.module


def keep(data: Path, modules: dict[str, str]) -> None:
    """Keep the source of each module that is not kept yet; ``modules`` has the digest of each by its name."""
    folder = data / NAME
    for module, digest in modules.items():
        if not (folder / f"{digest}.py").exists():
            source = now(module)
            if source and source.digest() == digest:
                folder.mkdir(parents=True, exist_ok=True)
                for name, text in source.templates.items():
                    whole.write(folder / f"{digest}.{name}", text)
                whole.write(folder / f"{digest}.py", source.text)


def now(module: str) -> Source | None:
    """The module of ours as it is now; None where there is none of that name."""
    path = closure.find(module, closure.bases())
    if path is None:
        return None
    return Source(path.read_bytes(), {one.name: one.read_bytes() for one in closure.templates(path)})


def read(data: Path, digest: str) -> Source | None:
    """The module that has this digest; None where it was not kept."""
    folder = data / NAME
    try:
        text = (folder / f"{digest}.py").read_bytes()
    except FileNotFoundError:
        return None
    beside = [path for path in sorted(folder.glob(f"{digest}.*")) if path.name != f"{digest}.py"]
    return Source(text, {path.name.removeprefix(f"{digest}."): path.read_bytes() for path in beside})


def changes(data: Path, before: dict[str, str], after: dict[str, str]) -> list[Change]:
    """What differs between two states of some modules, each the digest of a module by its name."""
    found = []
    for module in sorted(before.keys() | after.keys()):
        if module not in before:
            found.append(Change(module=module, name="", kind="added"))
        elif module not in after:
            found.append(Change(module=module, name="", kind="removed"))
        elif before[module] != after[module]:
            found += _within(data, module, before[module], after[module])
    return found


def broken(data: Path) -> list[str]:
    """The entries that are not the code of their name, relative to ``data``."""
    digests = sorted({path.name.partition(".")[0] for path in _entries(data)})
    sources = {digest: read(data, digest) for digest in digests}
    return [f"{NAME}/{digest}.py" for digest, source in sources.items() if source is None or _digest(source) != digest]


def besides(data: Path, digests: set[str]) -> list[Path]:
    """The entries of other digests."""
    return [path for path in _entries(data) if path.name.partition(".")[0] not in digests]


def _entries(data: Path) -> list[Path]:
    return sorted((data / NAME).glob("[!.]*"))


def _digest(source: Source) -> str:
    try:
        return source.digest()
    except (SyntaxError, ValueError):
        return ""


def _within(data: Path, module: str, before: str, after: str) -> list[Change]:
    old, new = read(data, before), read(data, after) or now(module)
    if old is None or new is None or _digest(old) != before or _digest(new) != after:
        return [Change(module=module, name="", kind="changed")]
    was, is_now = old.definitions(), new.definitions()
    return [
        Change(
            module=module,
            name=name,
            kind="added" if name not in was else "removed" if name not in is_now else "changed",
        )
        for name in sorted(was.keys() | is_now.keys())
        if was.get(name) != is_now.get(name)
    ]


def _defined(node: ast.stmt) -> str:
    """The name that a statement at the top of a module defines; that of the module where it is none of its own."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return MODULE
