"""Ids of answers hold the moment that the answer is about."""

import uuid
from datetime import UTC, datetime

import pytest

from bundle import identity

NOON = datetime(2013, 11, 3, 12, tzinfo=UTC)


def test_it_works() -> None:
    made = identity.make(int(NOON.timestamp() * 1000))
    assert identity.moment(made) == NOON
    assert uuid.UUID(made).version == 7
    assert uuid.UUID(made).variant == uuid.RFC_4122


def test_no_two_are_the_same() -> None:
    assert len({identity.make(0) for _ in range(10_000)}) == 10_000


NO_TIME = uuid.UUID(int=1, version=4).hex


@pytest.mark.parametrize("text", ["", "1", "../../etc/passwd", "0" * 32, "٣" * 32, "g" * 32, NO_TIME])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected the id of an answer"):
        identity.moment(text)
