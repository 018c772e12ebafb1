"""``diff``: what is different between two versions, and nothing else."""

import json

import pytest
from click.testing import CliRunner

from pipeline import codestore
from pipeline.codestore import Source
from pipeline.commands import pipeline
from pipeline.commands.diff import flat
from tests.pipeline.history import sha256


@pytest.fixture
def ask(history):
    def diff(*arguments):
        return CliRunner().invoke(pipeline, ["diff", *arguments, "--data", str(history.data)], env={"COLUMNS": "120"})

    return diff


@pytest.fixture
def told(ask):
    """The answer for a program: the parts that have a difference."""

    def parts(*arguments):
        answer = json.loads(ask(*arguments, "--json").stdout)
        assert answer.pop("versions")
        return {name: changes for name, changes in answer.items() if changes}

    return parts


def test_it_works(ask):
    answer = ask("1", "3")
    assert answer.exit_code == 0
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines() if line.strip()]
    assert lines[:3] == ["flights 1 flights 3", "settings", "search.trials 4 6"]
    assert "roc_auc 0.6400 (0.6300 to 0.6500) 0.6600 (0.6500 to 0.6700)" in lines
    assert not {"raw", "code", "rows", "requirements"} & set(lines)


def test_a_changed_setting(told):
    assert told("1", "3").keys() == {"settings", "content", "metrics"}
    assert told("1", "3")["settings"] == {"search.trials": [4, 6]}


def test_changed_bytes_and_changed_code(told):
    changes = told("1", "2")
    assert changes["raw"] == {"weather.sha256": [sha256("rain"), sha256("sun")]}
    assert changes["code"]["pipeline.train"] == [sha256("Train"), sha256("Trainother")]
    assert "pipeline.receipts" not in changes["code"]
    assert "Collect weather" in changes["content"]


def test_changed_code_by_function_where_its_source_is_kept(ask, told, history):
    folder = history.data / codestore.NAME
    folder.mkdir()
    digests = []
    for body in ("return 1", "return 2"):
        text = f"LIMIT = 3\n\n\ndef train():\n    {body}\n".encode()
        digests.append(Source(text, {}).digest())
        (folder / f"{digests[-1]}.py").write_bytes(text)
    for number, digest in enumerate(digests, start=4):
        history.publish(number, modules={"pipeline.train": digest})
    assert told("4", "5")["definitions"] == [{"module": "pipeline.train", "name": "train", "kind": "changed"}]
    lines = [line.split() for line in ask("4", "5").stdout.splitlines()]
    assert lines[lines.index(["code"]) + 1 :][:2] == [
        ["pipeline.train", digests[0][:8], digests[1][:8]],
        ["train", "changed"],
    ]


def test_another_verdict_another_person_another_revision(told, history):
    history.publish(4, trials=1, made_by="eve", revision="abc")
    changes = told("live", "4")
    assert changes["requirements"] == {"roc_auc at least 0.63": ["PASS", "FAIL"], "verdict": ["PASS", "FAIL"]}
    assert changes["made"] == {"made by": ["tom", "eve"], "revision": ["", "abc"]}


def test_models_can_be_compared(ask, history):
    history.publish(1, model="trains")
    assert json.loads(ask("flights/1", "trains/1", "--json").stdout)["settings"] == {"name": ["flights", "trains"]}


def test_the_same_twice(ask, told, history):
    history.publish(4)
    assert told("1", "4") == {}
    assert ask("1", "4").stdout.splitlines()[-1] == "There is no difference."


def test_an_unknown_version_is_a_mistake(ask):
    answer = ask("1", "9")
    assert answer.exit_code == 2
    assert "Published: 1, 2, 3. Labels: live." in answer.stderr


def test_a_nested_value_has_a_name_for_each_part():
    nested = {"a": {"b": 1, "c": [1, 2]}, "d": [{"e": None}, {"e": 2}], "f": {}}
    assert flat(nested) == {"a.b": 1, "a.c": [1, 2], "d[0].e": None, "d[1].e": 2}
