"""One run at a time on a data folder, held by the operating system: a holder that dies lets go."""

import fcntl
import json
import os
import socket
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pipeline.errors import AlreadyRunning

NAME = ".lock"
_held: dict[Path, tuple[IO[str], str]] = {}


def hold(data: Path) -> str:
    """Hold ``data`` until this process and its children end; return the name of this run.

    A process that holds the folder already goes on under the same name.

    Raises:
        AlreadyRunning: another process holds the folder.
    """
    data = data.resolve()
    if data not in _held:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / NAME).open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = _describe(file.read())
            file.close()
            raise AlreadyRunning(
                f"One run at a time may work on {data}, and one is at work: {holder}. Wait until it has ended."
            ) from None
        run = str(uuid.uuid4())
        file.truncate(0)
        json.dump(_holder(run), file)
        file.flush()
        _held[data] = (file, run)
    return _held[data][1]


def _holder(run: str) -> dict[str, str | int]:
    return {
        "run": run,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": " ".join(sys.argv),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _describe(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']} ({holder['command']})"
    except (ValueError, KeyError):
        return "a process that has only just begun"
