"""JSON as every reply has it: strict, and with numbers of few digits."""

from typing import Any

import orjson

JSON = ((b"content-type", b"application/json"),)


def dumped(value: Any) -> bytes:
    """A value, arrays and their numbers among it, as JSON."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
