"""Which code, and which libraries, can change what a stage makes.

The code closure of a module is the module itself and every module of ours that it reaches through its imports, those
inside functions too. Ours is what lies in this repository or in the current folder. Each is digested by its syntax tree
without comments and docstrings, so that only a change of what runs is a change; with the templates that it fills, which
are called after it (``report.py`` fills ``templates/report.html.j2``).
"""

import ast
import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
FRONT = "pipeline"
"""The package that only gives names to the whole graph: what imports it from below does not depend on all of it."""
DISTRIBUTIONS = {"sklearn": "scikit-learn", "keras_tuner": "keras-tuner", "ai_edge_litert": "ai-edge-litert"}
LIBRARIES = (
    "ai_edge_litert",
    "dask",
    "keras",
    "keras_tuner",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "tensorflow",
)


@cache
def closure(module: str) -> dict[str, str]:
    """The digest of each module of ours that ``module`` reaches, by its name."""
    reached: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            digest, imported = _read(name)
            reached[name] = digest
            waiting += [other for other in imported if _file(other)]
    return dict(sorted(reached.items()))


def libraries(modules: dict[str, str]) -> dict[str, str]:
    """The installed version of each library that decides results and is imported by ``modules``."""
    tops = {name.partition(".")[0] for module in modules for name in _read(module)[1]}
    return {name: _version(name) for name in LIBRARIES if name in tops}


@cache
def _version(library: str) -> str:
    return version(DISTRIBUTIONS.get(library, library))


@cache
def _file(module: str) -> Path | None:
    for base in (ROOT, Path.cwd()):
        path = base.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if module != FRONT and file.is_file():
                return file
    return None


@cache
def _read(module: str) -> tuple[str, tuple[str, ...]]:
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(f"no module of ours is called {module}")
    tree = ast.parse(path.read_bytes())
    imported = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    parents = [name.rpartition(".")[0] for name in imported]
    digest = hashlib.sha256(ast.dump(tree).encode())
    for template in sorted((path.parent / "templates").glob(f"{path.stem}.*")):
        digest.update(template.read_bytes())
    return digest.hexdigest(), tuple(filter(None, [*imported, *parents]))


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
