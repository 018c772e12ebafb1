"""JSON as every reply has it: strict, and with numbers of few digits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
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
    """A value, arrays with their numbers and texts among it, as JSON."""
    return orjson.dumps(value, _text, orjson.OPT_SERIALIZE_NUMPY)


def _text(value: Any) -> Any:
    """What a model tells in text: an array of UTF-8 bytes, or one of it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"no JSON: {type(value)}")
