"""What runs again, in real runs of a graph of one's own: what has changed, all of it, and nothing else.

Nothing in the graph's modules declares what they depend on.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest

from tests import graph
from tests.conftest import Place
from tests.graph import STAGES, Graph, ran


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The graph after its first run."""
    made = graph.write(tmp_path_factory.mktemp("graph") / "first")
    done = made.run()
    assert ran(done) == STAGES, done.stderr
    return made


@pytest.fixture
def made(first, tmp_path):
    """A copy of it, in another place and with other times."""
    shutil.copytree(first.folder, tmp_path / "copy", copy_function=shutil.copyfile)
    return Graph(tmp_path / "copy")


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def overwrite(path, content):
    """Write other bytes, and put the time of change back."""
    status = path.stat()
    assert content != path.read_bytes()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


CHANGES = {
    "the body of a stage": (
        lambda made: change(made.module("lines"), "join(lines)", "join(reversed(lines))"),
        ["Lines", "Count"],
    ),
    "a helper in the same module": (
        lambda made: change(made.module("lines"), "bool(line.strip())", "'T' in line"),
        ["Lines", "Count", "Told"],
    ),
    "a helper that makes the same of it": (
        lambda made: change(made.module("lines"), "bool(line.strip())", "len(line.strip()) > 0"),
        ["Lines"],
    ),
    "a helper in a module that a module reaches": (
        lambda made: change(made.module("letters"), "lower", "upper"),
        ["Lines", "Count", "Told"],
    ),
    "raw bytes of the same size and time": (
        lambda made: overwrite(made.raw, made.raw.read_bytes().replace(b"Heathrow", b"Schiphol")),
        ["Lines", "Count"],
    ),
    "a setting that one stage reads": (lambda made: change(made.problem, "seed = 2013", "seed = 7"), ["Count"]),
    "a setting of the last stage": (lambda made: change(made.problem, 'title = "', 'title = "Oh: '), ["Told"]),
    "a folder that is gone": (lambda made: shutil.rmtree(made.result("Count")), ["Count"]),
    "a receipt that is cut in half": (
        lambda made: os.truncate(made.result("Told") / "receipt.json", 100),
        ["Told"],
    ),
}
DAMAGES = [
    lambda content: os.urandom(len(content)),
    lambda _: b"",
    lambda content: content[: len(content) // 2],
    lambda _: os.urandom(50),
]


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_runs_again_and_what_follows_where_its_bytes_differ(made, what):
    make, expected = CHANGES[what]
    make(made)
    done = made.run()
    assert done.returncode == 0, done.stderr
    assert ran(done) == expected


@pytest.mark.parametrize("damages", [DAMAGES, DAMAGES[::-1]], ids=["one way", "the other way"])
def test_case_30_what_is_not_what_was_made_is_made_again(made, damages):
    """Garbage of the same size, nothing, a half and garbage; the times of change stay as they were."""
    assert ran(made.run()) == []  # what is there is known by now
    before = graph.contents(made.data)
    lines, count, told = (made.result(stage) for stage in STAGES)
    files = [lines / "lines", count / "count", count / "more" / "longest", told / "told"]
    for path, damage in zip(files, damages, strict=True):
        overwrite(path, damage(path.read_bytes()))
    done = made.run()
    assert done.returncode == 0, done.stderr
    assert ran(done) == STAGES
    for path in files:
        assert f"{path.name} is not the file that was made" in done.stderr
    assert graph.contents(made.data) == before


def test_what_means_the_same_is_no_change(made):
    change(made.module("lines"), "def says(line):", "def says(\n    line,\n):\n    '''Something.'''\n    # or nothing")
    change(made.module("letters"), "\ndef", '"""Letters."""\n\n\n\ndef')
    change(made.problem, "epochs = 2", "epochs = 5")  # which no stage of these reads
    text = made.problem.read_text()
    seed, table = "seed = 2013\n", 'table = "flights"\n'
    assert seed + table in text
    made.problem.write_text("# What is this?\n" + text.replace(seed + table, table + seed))
    for path in made.folder.rglob("*"):
        path.touch()
    assert ran(made.run()) == []
    made.data.rename(made.folder / "elsewhere")
    assert ran(made.run("--plumbline-data", str(made.folder / "elsewhere"))) == []


def test_another_version_of_a_library_is_a_change_for_who_imports_it(made):
    change(made.module("counting"), "from pipeline", "import tiny\nfrom pipeline")
    made = replace(made, environment={"PYTHONPATH": f"{made.options()['env']['PYTHONPATH']}:{made.folder / 'site'}"})
    for version, expected in (("1.0", ["Count"]), ("1.0", []), ("1.1", ["Count"])):
        install(made.folder, version)
        done = made.run()
        assert done.returncode == 0, done.stderr
        assert ran(done) == expected


@pytest.mark.slow
def test_a_changed_requirement_is_validated_and_published_and_nothing_more(first_run, tmp_path):
    whole, _ = first_run
    copy = Place(shutil.copytree(whole.folder, tmp_path / "copy", copy_function=shutil.copyfile))
    assert ran(copy.run()) == []
    change(copy.problem, "min = 0.67", "min = 0.66")
    done = copy.run()
    assert done.returncode == 0, done.stderr
    assert ran(done) == ["Validate", "Publish"]
    assert copy.version.with_name("2").is_dir()


@pytest.mark.slow
def test_what_people_say_is_published_and_nothing_more(first_run, tmp_path):
    whole, _ = first_run
    copy = Place(shutil.copytree(whole.folder, tmp_path / "copy", copy_function=shutil.copyfile))
    [said] = [line for line in copy.problem.read_text().splitlines() if line.startswith("uses = ")]
    change(copy.problem, said, 'uses = "The *evening shift* asks it."')
    done = copy.run()
    assert done.returncode == 0, done.stderr
    assert ran(done) == ["Publish"]
    second = copy.version.with_name("2") / "assets.extra"
    assert "\nThe *evening shift* asks it.\n" in (second / "card.md").read_text()
    assert "<p>The <em>evening shift</em> asks it.</p>" in (second / "report.html").read_text()
    change(copy.problem, "min = 0.67", "min = 0.66")
    assert copy.run().returncode == 0
    assert "\nThe *evening shift* asks it.\n" in (copy.version.with_name("3") / "assets.extra/card.md").read_text()


def install(folder, version):
    """Install a package of one empty module into ``folder/site``."""
    shutil.rmtree(folder / "site", ignore_errors=True)
    wheel = folder / f"tiny-{version}-py3-none-any.whl"
    about = f"tiny-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/__init__.py", "")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", folder / "site"]
    subprocess.run([*pip, wheel], check=True, capture_output=True)
