"""What gunicorn is told: numbers that are some."""

import os
import subprocess

import pytest

from tests.conftest import BIN
from tests.sample import REPOSITORY


@pytest.mark.parametrize("name", ["WORKERS", "TIMEOUT", "GRACEFUL_TIMEOUT", "KEEPALIVE", "MAX_REQUESTS"])
def test_a_variable_that_must_be_a_number_and_is_none_is_named(tmp_path, name):
    environment = os.environ | {f"PLUMBLINE_{name}": "two", "PLUMBLINE_SHARED": str(tmp_path)}
    command = [str(BIN / "gunicorn"), "--check-config"]
    asked = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert asked.returncode
    assert f"PLUMBLINE_{name} must be a whole number, got 'two'" in asked.stderr
