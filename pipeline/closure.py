"""Which code, and which libraries, can change what a stage makes.

The code closure of a module is the module itself and every module of ours that it reaches through its imports, those
inside functions too. Ours is what lies in this repository or in the current folder. Each is digested by its syntax tree
without comments and docstrings, so that only a change of what runs is a change; with the templates that it fills, which
are called after it (``report.py`` fills ``templates/report.html.j2``).
"""

import ast
import hashlib
import os
import platform
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, NamedTuple

from bundle.digest import of_json
from pipeline.index import Index

ROOT = Path(__file__).parents[1]
FRONT = "pipeline"
"""The package that only gives names to the whole graph: what imports it from below does not depend on all of it."""
DISTRIBUTIONS = {
    "ai_edge_litert": "ai-edge-litert",
    "keras_tuner": "keras-tuner",
    "markdown_it": "markdown-it-py",
    "sklearn": "scikit-learn",
}
"""What the distribution of a library is called, where that is not its name: looking for it takes long."""
NEUTRAL = {"click", "luigi", "pydantic", "rich"}
"""Libraries that pass values on, and decide none."""
VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)
"""In what a distribution tells of itself, which is long, and takes longer to read as the mail that it is written as."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)
PARSED = f"code of Python {platform.python_version()}"


class Module(NamedTuple):
    """What is known of a module of ours: its digest, the modules of ours that it may import, and the libraries."""

    digest: str
    ours: list[str]
    libraries: set[str]


class Code:
    """The code of ours as it is now: each file is parsed once, and not at all where the index knows it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, dict[str, dict[str, str]]] = {}
        self._modules: dict[str, Module] = {}
        self._files: dict[str, Path | None] = {}
        self._folders: dict[str, bool] = {}
        self._bases = bases()

    def of(self, module: str) -> dict[str, dict[str, str]]:
        """What decides what ``module`` does: its closure as ``code``, and ``libraries`` with their versions.

        Raises:
            ModuleNotFoundError: there is no such module of ours.
        """
        if module not in self._known:
            modules = self.closure(module)
            self._known[module] = {"code": modules, "libraries": self.libraries(modules)}
        return self._known[module]

    def closure(self, module: str) -> dict[str, str]:
        """The digest of each module of ours that ``module`` reaches, by its name.

        Raises:
            ModuleNotFoundError: there is no such module of ours.
        """
        reached: dict[str, str] = {}
        waiting = [module]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached[name], ours, _ = self._read(name)
                waiting += ours
        return dict(sorted(reached.items()))

    def libraries(self, modules: dict[str, str]) -> dict[str, str]:
        """The installed version of each library that ``modules`` import and that can decide a result."""
        imported = set().union(*(self._read(module).libraries for module in modules))
        found = {name: _version(name) for name in sorted(imported)}
        return {name: version for name, version in found.items() if version}

    def changed(self, modules: dict[str, str]) -> float:
        """When one of the modules was last changed, in seconds since 1970."""
        return max(path.stat().st_ctime for path in map(self._file, modules) if path)

    def _read(self, module: str) -> Module:
        if module not in self._modules:
            path = self._file(module)
            if path is None:
                raise ModuleNotFoundError(f"no module of ours is called {module}")
            tree, written = self._index.learned(PARSED, path, _parse)
            package = module if path.stem == "__init__" else module.rpartition(".")[0]
            imported = {name for one in written for name in _with_parents(one, package)}
            tops = {name for name in imported if "." not in name and not self._file(name)}
            filled = {template.name: self._index.sha256(template) for template in templates(path)}
            self._modules[module] = Module(
                with_templates(tree, filled),
                [name for name in sorted(imported) if self._file(name)],
                tops - NEUTRAL - sys.stdlib_module_names - {FRONT},
            )
        return self._modules[module]

    def _file(self, module: str) -> Path | None:
        if module not in self._files:
            top = module.partition(".")[0]
            ours = module == top or self._file(top) or self._folder(top)
            self._files[module] = find(module, self._bases) if ours else None
        return self._files[module]

    def _folder(self, top: str) -> bool:
        if top not in self._folders:
            self._folders[top] = any((base / top).is_dir() for base in self._bases)
        return self._folders[top]


def bases() -> list[Path]:
    """The folders that modules of ours lie below."""
    return list(dict.fromkeys((ROOT, Path.cwd())))


def find(module: str, below: list[Path]) -> Path | None:
    """The file of a module of ours below one of the folders; None where it is another's, or the package's front."""
    inside = module.replace(".", "/")
    for base in below:
        for file in (f"{base}/{inside}.py", f"{base}/{inside}/__init__.py"):
            if module != FRONT and os.path.isfile(file):  # noqa: PTH113 - asked for each name that is imported
                return Path(file)
    return None


def templates(path: Path) -> list[Path]:
    """The templates that the module in the file ``path`` fills."""
    folder = path.parent / "templates"
    names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - asked for each module
    return sorted(folder / name for name in names if name.startswith(f"{path.stem}."))


def with_templates(tree: str, filled: dict[str, str]) -> str:
    """The digest of a module: that of its tree, and of each template's bytes by name, where it fills any."""
    return of_json([tree, filled]) if filled else tree


@cache
def of_text(text: bytes) -> tuple[str, list[str]]:
    """The digest of a module's syntax tree, and every name that it may import, as it is written there."""
    told, imported = written(ast.parse(text))
    return _sha256(told), sorted(set(imported))


def statements(text: bytes) -> list[ast.stmt]:
    """What a module says at its top, without its docstring."""
    return _without_docstring(ast.parse(text))


def of_tree(tree: ast.AST) -> str:
    """The digest of a syntax tree without docstrings."""
    return _sha256(written(tree)[0])


def written(tree: ast.AST) -> tuple[str, list[str]]:
    """The tree without docstrings, in the words of ``ast.dump`` but in a third of its time, and what it imports."""
    imported: list[str] = []

    def of_node(node: ast.AST) -> str:
        kind = type(node)
        if kind in IMPORTS:
            imported.extend(_imported(node))
        fields = []
        for name in kind._fields:
            value = getattr(node, name)
            if value is None and getattr(kind, name, ...) is None:
                continue
            if name == "body" and kind in DOCUMENTED:
                value = _without_docstring(node)
            fields.append(f"{name}={of_value(value)}")
        return f"{kind.__name__}({', '.join(fields)})"

    def of_value(value: Any) -> str:
        if isinstance(value, ast.AST):
            return of_node(value)
        if isinstance(value, list):
            return f"[{', '.join([of_value(one) for one in value])}]"
        return repr(value)

    return of_node(tree), imported


def _parse(path: Path) -> list[Any]:
    return list(of_text(path.read_bytes()))


def _with_parents(name: str, package: str) -> list[str]:
    """The absolute name of an import in ``package``, and of each package that it lies in."""
    parts = resolve_name(name, package).split(".") if name.startswith(".") else name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _imported(node: Any) -> list[str]:
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.Import):
        return names
    module = "." * node.level + (node.module or "")
    return [module, *(f"{module}.{name}" if node.module else module + name for name in names)]


def _without_docstring(node: Any) -> list[ast.stmt]:
    body: list[ast.stmt] = node.body
    return body if ast.get_docstring(node, clean=False) is None else body[1:] or [ast.Pass()]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _version(library: str) -> str | None:
    """The version of an installed library; None where it is not installed, so that nothing can come of it."""
    try:
        found = distribution(DISTRIBUTIONS.get(library, library))
    except PackageNotFoundError:
        names = packages_distributions().get(library)
        return version(names[0]) if names else None
    told = VERSION.search(found.read_text("METADATA") or "")
    return told[1] if told else found.version
