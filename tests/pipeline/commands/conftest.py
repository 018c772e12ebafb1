"""What the commands are asked about."""

import luigi
import pytest


@pytest.fixture(autouse=True)
def folders():
    """Folders that one test gives are not there for the next."""
    section = dict(luigi.configuration.get_config().items("plumbline"))
    yield
    for name, value in section.items():
        luigi.configuration.get_config().set("plumbline", name, value)
