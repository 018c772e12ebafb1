"""JSON as every reply has it: strict, and with numbers of few digits."""

from dataclasses import dataclass
from typing import Any

import orjson

from bundle.contract import Columns
from bundle.model import Answers

JSON = ((b"content-type", b"application/json"),)


@dataclass(frozen=True)
class Answered:
    """A reply to a prediction, and what it was made from: the rows as columns, and the answer to each."""

    body: bytes
    columns: Columns
    answers: Answers


def dumped(value: Any) -> bytes:
    """A value, arrays and their numbers among it, as JSON."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
