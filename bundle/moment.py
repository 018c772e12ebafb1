"""A moment as files and clients write it, in ISO 8601 or counted from 1970 on: to pipeline and server the same."""

import re
from datetime import UTC, datetime, timedelta

CLOCK = r"\d{2}|\d{1,2}:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?|\d{4}(?:\d{2}(?:[.,]\d+)?)?"
OFFSET = r"Z|[+-]\d{2}(?::?[0-5]\d)?"
PATTERN = (
    r"(\d{4})(?:-(\d{1,2}))?"
    r"|(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|(\d{2})(\d{2}))"
    rf"(?:[T ]({CLOCK})(?: ?({OFFSET}))?)?"
)
"""A day, or a year or month for its first day, with or without a time of day, with or without an offset from UTC.

Beside what the standard has, ``/`` and ``.`` may stand between year, month and day, and one digit for two."""
COUNTED = {"unix": 1, "unix_ms": 10**3, "unix_us": 10**6, "unix_ns": 10**9}
"""Formats of moments that are numbers, counted from 1970 on (UTC), by how many there are in a second."""
NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(PATTERN, re.ASCII)
_NUMBER = re.compile(NUMBER, re.ASCII)


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


def counted(value: float | str, written: str) -> datetime:
    """The moment that a number counts, in one of the formats ``COUNTED``; a text that is no number is read as any is.

    Raises:
        ValueError: it is none, or lies before the year 1 or after 9999.
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return parse(value)
    try:
        return EPOCH + timedelta(seconds=float(value) / COUNTED[written])
    except OverflowError:
        raise ValueError(f"expected a time in the years 1 to 9999, got {value!r}") from None
