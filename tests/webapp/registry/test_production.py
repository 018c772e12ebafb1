"""What was in production at a moment, read off the decisions."""

from datetime import timedelta

import pytest

from webapp.registry.decisions import NotAllowed
from webapp.registry.models import Decision
from webapp.registry.production import live_at, periods

from .conftest import decide


def at(line, seconds=0.0):
    return Decision.objects.get(sequence=line).at + timedelta(seconds=seconds)


def test_it_works(shelf, ada):
    first, second = shelf.registered(1), shelf.registered(2)
    decide("approve", first, ada)  # line 3
    decide("approve", second, ada)
    decide("roll_back", first, ada)
    decide("retire", second, ada)
    decide("retire", first, ada)  # line 7
    assert [(period.version.number, period.ended.sequence) for period in periods("flights")] == [(1, 4), (2, 5), (1, 7)]
    assert live_at("flights", at(3, -0.000001)) is None
    assert live_at("flights", at(3)).version == first
    assert live_at("flights", at(4)).version == second
    assert live_at("flights", at(5, -0.000001)).version == second
    assert live_at("flights", at(6)).version == first
    assert live_at("flights", at(6)).began.verb == "roll_back"
    assert live_at("flights", at(7)) is None


def test_what_is_live_goes_on(shelf, ada):
    version = shelf.live()
    assert live_at("flights", at(2, 3600)).version == version
    assert live_at("flights", at(2, 3600)).ended is None


def test_refusals_change_nothing(shelf, ada, vera):
    version = shelf.live()
    for verb in ("retire", "roll_back"):
        with pytest.raises(NotAllowed):
            decide(verb, version, vera)
    assert len(periods("flights")) == 1


def test_other_models_do_not_matter(shelf, ada):
    shelf.live(1)
    shelf.live(5, name="trains")
    assert [period.version.number for period in periods("flights")] == [1]
    assert periods("ships") == []
