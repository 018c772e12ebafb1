"""One run at a time on a data folder, held by the operating system: a holder that dies lets go.

Whoever removes the lock's file takes the folder from its holder: ``confirm`` tells the holder, before it lets anything
appear.
"""

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
    """Hold ``data`` until ``release``, or until this process and its children end; return the name of this run.

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


def confirm(data: Path) -> None:
    """See that the folder is still ours.

    Raises:
        AlreadyRunning: the lock's file was removed or is another's, so that another run may be at work.
    """
    data = data.resolve()
    file, run = _held[data]
    try:
        now = (data / NAME).stat()
        text = (data / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        now, text = None, ""
    ours = os.fstat(file.fileno())
    if now is None or (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino) or run not in text:
        raise AlreadyRunning(
            f"This run must hold {data} until it ends, and no longer does: {_describe(text)} took it over, or "
            f"{data / NAME} was removed. Nothing more of this run appears. Run again."
        )


def at_work(data: Path) -> str:
    """The name of the run that holds the folder, as far as its lock's file tells; empty where its process has ended."""
    try:
        told = json.loads((data / NAME).read_text(encoding="utf-8"))
        there = told["host"] != socket.gethostname() or Path("/proc", str(told["pid"])).exists()
    except (OSError, ValueError, KeyError):
        return ""
    return str(told["run"]) if there else ""


def release(data: Path) -> None:
    """Let go of the folder; does nothing where this process does not hold it."""
    held = _held.pop(data.resolve(), None)
    if held:
        file, _ = held
        fcntl.flock(file, fcntl.LOCK_UN)
        file.close()


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
