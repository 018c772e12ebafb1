"""What the pipeline publishes is what the server answers with, to the last digit that the golden rows allow."""

import pytest

from bundle import digest, golden, manifest
from tests.webapp.serving.client import SECRET, Client, approve
from webapp.serving.settings import Settings

pytestmark = pytest.mark.slow


def test_a_published_version_answers_its_golden_rows(first_run, tmp_path):
    place, _ = first_run
    (tmp_path / "models").symlink_to(place.folder / "data" / "models")
    approve(tmp_path, 1, name="sample", served={1: digest.of_file(place.version / manifest.NAME)})
    known = golden.read(place.version)
    client = Client(Settings(tmp_path, SECRET))
    try:
        answer = client.post("/predict/sample", {"rows": known.rows})
    finally:
        client.close()
    for name, expected in known.answers.items():
        got = [row[name] for row in answer.json()["predictions"]]
        assert got == pytest.approx(expected, abs=known.tolerance)
