"""Disks that are full, may not be written to, or fail: one message that names the folder, and nothing half.

A run after it ends as if nothing had been.

The small disks are mounted, and so need root; the failing ones are made by libfiu (``apt install fiu-utils``), which
fails every call or some at random, and by ``nth.c`` (``apt install gcc``), which fails the Nth.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline import receipts
from tests import graph
from tests.conftest import RUNNING
from tests.graph import ran

pytestmark = pytest.mark.slow

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a disk")
PAGE = 4096


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The content of every result of the small graph."""
    made = graph.write(tmp_path_factory.mktemp("graph") / "undisturbed")
    assert made.run().returncode == 0
    return graph.contents(made.data)


@pytest.fixture
def made(tmp_path):
    """The small graph, and nothing made yet."""
    return graph.write(tmp_path / "graph")


@pytest.fixture
def disk(tmp_path):
    """Mounts a disk of its own at a folder, and changes it."""
    mounted = []

    def mount(folder, options):
        if folder not in mounted:
            folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if folder in mounted:
            command = ["mount", "-o", f"remount,{options}", folder]
        subprocess.run(command, check=True)
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", folder], check=True)


def refuses(done, data, named=None):
    """The one message for a person that a run ended with, which names the folder; nothing half is visible in it."""
    assert done.returncode in (30, 35), done.stderr
    assert "Traceback" not in done.stderr
    [told] = [line for line in done.stderr.splitlines() if re.search("Disk full|must (be|work)", line)]
    assert str(named or data) in told
    graph.contents(data)
    assert not list(data.glob("code/.*"))
    return told


def recovers(made, undisturbed):
    done = made.run()
    assert done.returncode == 0, done.stderr
    assert graph.contents(made.data) == undisturbed
    assert not list((made.data / "sample").rglob(".*"))


def fiu(fault):
    """What starts a command with a fault in the calls that it makes of the system."""
    threads = "JE_ARROW_MALLOC_CONF=background_thread:false"  # a thread that allocates while a library is loaded
    return ("env", threads, "fiu-run", "-x", "-f", "", "-c", fault)


FEW_PAGES = [0, 16]
FEW_FILES = [12]


@needs_root
@pytest.mark.parametrize(
    "pages", [pages if pages in FEW_PAGES else pytest.param(pages, marks=pytest.mark.exhaustive) for pages in range(32)]
)
def test_case_27_full_disk(made, disk, undisturbed, pages):
    disk(made.data, f"size={(1 + pages) * PAGE}")  # no disk is smaller than a page
    (made.data / "other").write_bytes(bytes(PAGE))
    told = refuses(made.run(), made.data)
    assert f"Disk full at {made.data}" in told
    assert f" of {(1 + pages) * PAGE / 1000:.3g} kB" in told
    (made.data / "other").unlink()
    disk(made.data, "size=1m")
    recovers(made, undisturbed)


@needs_root
@pytest.mark.parametrize(
    "files",
    [files if files in FEW_FILES else pytest.param(files, marks=pytest.mark.exhaustive) for files in range(2, 35)],
)
def test_no_more_files_on_the_disk(made, disk, undisturbed, files):
    disk(made.data, f"size=1m,nr_inodes={files}")
    assert f"0 of {files} files are free" in refuses(made.run(), made.data)
    disk(made.data, "nr_inodes=1000")
    recovers(made, undisturbed)


@needs_root
def test_case_29_read_only_disk(made, disk, undisturbed):
    disk(made.data, "size=1m")
    disk(made.data, "ro")
    assert "Read-only file system" in refuses(made.run(), made.data)
    disk(made.data, "rw")
    recovers(made, undisturbed)
    disk(made.data, "ro")
    done = made.run()
    assert done.returncode == 0, done.stderr
    assert ran(done) == []


@needs_root
def test_case_29_folder_of_another_user(made, undisturbed):
    made.data.mkdir()
    os.chown(made.data, 12345, 12345)
    without = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # what lets root write everywhere
    assert "it belongs to user 12345" in refuses(made.run(before=without), made.data)
    assert not list(made.data.iterdir())
    os.chown(made.data, 0, 0)
    recovers(made, undisturbed)


def test_case_29_file_in_the_place_of_the_folder(made, undisturbed):
    made.data.write_text("")
    refuses(made.run(), made.data)
    made.data.unlink()
    recovers(made, undisturbed)


@pytest.mark.parametrize(
    ("call", "number", "words"),
    [
        ("io/dir/rename", 28, "Disk full"),
        ("io/sync/fsync", 5, "must work, and it failed"),
        ("io/rw/ftruncate", 5, "must work, and it failed"),
    ],
)
def test_a_disk_that_fails_when_a_result_is_to_appear(made, undisturbed, call, number, words):
    done = made.run(before=fiu(f"enable name=posix/{call},failinfo={number}"))
    assert words in refuses(done, made.data)
    assert not list(made.data.rglob(f"[!.]*/{receipts.NAME}"))
    recovers(made, undisturbed)


@pytest.mark.parametrize("attempt", [0, *(pytest.param(one, marks=pytest.mark.exhaustive) for one in range(1, 50))])
def test_a_disk_that_fails_now_and_then(made, undisturbed, attempt):
    done = made.run(before=fiu("enable_random name=posix/io/sync/fsync,probability=0.08,failinfo=5"))
    if done.returncode:
        assert "must work, and it failed" in refuses(done, made.data)
    recovers(made, undisturbed)


@pytest.fixture(scope="module")
def nth(tmp_path_factory):
    """What starts a command, of whose calls on the files below a folder the Nth fails; and how many it made."""
    folder = tmp_path_factory.mktemp("nth")
    library, counter = folder / "nth.so", folder / "counter"
    source = Path(__file__).parent / "nth.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)

    def start(data, call, number, error):
        counter.write_bytes(bytes(8))
        told = {"CALL": call, "ERRNO": error, "FOLDER": data, "COUNTER": counter}
        return (
            "env",
            f"LD_PRELOAD={library}",
            f"NTH={number}",
            *(f"NTH_{name}={value}" for name, value in told.items()),
        )

    return start, lambda: int.from_bytes(counter.read_bytes(), "little")


FEW_CALLS = [
    ("write", 1, 5),
    ("write", 10, 28),
    ("write", 40, 5),
    ("rename", 1, 28),
    ("rename", 12, 5),
    ("fsync", 9, 5),
]
CALLS = [(call, number, error) for call in ("write", "rename", "fsync") for error in (5, 28) for number in range(1, 60)]


@pytest.mark.parametrize(
    ("call", "number", "error"),
    [*FEW_CALLS, *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in CALLS if one not in FEW_CALLS)],
)
def test_a_disk_that_fails_once(made, nth, undisturbed, call, number, error):
    start, calls = nth
    done = made.run(before=start(made.data, call, number, error))
    if done.returncode:
        assert calls() >= number
        assert ("must work, and it failed" if error == 5 else "Disk full") in refuses(done, made.data)
    else:  # there are fewer calls, or what failed is not needed: the index, the events
        assert graph.contents(made.data) == undisturbed
    recovers(made, undisturbed)


def test_a_disk_that_takes_less_at_a_time_than_it_is_given(made, undisturbed):
    done = made.run(before=fiu("enable_random name=posix/io/rw/write/reduce,probability=0.3"))
    assert done.returncode == 0, done.stderr
    assert graph.contents(made.data) == undisturbed


STAGES = ["Features", "Split", "Encode", "Tune", "Train", "Baseline", "Evaluate", "Compare", "Validate", "Publish"]


@needs_root
@pytest.mark.parametrize(
    "stage",
    [stage if stage == "Train" else pytest.param(stage, marks=pytest.mark.exhaustive) for stage in STAGES],
)
def test_case_27_full_disk_in_a_stage_of_a_whole_run(first_run, tmp_path, disk, stage):
    whole, _ = first_run
    data = tmp_path / "data"
    disk(data, "size=200m")
    made = shutil.copytree(whole.folder / "data", data, dirs_exist_ok=True)
    home = data / "models" if stage == "Publish" else data / "sample" / stage.lower()
    before = graph.contents(data)
    shutil.rmtree(home)
    used = sum(path.lstat().st_blocks * 512 for path in made.rglob("*"))
    disk(data, f"size={used + PAGE}")
    command = whole.command("--plumbline-data", str(data), task=stage)
    done = subprocess.run(command, **RUNNING, capture_output=True, check=False)
    assert f"Disk full at {home}" in refuses(done, data)
    disk(data, "size=200m")
    done = subprocess.run(command, **RUNNING, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    if stage != "Publish":
        assert graph.contents(data) == before
