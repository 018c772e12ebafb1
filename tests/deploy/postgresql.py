"""A real PostgreSQL of a test's own, and a way to it that can go dark."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.registry import free_port
from tests.deploy.tools import absent

PASSWORD = "a password of the tests"
OWNER = "postgres"
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Database:
    """A server that can be stopped and started."""

    folder: Path
    programs: Path
    port: int

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._control("start", "-w", "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def make(self) -> None:
        """The folder of its files, with one user and one database."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        shutil.chown(secret, OWNER if os.geteuid() == 0 else None)
        made = ("-A", "scram-sha-256", "-U", "plumbline", f"--pwfile={secret}")
        self._call("initdb", "-D", str(self.folder / "data"), "--no-sync", *made)

    def _control(self, *arguments: str) -> None:
        self._call("pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _call(self, program: str, *arguments: str) -> None:
        owner = {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.folder / "told").open("wb") as told:  # no pipe, which the server would hold open
            done = subprocess.run(
                [self.programs / program, *arguments], cwd=self.folder, stdout=told, stderr=told, check=False, **owner
            )
        assert done.returncode == 0, (self.folder / "told").read_text()


@contextmanager
def running() -> Iterator[Database]:
    """A server from its making to its end."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        absent("PostgreSQL must be installed for this test, and is not. Install it with: apt install postgresql")
    with tempfile.TemporaryDirectory(prefix="plumbline-postgresql-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        made = Database(folder, programs[-1].parent, free_port())
        made.make()
        made.start()
        try:
            yield made
        finally:
            with contextlib.suppress(AssertionError):  # stopped already
                made.stop()


class Way:
    """The way to a server. While it is dark, connections are taken and nothing ever comes back."""

    def __init__(self, to: int) -> None:
        self.port = free_port()
        self._to, self._dark = to, threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._soon(asyncio.start_server(self._take, "127.0.0.1", self.port))

    def darken(self) -> None:
        self._dark.set()

    def clear(self) -> None:
        """Pass everything on again; what was open meanwhile is closed, as a network does in the end."""
        self._dark.clear()

        async def close() -> None:
            for writer in list(self._writers):
                writer.close()

        self._soon(close())

    def _soon(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                if not self._dark.is_set():
                    writer.write(part)
                    await writer.drain()
        writer.close()
