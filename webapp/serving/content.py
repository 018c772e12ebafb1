"""A request's body: read up to a limit, unpacked up to the same limit, parsed without trust."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from webapp.serving.refusal import Refusal, malformed, shown, too_large
from webapp.serving.settings import Settings

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
GZIP, DEFLATE, RAW = 31, 15, -15
"""How zlib is to be told of each packing."""


async def read(headers: Mapping[bytes, bytes], receive: Receive, settings: Settings) -> bytes:
    """The body as the client meant it.

    Raises:
        Refusal: it is too large, too slow, or packed in a way that is not known.
    """
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > settings.max_bytes:
        raise too_large("bytes", settings.max_bytes, f"{int(declared):,}")
    try:
        async with asyncio.timeout(settings.body_seconds):
            content = await _whole(receive, settings.max_bytes)
    except TimeoutError:
        raise Refusal(
            408, f"A body must come within {settings.body_seconds:g} s, and did not. Send it again."
        ) from None
    packing = headers.get(b"content-encoding", b"identity").strip().lower()
    return content if packing == b"identity" else unpacked(content, packing, settings.max_bytes)


async def _whole(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise malformed("The body must come whole, and the connection ended before.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large("bytes", limit, "more")
        more = message.get("more_body", False)
    return b"".join(parts)


def unpacked(content: bytes, packing: bytes, limit: int) -> bytes:
    """The body that a client packed with gzip or deflate; never more than ``limit`` bytes are made of it.

    Raises:
        Refusal: it is not packed in that way, or unpacks to more than may be.
    """
    if packing in (b"gzip", b"x-gzip"):
        bits = GZIP
    elif packing == b"deflate":
        bits = DEFLATE if content[:1] == b"\x78" else RAW
    else:
        raise Refusal(
            415, f"Content-Encoding must be gzip, deflate or identity, got {packing.decode('latin-1')!r:.40}."
        )
    machine = zlib.decompressobj(bits)
    try:
        made = machine.decompress(content, limit + 1)
    except zlib.error as error:
        raise malformed(f"The body must be packed as Content-Encoding says, and is not: {error}.") from None
    if len(made) > limit:
        raise too_large("bytes", limit, "more when unpacked")
    if not machine.eof or machine.unused_data:
        raise malformed("The body must be one whole packed stream, and is cut short or followed by something.")
    return made


def parsed(content: bytes) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        Refusal: it is none.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise malformed(f"JSON Parse error: {error}. The body must be strict JSON; a missing value is null.") from None
    if not isinstance(value, dict):
        raise malformed(f"JSON Parse error: the body must be an object, got {shown(value)}.")
    return value
