"""What the commands are asked about."""

import shutil
from contextlib import contextmanager

import luigi
import pytest

from pipeline import run
from tests.pipeline.commands.small import Small


@pytest.fixture(autouse=True)
def folders():
    """Folders that one test gives are not there for the next."""
    with configured():
        yield


@contextmanager
def configured():
    """Leave the configuration as it was."""
    section = dict(luigi.configuration.get_config().items("plumbline"))
    yield
    for name, value in section.items():
        luigi.configuration.get_config().set("plumbline", name, value)


@pytest.fixture
def unmade(tmp_path, monkeypatch):
    """A small graph of a user's own, in the current folder, of which nothing is made yet."""
    place = Small(tmp_path)
    place.write()
    place.enter(monkeypatch)
    yield place
    run.end()


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """The same, made to its end, for all tests to copy."""
    place = Small(tmp_path_factory.mktemp("small"))
    place.write()
    with configured(), pytest.MonkeyPatch.context() as patch:
        place.enter(patch)
        place.make()
    return place


@pytest.fixture
def small(once, tmp_path, monkeypatch):
    """A copy of it: what is true there is true here."""
    shutil.copytree(once.folder, tmp_path, dirs_exist_ok=True)
    place = Small(tmp_path)
    place.enter(monkeypatch)
    yield place
    run.end()
