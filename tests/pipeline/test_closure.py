"""The closure changes with what runs, and with nothing else."""

import pytest

from pipeline import closure


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A small package of three modules in place of ours; ``write`` changes one and forgets what was read."""
    monkeypatch.setattr(closure, "ROOT", tmp_path)
    (tmp_path / "pipeline").mkdir()

    def write(name, text):
        (tmp_path / "pipeline" / f"{name}.py").write_text(text)
        forget()

    def forget():
        for cached in (closure.closure, closure._read, closure._file):
            cached.cache_clear()

    write("stage", '"""A stage."""\nfrom pipeline import helper\n\ndef run():\n    return helper.one()\n')
    write("helper", "def one():\n    from pipeline.deep import two\n    return two() - 1\n")
    write("deep", "import numpy\n\ndef two():\n    return 2\n")
    write("other", "def three():\n    return 3\n")
    yield write
    forget()


def test_it_works(code):
    assert list(closure.closure("pipeline.stage")) == ["pipeline.deep", "pipeline.helper", "pipeline.stage"]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("stage", "from pipeline import helper\n\ndef run():\n    return helper.one() + 1\n"),
        ("helper", "def one():\n    from pipeline.deep import two\n    return two() - 2\n"),
        ("deep", "import numpy\n\ndef two():\n    return 2.0\n"),
    ],
)
def test_a_change_of_what_runs_is_a_change(code, module, text):
    before = closure.closure("pipeline.stage")
    code(module, text)
    after = closure.closure("pipeline.stage")
    assert {name for name in before if before[name] != after[name]} == {f"pipeline.{module}"}


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("deep", "# a comment\nimport numpy\n\n\n\ndef two():\n    '''Two.'''\n    return (2)\n"),
        ("other", "def three():\n    return 33\n"),
    ],
)
def test_a_comment_a_docstring_formatting_and_code_that_is_not_reached_are_none(code, module, text):
    before = closure.closure("pipeline.stage")
    code(module, text)
    assert closure.closure("pipeline.stage") == before


def test_a_template_is_part_of_the_module_that_fills_it(code, tmp_path):
    before = closure.closure("pipeline.stage")
    (tmp_path / "pipeline" / "templates").mkdir()
    (tmp_path / "pipeline" / "templates" / "helper.html.j2").write_text("<p>")
    closure.closure.cache_clear()
    closure._read.cache_clear()
    after = closure.closure("pipeline.stage")
    assert {name for name in before if before[name] != after[name]} == {"pipeline.helper"}


def test_the_libraries_are_those_that_are_imported(code):
    assert list(closure.libraries(closure.closure("pipeline.stage"))) == ["numpy"]
    assert closure.libraries(closure.closure("pipeline.other")) == {}


def test_every_stage_reaches_its_own_module_and_has_the_versions_of_what_it_uses():
    reached = closure.closure("pipeline.train")
    assert {"pipeline.train", "pipeline.network", "pipeline.expressions", "bundle.model"} <= set(reached)
    assert {"tensorflow", "keras", "numpy", "pandas"} <= set(closure.libraries(reached))
