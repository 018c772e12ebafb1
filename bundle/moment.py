"""A moment written in ISO 8601, as files and clients write it: the same to the pipeline and to the server."""

import re
from datetime import datetime

CLOCK = r"\d{2}|\d{1,2}:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?|\d{4}(?:\d{2}(?:[.,]\d+)?)?"
OFFSET = r"Z|[+-]\d{2}(?::?[0-5]\d)?"
PATTERN = (
    r"(\d{4})(?:-(\d{1,2}))?"
    r"|(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|(\d{2})(\d{2}))"
    rf"(?:[T ]({CLOCK})(?: ?({OFFSET}))?)?"
)
"""A day, or a year or month for its first day, with or without a time of day, with or without an offset from UTC.

Beside what the standard has, ``/`` and ``.`` may stand between year, month and day, and one digit for two."""
_WRITTEN = re.compile(PATTERN, re.ASCII)


def parse(text: str) -> datetime:
    """The moment; without a zone where none is told.

    Raises:
        ValueError: it is none.
    """
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise ValueError(f"expected a time in ISO 8601, such as 2013-11-03T17:07:00Z, got {text!r}")
    *date, clock, offset = match.groups()
    year, month, day = ([part for part in date if part] + ["1", "1"])[:3]
    if clock is None:
        return datetime(int(year), int(month), int(day))  # noqa: DTZ001 - the caller knows the zone of one without
    padded = f"0{clock}" if clock[1:2] == ":" else clock
    return datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}T{padded}{offset or ''}")
