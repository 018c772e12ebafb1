"""What a request is about in time: the moment that it says, for replays and late batches, or else now."""

from collections.abc import Mapping
from datetime import UTC, datetime

from webapp.serving.refusal import malformed

HEADER = b"x-plumbline-time"
AHEAD_SECONDS = 60.0
"""By which a client's clock may be ahead of ours."""


def asked(headers: Mapping[bytes, bytes], now: float) -> float:
    """The moment of ``X-Plumbline-Time``, in seconds since 1970; ``now`` where the request does not say.

    Raises:
        Refusal: it is no moment with its offset from UTC, or lies ahead.
    """
    given = headers.get(HEADER)
    if given is None:
        return now
    text = given.decode("latin-1")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 0 <= moment.timestamp() <= now + AHEAD_SECONDS:
        example = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        raise malformed(
            f"X-Plumbline-Time must be a past moment with its offset from UTC, such as {example}, got {text!r:.60}."
        )
    return moment.timestamp()
