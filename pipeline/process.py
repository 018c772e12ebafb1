"""A stage runs in a process of its own: no fork after TensorFlow worked, memory given back, no state left over.

The parent (which knows Luigi and imports nothing heavy) starts one process that imports libraries and works with none
of them; from it each stage is forked, so that what stages import is imported once in a run. The parent sends the job
as a line of JSON and keeps that pipe open; the stage answers with what it counted by another: none of it needs room on
a disk. A stage whose parent has gone ends itself.
"""

import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from pipeline import errors, exits
from pipeline.closure import Code
from pipeline.errors import PlumblineError, StageError
from pipeline.job import Job, Outcome

ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # one heap: what Arrow, NumPy or a thread gives back serves all
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # no thread may hold a lock when a stage is forked
    "KERAS_BACKEND": "tensorflow",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),  # the columns of a part are given back to be used by the next
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "PLUMBLINE_STAGE": "1",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # processes that learn side by side share its memory
}
END_SECONDS = 10
"""How long the process that stages are forked from may take to end."""
NATIVE_CHARACTERS = 4000
"""How much of what native libraries said is shown when a stage's process dies."""


@dataclass(frozen=True)
class Origin:
    """The process that stages are forked from, who started it, and what it was started in."""

    process: subprocess.Popen[bytes]
    asks: socket.socket
    owner: int
    surroundings: tuple[Path, Path, dict[str, str]]


_origins: list[Origin] = []
"""That of this process, where there is one; a process that was forked goes on with that of its parent."""
_imported: dict[str, str] = {}
"""The digest of each module of ours as it was when this process imported it."""


def run(job: Job) -> Outcome:
    """Run a stage in a process of its own and return what it counted.

    Raises:
        PlumblineError: the fault that the stage told.
        StageError: the stage failed in another way, or its process died.
    """
    (listening, talking), (reading, answering), (waiting, ending) = os.pipe(), os.pipe(), os.pipe()
    with (
        os.fdopen(talking, "wb") as pipe,
        os.fdopen(reading) as answers,
        os.fdopen(waiting) as end,
        os.fdopen(os.memfd_create("native"), "r+", errors="replace") as native,
    ):
        _ask(job, [listening, 1, 2, answering, native.fileno(), ending])
        for file in (listening, answering, ending):
            os.close(file)
        answer, status = _answer(json.dumps(asdict(job), default=str) + "\n", pipe, answers, end)
        if not answer.endswith("\n"):
            native.seek(0)
            said = native.read()[-NATIVE_CHARACTERS:]
            raise StageError(
                f"{job.function} must answer, and its process ended with {exits.why(status)}.\n{said}".rstrip()
            )
    told = json.loads(answer)
    if "fault" in told:
        kind: type[PlumblineError] = getattr(errors, told["kind"])
        raise kind(told["fault"])
    return Outcome(**told)


def prepare(data: Path) -> None:
    """Start the process that stages are forked from, where it was not yet started in the surroundings of now."""
    surroundings = (data, Path.cwd(), dict(os.environ))
    if _origins and _origins[0].surroundings == surroundings:
        return
    end()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # this process gets it too, and then ends it
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "pipeline.worker", data, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env={**ENVIRONMENT, **os.environ},
                pass_fds=[theirs.fileno()],
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
    _origins.append(Origin(process, ours, os.getpid(), surroundings))


def end() -> None:
    """Let the process that stages are forked from end, where there is one."""
    while _origins:
        origin = _origins.pop()
        if origin.owner == os.getpid():
            with contextlib.suppress(OSError):  # it was killed
                origin.asks.shutdown(socket.SHUT_RDWR)
            try:
                origin.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:  # it hangs in what it imports, and nobody needs it any more
                origin.process.kill()
                origin.process.wait()
        origin.asks.close()


def imported(module: str, code: Code) -> dict[str, str]:
    """The digests of a module of ours and of those that it needs, as they were when this process imported them."""
    return {name: _imported.setdefault(name, digest) for name, digest in code.closure(module).items()}


def call(job: Job, code: Code) -> Outcome:
    """Call a stage's function here and now: in this process, which keeps the code that it imported first.

    Raises:
        StageError: the code is no longer what the job says of it.
    """
    module, _, name = job.function.partition(":")
    function: Callable[[Job], Outcome] = getattr(importlib.import_module(module), name)
    changed = sorted(name for name, digest in imported(module, code).items() if job.code.get(name) != digest)
    if changed:
        raise StageError(f"The code must stay as it is while it runs, and {', '.join(changed)} changed. Run again.")
    job.output.mkdir(parents=True, exist_ok=True)
    outcome = function(job)
    table = min(job.output.rglob("*.parquet"), default=None)
    return replace(outcome, columns=_columns(table)) if table else outcome


def _columns(table: Path) -> dict[str, str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {field.name: field.type for field in pq.read_schema(table)}
    return {name: str(kind.value_type if pa.types.is_dictionary(kind) else kind) for name, kind in kinds.items()}


def _ask(job: Job, files: list[int]) -> None:
    """Ask for a stage's process, of one to fork from that is there."""
    wanted = [json.dumps(job.libraries).encode()]
    prepare(job.data)
    try:
        socket.send_fds(_origins[0].asks, wanted, files)
    except BrokenPipeError:  # it was killed
        end()
        prepare(job.data)
        socket.send_fds(_origins[0].asks, wanted, files)


def _answer(message: str, pipe: IO[bytes], answers: IO[str], end: IO[str]) -> tuple[str, int]:
    """What the stage answers, and the status that its process ends with, however this ends."""
    try:
        with contextlib.suppress(BrokenPipeError):  # it ended before it listened; its status is told
            pipe.write(message.encode())
            pipe.flush()
        answer = answers.read()
    finally:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        status = end.read()
    return answer, int(status or -signal.SIGKILL)
