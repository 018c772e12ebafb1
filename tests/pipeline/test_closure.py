"""The closure changes with what runs, and with nothing else."""

import ast
import shutil
import time
from pathlib import Path

import pytest

from pipeline import closure, tasks
from pipeline.closure import Code
from pipeline.index import Index

NOWHERE = Path("/nowhere")


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A small package of three modules in place of ours; ``write`` changes one and forgets what was read."""
    monkeypatch.setattr(closure, "ROOT", tmp_path)
    (tmp_path / "pipeline").mkdir()

    def write(name, text):
        (tmp_path / "pipeline" / f"{name}.py").write_text(text)

    write("stage", '"""A stage."""\nfrom pipeline import helper\n\ndef run():\n    return helper.one()\n')
    write("helper", "def one():\n    from pipeline.deep import two\n    return two() - 1\n")
    write("deep", "import numpy\n\ndef two():\n    return 2\n")
    write("other", "def three():\n    return 3\n")
    return write


def reached(module):
    """The closure as a new run sees it."""
    return Code(Index(NOWHERE)).closure(module)


def libraries(module):
    """The libraries as a new run sees them."""
    return Code(Index(NOWHERE)).of(module)["libraries"]


def test_it_works(code):
    assert list(reached("pipeline.stage")) == ["pipeline.deep", "pipeline.helper", "pipeline.stage"]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("stage", "from pipeline import helper\n\ndef run():\n    return helper.one() + 1\n"),
        ("helper", "def one():\n    from pipeline.deep import two\n    return two() - 2\n"),
        ("deep", "import numpy\n\ndef two():\n    return 2.0\n"),
    ],
)
def test_a_change_of_what_runs_is_a_change(code, module, text):
    before = reached("pipeline.stage")
    code(module, text)
    after = reached("pipeline.stage")
    assert {name for name in before if before[name] != after[name]} == {f"pipeline.{module}"}


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("deep", "# a comment\nimport numpy\n\n\n\ndef two():\n    '''Two.'''\n    return (2)\n"),
        ("other", "def three():\n    return 33\n"),
    ],
)
def test_a_comment_a_docstring_formatting_and_code_that_is_not_reached_are_none(code, module, text):
    before = reached("pipeline.stage")
    code(module, text)
    assert reached("pipeline.stage") == before


def test_a_template_is_part_of_the_module_that_fills_it(code, tmp_path):
    before = reached("pipeline.stage")
    (tmp_path / "pipeline" / "templates").mkdir()
    (tmp_path / "pipeline" / "templates" / "helper.html.j2").write_text("<p>")
    after = reached("pipeline.stage")
    assert {name for name in before if before[name] != after[name]} == {"pipeline.helper"}


@pytest.mark.parametrize(
    "imported",
    ["from . import deep", "from .deep import two", "import pipeline.deep as d", "from pipeline import deep"],
)
def test_however_a_module_is_imported_it_is_reached(code, imported):
    code("stage", f"{imported}\n\ndef run():\n    return 1\n")
    assert list(reached("pipeline.stage")) == ["pipeline.deep", "pipeline.stage"]


@pytest.mark.parametrize(
    "path", [*Path(closure.__file__).parent.rglob("*.py"), Path(ast.__file__)], ids=lambda path: path.stem
)
def test_a_tree_is_written_as_python_itself_does(path):
    tree = ast.parse(path.read_bytes())
    told, _ = closure.written(tree)
    for node in ast.walk(tree):
        if isinstance(node, closure.DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    assert told == ast.dump(tree)


def test_what_the_index_knows_is_not_parsed_again_and_a_change_is_seen(code, tmp_path):
    before = Code(Index(tmp_path)).closure("pipeline.stage")
    time.sleep(0.1)
    assert Code(Index(tmp_path)).closure("pipeline.stage") == before
    (tmp_path / "pipeline" / "deep.py").rename(tmp_path / "kept")
    code("deep", "import numpy\n\ndef two():\n    return 3\n")
    shutil.copystat(tmp_path / "kept", tmp_path / "pipeline" / "deep.py")
    after = Code(Index(tmp_path)).closure("pipeline.stage")
    assert {name for name in before if before[name] != after[name]} == {"pipeline.deep"}


def test_the_libraries_are_those_that_are_imported(code):
    assert list(libraries("pipeline.stage")) == ["numpy"]
    assert libraries("pipeline.other") == {}


def test_every_stage_reaches_its_own_module_and_has_the_versions_of_what_it_uses():
    assert {"pipeline.train", "pipeline.network", "pipeline.expressions", "bundle.model"} <= set(
        reached("pipeline.train")
    )
    assert {"tensorflow", "keras", "numpy", "pandas"} <= set(libraries("pipeline.train"))


def test_no_stage_has_to_look_for_the_distribution_of_a_library(monkeypatch):
    monkeypatch.setattr(closure, "packages_distributions", lambda: pytest.fail("it takes long"))
    closure._version.cache_clear()
    for stage in (tasks.Collect, tasks.Encode, tasks.Tune, tasks.Train, tasks.Evaluate, tasks.Publish):
        assert libraries(stage.function.partition(":")[0])
