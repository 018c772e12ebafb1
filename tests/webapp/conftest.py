"""A published model, and the application that serves it."""

import shutil
import subprocess
import sys

import pytest

from tests.sample import REPOSITORY
from tests.webapp.serving.client import SECRET, Client, approve
from tests.webapp.serving.server import running
from webapp.serving.settings import Settings


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A data folder with three published versions; tests may read it, and change nothing."""
    data = tmp_path_factory.mktemp("published")
    command = [sys.executable, "-m", "tests.webapp.serving.small", str(data)]
    made = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return data


@pytest.fixture
def data(published, tmp_path):
    """A data folder of one's own: three versions, and none of them approved."""
    shutil.copytree(published / "models", tmp_path / "models")
    return tmp_path


@pytest.fixture
def serve(data):
    """Start the application on one's own data folder."""
    started = []

    def start(**options):
        limits = {name: options.pop(name) for name in list(options) if name in Settings.__dataclass_fields__}
        settings = Settings(**{"data": data, "secret": SECRET, "poll_seconds": 0.02, **limits})
        started.append(Client(settings, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def server(data):
    """The real server on one's own data folder, with version 1 live."""
    approve(data, 1)
    with running(data) as started:
        yield started
