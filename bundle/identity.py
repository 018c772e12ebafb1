"""The id of an answer: a UUID of version 7 (RFC 9562), in hexadecimal. It holds the moment that the answer is about.

So whoever has an id knows the day whose folder has the answer, and no index of ids is kept.
"""

import os
import re
from datetime import UTC, datetime

FORM = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
VERSION, VARIANT = 0x7 << 76, 0b10 << 62
RANDOM_HIGH, RANDOM_LOW = 0xFFF << 64, (1 << 62) - 1


def make(milliseconds: int) -> str:
    """A new id for the moment, given in milliseconds since 1970."""
    random = int.from_bytes(os.urandom(10))
    return f"{milliseconds << 80 | VERSION | random & RANDOM_HIGH | VARIANT | random & RANDOM_LOW:032x}"


def moment(identity: str) -> datetime:
    """The moment that the id holds, to the millisecond.

    Raises:
        ValueError: it is no id of an answer.
    """
    if not FORM.fullmatch(identity):
        raise ValueError(f"expected the id of an answer (32 hexadecimal digits), got {identity!r:.80}")
    return datetime.fromtimestamp((int(identity, 16) >> 80) / 1000, UTC)
