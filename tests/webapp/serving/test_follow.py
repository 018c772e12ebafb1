"""Following the pointers: what is approved answers, and nothing else ever does."""

import gc
import shutil
import subprocess
import sys
import threading
import time
import weakref

import pytest

from tests.sample import REPOSITORY
from tests.webapp.serving.client import approve, manifest_digest, rewrite_golden, until
from tests.webapp.serving.small import NAME, PROBABILITY, ROW
from webapp import pointer
from webapp.serving import status
from webapp.serving.version import Served

PREDICT = "/v1/models/small:predict"
READY = "/v2/health/ready"


def ask(client):
    return client.post(PREDICT, {"instances": [ROW]})


def live(client):
    """The version that answers, which must be the one that the reply names."""
    answer = ask(client)
    if answer.status != 200:
        return None
    version = int(answer.headers["x-plumbline-version"])
    assert answer.json()["predictions"][0]["probability"] == PROBABILITY[version]
    return version


def fault(client):
    return client.app.follower.table.faults.get(NAME)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_nothing_answers_before_an_approval(serve):
    client = serve()
    answer = ask(client)
    assert answer.status == 404
    assert "No version of small is approved yet" in answer.error
    assert client.get(READY).status == 200


def test_an_approval_is_seen_within_a_second(serve, data):
    client = serve(poll_seconds=0.5)
    started = time.monotonic()
    approve(data, 1)
    until(lambda: live(client) == 1)
    assert time.monotonic() - started < 1


def test_what_was_approved_before_the_start_answers_at_once(serve, data):
    approve(data, 3)
    assert live(serve()) == 3


def test_what_an_earlier_secret_signed_answers_where_that_is_named(serve, data):
    approve(data, 1, secret="earlier")
    assert live(serve(earlier=("earlier",))) == 1
    assert live(serve()) is None


def test_a_withdrawn_model_answers_no_more(serve, data):
    approve(data, 1)
    client = serve()
    pointer.withdraw(data / "serving", NAME)
    until(lambda: ask(client).status == 404)


def test_a_roll_back_and_a_second_version(serve, data):
    approve(data, 2)
    client = serve()
    approve(data, 1, 2, sequence=2, labels={"newest": 2})
    until(lambda: live(client) == 1)
    answer = client.post("/v1/models/small/labels/newest:predict", {"instances": [ROW]})
    assert answer.headers["x-plumbline-version"] == "2"


def test_the_old_version_is_freed(serve, data):
    approve(data, 1)
    client = serve()
    old = weakref.ref(client.app.follower.table.models[NAME].versions[1])
    approve(data, 2, sequence=2)
    until(lambda: live(client) == 2)
    until(lambda: gc.collect() >= 0 and old() is None)


@pytest.mark.parametrize(
    "name", ["saved_model.pb", "assets.extra/model.tflite", "assets.extra/golden.json", "assets.extra/manifest.json"]
)
def test_case_47_a_changed_file_never_goes_live(serve, data, name):
    approve(data, 1)
    client = serve()
    approved = {2: manifest_digest(data, 2)}
    flip(data / "models" / NAME / "2" / name)
    approve(data, 2, sequence=2, served=approved)
    until(lambda: fault(client))
    assert live(client) == 1
    assert client.get(READY).status == 200
    [told] = until(lambda: [one for one in status.read(data / "serving") if one.fault])  # is shown after the look
    assert (told.live, told.sequence, told.fault) == (1, 1, fault(client))


def test_case_47_another_bundle_in_its_place_never_goes_live(serve, data):
    approve(data, 1)
    client = serve()
    approve(data, 2, sequence=2, served={2: "0" * 64})
    assert "must be the one that was approved (000000000000)" in until(lambda: fault(client))
    assert live(client) == 1


@pytest.mark.parametrize("how", ["forged", "half", "old", "unsigned"])
def test_a_pointer_that_nobody_may_follow_changes_nothing(serve, data, how):
    approve(data, 1, sequence=5)
    client = serve()
    path = data / "serving" / "small.json"
    if how == "forged":
        approve(data, 2, sequence=6, secret="another")
    elif how == "old":
        approve(data, 2, sequence=4)
    else:
        path.write_bytes(path.read_bytes()[:100] if how == "half" else b'{"name": "small", "live": 2}')
    until(lambda: fault(client))
    assert live(client) == 1
    approve(data, 3, sequence=7)
    until(lambda: live(client) == 3)
    assert fault(client) is None


def test_case_49_wrong_golden_answers_never_go_live(serve, data):
    approve(data, 1)
    client = serve()
    rewrite_golden(data / "models" / NAME / "2", lambda golden: golden["answers"]["probability"].__setitem__(0, 0.9))
    approve(data, 2, sequence=2)
    assert "golden row 0 must have the probability 0.9" in until(lambda: fault(client))
    assert live(client) == 1


def test_case_49_a_version_that_hangs_never_goes_live(serve, data, monkeypatch):
    approve(data, 1)
    client = serve(load_seconds=0.2)
    held = threading.Event()
    load = Served.__init__

    def hang(self, folder, name, number, sha256):
        held.wait(10)
        load(self, folder, name, number, sha256)

    monkeypatch.setattr(Served, "__init__", hang)
    approve(data, 2, sequence=2)
    assert "must load within 0.2 s" in until(lambda: fault(client))
    assert live(client) == 1
    held.set()


def test_case_46_files_that_go_while_serving(serve, data):
    approve(data, 1)
    client = serve()
    approve(data, 2, sequence=2)
    until(lambda: live(client) == 2)
    shutil.rmtree(data / "models" / NAME / "2")
    told = until(lambda: client.get(READY).json().get("degraded"))
    assert told == {"small": ["2/assets.extra/manifest.json", "2/assets.extra/model.tflite"]}
    assert live(client) == 2

    restarted = serve()
    assert live(restarted) == 1
    assert "version 1 answers in its place" in fault(restarted)


def test_a_start_with_nothing_that_loads_says_so(serve, data):
    approve(data, 1)
    shutil.rmtree(data / "models" / NAME / "1")
    client = serve()
    assert ask(client).status == 503
    assert ask(client).headers["retry-after"] == "5"
    assert client.get(READY).status == 503
    assert client.get("/v2/health/live").status == 200
    assert "data/serving/status/" in ask(client).error
    assert str(data) not in ask(client).error


def test_a_start_does_not_wait_for_ever(serve, data, monkeypatch):
    approve(data, 1)
    held = threading.Event()
    load = Served.__init__

    def wait(self, *which):
        held.wait(10)
        load(self, *which)

    monkeypatch.setattr(Served, "__init__", wait)
    monkeypatch.setattr("webapp.serving.asgi.START_SECONDS", 0.01)
    client = serve()
    assert ask(client).status == 503
    assert "still loading" in ask(client).error
    assert client.get(READY).status == 503
    held.set()
    until(lambda: live(client) == 1)
    assert client.get(READY).status == 200


def test_one_broken_model_does_not_keep_another_from_serving(serve, data):
    (data / "serving").mkdir()
    (data / "serving" / "broken.json").write_text("{")
    approve(data, 1)
    client = serve()
    assert live(client) == 1
    assert client.get(READY).json() == {"live": True, "ready": True, "not_loaded": ["broken"]}


def test_a_broken_second_version_does_not_keep_the_live_one(serve, data):
    approve(data, 1, 2)
    flip(data / "models" / NAME / "2" / "saved_model.pb")
    client = serve()
    assert live(client) == 1
    assert "version 2: BrokenVersion" in fault(client)


def test_the_status_goes_with_the_worker(serve, data):
    approve(data, 1)
    client = serve()
    assert [one.live for one in status.read(data / "serving")] == [1]
    client.close()
    assert status.read(data / "serving") == []


def test_case_48_swaps_under_load_lose_and_mix_nothing(serve, data):
    approve(data, 1)
    client = serve()
    ended, seen, failures = threading.Event(), set(), []

    def load():
        while not ended.is_set():
            try:
                seen.add(live(client))
            except AssertionError as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for sequence in range(2, 12):
        approve(data, sequence % 3 + 1, sequence=sequence)
        until(lambda wanted=sequence % 3 + 1: live(client) == wanted)
    ended.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen == {1, 2, 3}


def test_serving_imports_neither_tensorflow_nor_a_database():
    code = (
        "import sys, webapp.serving.asgi; print(sorted({'tensorflow', 'django', 'sqlite3', 'pandas'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
