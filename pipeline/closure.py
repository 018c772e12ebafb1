"""Which code, and which libraries, can change what a stage makes.

The code closure of a module is the module itself and every module of ours that it reaches through its imports, those
inside functions too. Each is digested by its syntax tree without comments and docstrings, so that only a change of
what runs is a change.
"""

import ast
import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("bundle", "pipeline")
DISTRIBUTIONS = {"sklearn": "scikit-learn", "keras_tuner": "keras-tuner", "ai_edge_litert": "ai-edge-litert"}
LIBRARIES = ("ai_edge_litert", "dask", "keras", "keras_tuner", "numpy", "pandas", "pyarrow", "sklearn", "tensorflow")


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
    return {name: version(DISTRIBUTIONS.get(name, name)) for name in LIBRARIES if name in tops}


@cache
def _file(module: str) -> Path | None:
    if module.partition(".")[0] not in OURS:
        return None
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else None


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
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(imported)


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
