"""A way to a server that breaks off after so many bytes, as a network does."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

RESET = struct.pack("ii", 1, 0)
"""Linger for no time: what is closed is reset."""


@contextmanager
def resetting(to: int, after: int) -> Iterator[int]:
    """The port of a way to the port ``to``: a connection is reset when so many bytes came back."""

    async def serve(here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, forth = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(carry(here, forth), carry(there, back, after))

    async def carry(taken: asyncio.StreamReader, given: asyncio.StreamWriter, most: int | None = None) -> None:
        count = 0
        with contextlib.suppress(OSError):
            while block := await taken.read(65536):
                count += len(block)
                if most is not None and count > most:
                    given.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    given.transport.abort()
                    return
                given.write(block)
                await given.drain()
        given.close()

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    started = asyncio.start_server(serve, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(started, loop).result(10)
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
