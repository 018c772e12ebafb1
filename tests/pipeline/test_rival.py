"""What a candidate is held against follows what was decided, and approving a version asks for nothing new."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bundle import decisions
from bundle.decisions import Decided
from pipeline import rival
from pipeline.errors import LineageError
from pipeline.versions import MANIFEST

FIRST = datetime(2026, 11, 1, tzinfo=UTC)


class Registry:
    """Versions, each with the content of its model and what it was compared with, and decisions about them."""

    def __init__(self, data):
        self.data, self.decided = data, 0

    def publish(self, number, model, live=None):
        path = self.data / "models" / "flights" / str(number) / MANIFEST
        path.parent.mkdir(parents=True)
        steps = [{"stage": "Split", "content": "rows"}, {"stage": "Train", "content": model}]
        path.write_text(json.dumps({"lineage": steps, "verdict": {"verdict": "PASS", "live": live}}))

    def decide(self, verb, number):
        self.decided += 1
        one = Decided(
            sequence=self.decided, verb=verb, model="flights", version=number, digest=f"manifest {number}",
            by="ada", at=FIRST + timedelta(days=self.decided), reason="It is better.", hash="h",
        )  # fmt: skip
        path = decisions.place(self.data, "flights")
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(one.model_dump_json() + "\n")

    def rival(self, candidate):
        return rival.of(self.data, "flights", candidate)


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path)


def named(number):
    return {"version": number, "digest": f"manifest {number}"}


def test_a_candidate_is_held_against_the_version_that_is_live(registry):
    registry.publish(1, "a")
    registry.decide("approve", 1)
    assert registry.rival("b") == named(1)
    assert registry.rival(None) == named(1)


def test_before_anything_was_decided_there_is_none(registry):
    registry.publish(1, "a")
    assert registry.rival("b") is None


def test_a_version_that_was_made_live_is_not_held_against_itself(registry):
    registry.publish(1, "a")
    registry.decide("approve", 1)
    assert registry.rival("a") is None


def test_one_that_was_compared_before_it_went_live_stays_compared_with_that(registry):
    registry.publish(1, "a")
    registry.decide("approve", 1)
    registry.publish(2, "b", live=named(1) | {"why": "it gives other kinds of answers"})
    registry.decide("approve", 2)
    assert registry.rival("b") == named(1)
    assert registry.rival("c") == named(2)


def test_neither_a_roll_back_nor_a_retirement_asks_for_the_same_model_again(registry):
    registry.publish(1, "a")
    registry.decide("approve", 1)
    registry.publish(2, "b", live=named(1))
    registry.decide("approve", 2)
    registry.decide("roll_back", 1)
    assert registry.rival("b") == named(1)
    registry.decide("retire", 1)
    assert registry.rival("b") == named(1)


def test_another_version_that_went_live_since_makes_the_verdict_on_a_candidate_stale(registry):
    registry.publish(1, "a")
    registry.publish(2, "b")
    assert registry.rival("b") is None
    registry.decide("approve", 1)
    assert registry.rival("b") == named(1)


def test_a_live_version_that_has_gone_is_still_what_a_candidate_must_be_held_against(registry):
    registry.decide("approve", 1)
    assert registry.rival("a") == named(1)


def test_decisions_that_can_not_be_read_are_no_reason_to_compare_with_nothing(registry):
    registry.decide("approve", 1)
    decisions.place(registry.data, "flights").write_text("approve 1\n")
    with pytest.raises(LineageError, match="must hold a decision in line 1"):
        registry.rival("b")
