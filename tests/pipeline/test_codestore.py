"""The code that made things can be read, and compared by function, after it has changed."""

import shutil

import pytest

from pipeline import codestore
from pipeline.codestore import Source
from pipeline.run import Run

TEXT = b'''"""A module."""
import math

LIMIT = 3


def one(x):
    """One."""
    return x


@staticmethod
class Two:
    value: int = 2
'''


def of(text):
    return Source(text, {}).definitions()


def changed(text):
    before, after = of(TEXT), of(text)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_it_works(tmp_path):
    modules = Run(tmp_path, "").code.of("pipeline.report")["code"]
    codestore.keep(tmp_path, modules)
    for module, digest in modules.items():
        kept = codestore.read(tmp_path, digest)
        assert kept == codestore.now(module)
        assert kept.digest() == digest, "recomputed from what is kept, it is what receipts say"
    assert "report.html.j2" in codestore.read(tmp_path, modules["pipeline.report"]).templates
    assert codestore.broken(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (b"LIMIT = 3", b"LIMIT = 4", {"LIMIT"}),
        (b"return x", b"return -x", {"one"}),
        (b"@staticmethod\n", b"", {"Two"}),
        (b"import math", b"import os", {codestore.MODULE}),
        (b"def one", b"def uno", {"one", "uno"}),
        (b'"""One."""', b"# one", set()),
    ],
)
def test_each_definition_has_a_digest_of_its_own(old, new, names):
    assert changed(TEXT.replace(old, new)) == names


def test_a_template_is_told_by_its_name(tmp_path):
    digests = []
    for page in (b"<p>", b"<b>"):
        source = Source(TEXT, {"page.html.j2": page})
        digests.append(source.digest())
        folder = tmp_path / codestore.NAME
        folder.mkdir(exist_ok=True)
        (folder / f"{digests[-1]}.py").write_bytes(TEXT)
        (folder / f"{digests[-1]}.page.html.j2").write_bytes(page)
    [change] = codestore.changes(tmp_path, {"page": digests[0]}, {"page": digests[1]})
    assert (change.what, change.kind) == ("page.page.html.j2", "changed")


def test_code_that_was_never_kept_is_told_by_its_module(tmp_path):
    [change] = codestore.changes(tmp_path, {"pipeline.clean": "0" * 64}, {"pipeline.clean": "1" * 64})
    assert (change.what, change.kind) == ("pipeline.clean", "changed")


def test_an_entry_that_is_not_the_code_of_its_name_is_found_and_not_believed(tmp_path):
    modules = Run(tmp_path, "").code.of("pipeline.seeds")["code"]
    codestore.keep(tmp_path, modules)
    digest = modules["pipeline.seeds"]
    entry = tmp_path / codestore.NAME / f"{digest}.py"
    entry.write_text(entry.read_text() + "\nmore = 1\n")
    assert codestore.broken(tmp_path) == [f"code/{digest}.py"]
    [change] = codestore.changes(tmp_path, {"pipeline.seeds": digest}, {"pipeline.seeds": "0" * 64})
    assert change.name == ""


def test_what_no_receipt_names_is_told(tmp_path):
    modules = Run(tmp_path, "").code.of("pipeline.seeds")["code"]
    codestore.keep(tmp_path, modules)
    assert codestore.besides(tmp_path, set(modules.values())) == []
    assert [path.suffix for path in codestore.besides(tmp_path, set())] == [".py"] * len(modules)
    shutil.rmtree(tmp_path / codestore.NAME)
    assert codestore.besides(tmp_path, set()) == []
