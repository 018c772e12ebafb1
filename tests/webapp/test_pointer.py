"""The signed pointer file: what is written is read, and nothing else is believed."""

import json
import threading

import pytest
from pydantic import ValidationError

from webapp import pointer
from webapp.pointer import Pointer
from webapp.signed import UntrustedFile

SECRET = "a secret of the tests"
FIELDS = {
    "name": "flights",
    "live": 3,
    "served": {2: "a" * 64, 3: "b" * 64, 10: "c" * 64},
    "labels": {"stable": 2},
    "decided_by": "Ann",
    "reason": "the best so far, née café",
    "decided_at": "2026-11-23T13:55:00+00:00",
    "sequence": 7,
}
DECIDED = Pointer(**FIELDS)


def test_it_works(tmp_path):
    pointer.write(tmp_path / "serving", DECIDED, SECRET)
    assert pointer.read(tmp_path / "serving" / "flights.json", SECRET) == DECIDED
    assert [path.name for path in (tmp_path / "serving").iterdir()] == ["flights.json"]


def test_a_withdrawn_pointer_is_gone(tmp_path):
    pointer.write(tmp_path, DECIDED, SECRET)
    pointer.withdraw(tmp_path, "flights")
    pointer.withdraw(tmp_path, "flights")
    with pytest.raises(UntrustedFile, match="can't be read"):
        pointer.read(tmp_path / "flights.json", SECRET)


@pytest.mark.parametrize(
    ("field", "value"), [("live", 2), ("decided_by", "Mallory"), ("sequence", 8), ("labels", {}), ("more", 1)]
)
def test_any_change_breaks_the_signature(tmp_path, field, value):
    pointer.write(tmp_path, DECIDED, SECRET)
    path = tmp_path / "flights.json"
    content = json.loads(path.read_text())
    content["pointer"][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(UntrustedFile, match="must be signed with this server's secret"):
        pointer.read(path, SECRET)


def test_another_secret_is_refused(tmp_path):
    pointer.write(tmp_path, DECIDED, "another")
    with pytest.raises(UntrustedFile, match="it is written anew"):
        pointer.read(tmp_path / "flights.json", SECRET)


def test_what_was_signed_with_an_earlier_secret_is_believed_where_that_is_named(tmp_path):
    pointer.write(tmp_path, DECIDED, "earlier")
    assert pointer.read(tmp_path / "flights.json", SECRET, "another", "earlier") == DECIDED
    with pytest.raises(UntrustedFile):
        pointer.read(tmp_path / "flights.json", SECRET, "another")


def test_no_secret_signs_nothing(tmp_path):
    with pytest.raises(UntrustedFile, match="got none"):
        pointer.write(tmp_path, DECIDED, "")
    assert list(tmp_path.iterdir()) == []


def test_a_pointer_under_another_name_is_refused(tmp_path):
    pointer.write(tmp_path, DECIDED, SECRET)
    (tmp_path / "flights.json").rename(tmp_path / "trains.json")
    with pytest.raises(UntrustedFile, match="that of flights"):
        pointer.read(tmp_path / "trains.json", SECRET)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"pointer": 1, "signature": 2}', b"\xff\xfe", b"[" * 60_000]
)
def test_what_is_no_pointer_is_refused(tmp_path, content):
    (tmp_path / "flights.json").write_bytes(content)
    with pytest.raises(UntrustedFile, match=r"must (be|hold) a"):
        pointer.read(tmp_path / "flights.json", SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"live": 4},
        {"labels": {"stable": 1}},
        {"name": "../flights"},
        {"name": ""},
        {"served": {3: "short"}},
        {"decided_at": "yesterday"},
        {"decided_at": "2026-11-23T13:55:00"},
        {"sequence": -1},
    ],
)
def test_a_pointer_that_can_not_hold_is_refused(change):
    with pytest.raises(ValidationError):
        Pointer(**FIELDS | change)


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "a/b", ".hidden", "a\x00b", "a\n"])
def test_a_name_never_leaves_the_folder(tmp_path, name):
    with pytest.raises(UntrustedFile, match="can hold"):
        pointer.withdraw(tmp_path, name)


def test_a_reader_never_sees_half_a_pointer(tmp_path):
    pointer.write(tmp_path, DECIDED, SECRET)
    done = threading.Event()

    def rewrite():
        for sequence in range(200):
            pointer.write(tmp_path, Pointer(**FIELDS | {"sequence": sequence}), SECRET)
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    while not done.is_set():
        assert pointer.read(tmp_path / "flights.json", SECRET).live == 3
    writer.join()
