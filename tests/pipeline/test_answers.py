"""One answer is found among all that were given, by its id alone."""

import json

import pytest

from bundle import identity
from pipeline import answers
from pipeline.errors import LineageError


def test_it_works(history):
    asked = history.answer(3)
    history.answer(2)
    found = answers.find(history.data, asked)
    assert (found.id, found.model, found.version) == (asked, "flights", 3)
    assert found.inputs == [{"distance": 200.0, "carrier": "UA"}, {"distance": 201.0, "carrier": "UA"}]
    assert found.answers == [{"probability": 0.25, "decision": 0}, {"probability": 0.5, "decision": 0}]
    assert found.outcomes == [None, None]
    assert (found.about, found.answered) == ("2026-10-31T10:00:00Z", "2026-11-04T10:00:00Z")


def test_what_came_true_is_what_was_told_last(history):
    asked = history.answer(3)
    history.tell(asked, row=1, value=1, at="2026-11-09T10:00:00Z")
    history.tell(asked, row=1, value=0, at="2026-11-08T10:00:00Z")
    history.tell(history.answer(3), row=0, value=1)
    assert answers.find(history.data, asked).outcomes == [None, 1.0]


def test_an_answer_of_another_model(history):
    asked = history.answer(1, model="trains")
    assert answers.find(history.data, asked).model == "trains"


def test_a_line_that_was_cut_short_is_passed_over(history):
    asked = history.answer(3)
    (log,) = history.data.glob("served/*/*/*.jsonl")
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 2] + b"\n" + whole)
    assert answers.find(history.data, asked).version == 3


def test_an_id_among_the_inputs_is_no_answer(history):
    asked = history.answer(3)
    (log,) = history.data.glob("served/*/*/*.jsonl")
    line = json.loads(log.read_bytes())
    line["inputs"]["carrier"], line["ids"] = [asked] * 6, line["ids"][:1] * 3
    log.write_text(json.dumps(line) + "\n")
    with pytest.raises(LineageError, match="must be in the log of its day"):
        answers.find(history.data, asked)


def test_an_answer_that_was_not_logged(history):
    with pytest.raises(LineageError, match="served/<model>/1970-01-01, and is not"):
        answers.find(history.data, identity.make(0))
