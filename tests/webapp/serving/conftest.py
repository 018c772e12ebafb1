"""The application, for tests that only ask."""

import pytest

from tests.webapp.serving.client import SECRET, Client, approve
from webapp.serving.settings import Settings


@pytest.fixture(scope="session")
def client(published, tmp_path_factory):
    """Version 2 live and version 1 served as stable, for all tests that only ask."""
    data = tmp_path_factory.mktemp("asked")
    (data / "models").symlink_to(published / "models")
    approve(data, 2, 1, labels={"stable": 1, "ünï cödé": 2})
    started = Client(Settings(data, SECRET, max_bytes=1_000_000, max_rows=1000))
    yield started
    started.close()
