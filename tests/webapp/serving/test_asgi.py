"""The application in front of another: ours are answered here, all others are handed on."""

import json

import pytest

from tests.webapp.serving.client import approve
from tests.webapp.serving.small import ROW
from webapp.serving.settings import Settings, SettingsError


async def behind(scope, receive, send):
    await send({"type": "http.response.start", "status": 299, "headers": [(b"x-behind", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": b"from behind"})


@pytest.mark.parametrize("path", ["/", "/admin/", "/api/v1/models", "/v1000", "/predictions", "/static/v1/models"])
def test_other_paths_are_handed_on(serve, path):
    answer = serve(django=behind).get(path)
    assert (answer.status, answer.body, answer.headers["x-behind"]) == (299, b"from behind", path)


def test_ours_are_not(serve, data):
    approve(data, 1)
    client = serve(django=behind)
    assert client.post("/v1/models/small:predict", {"instances": [ROW]}).status == 200
    assert client.get("/v1/nothing").status == 404


def test_alone_other_paths_are_not_found(serve):
    answer = serve().get("/admin/")
    assert answer.status == 404
    assert answer.error == "Nothing is at '/admin/'."


def test_every_answer_is_logged_under_its_identity_and_nothing_that_was_refused(serve, data):
    approve(data, 1)
    client = serve()
    answer = client.post("/v1/models/small:predict", {"instances": [ROW, ROW]})
    assert client.post("/v1/models/small:predict", {"instances": [{}]}).status == 400
    client.close()
    [path] = (data / "served" / "small").rglob("*.jsonl")
    [line] = [json.loads(line) for line in path.read_text().splitlines()]
    assert (line["ids"], line["rows"]) == ([answer.headers["x-prediction-id"]], [2])
    assert line["version"] == 1
    assert line["answers"]["probability"] == [row["probability"] for row in answer.json()["predictions"]]
    assert line["inputs"].keys() == ROW.keys()


def test_a_fault_of_ours_is_told_by_its_identity_alone(serve, data, monkeypatch, caplog):
    approve(data, 1)
    client = serve()

    def fail(columns):
        raise RuntimeError("the private reason")

    monkeypatch.setattr(client.app.follower.table.models["small"].versions[1], "_predict", fail)
    answer = client.post("/v1/models/small:predict", {"instances": [ROW]})
    assert answer.status == 500
    assert "private" not in answer.error
    assert answer.headers["x-prediction-id"] in answer.error
    assert answer.headers["x-prediction-id"] in caplog.text
    assert "the private reason" in caplog.text


def test_the_environment_gives_the_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("PLUMBLINE_DATA", str(tmp_path))
    monkeypatch.setenv("PLUMBLINE_MAX_ROWS", "5")
    settings = Settings.from_environment()
    assert (settings.models, settings.max_rows) == (tmp_path / "models", 5)
    monkeypatch.setenv("PLUMBLINE_MAX_ROWS", "many")
    with pytest.raises(SettingsError, match="PLUMBLINE_MAX_ROWS must be a whole number above zero, got 'many'"):
        Settings.from_environment()
