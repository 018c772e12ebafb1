"""A stage runs in a fresh process of its own: no fork after TensorFlow, memory given back, no state left over.

The parent (which knows Luigi and imports nothing heavy) sends the job as a line of JSON and keeps the pipe open; the
child runs the stage's function and answers with what it counted by another pipe: none of it needs room on a disk. A
child whose parent has gone ends itself.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import IO

from pipeline import errors
from pipeline.closure import Code
from pipeline.errors import PlumblineError, StageError
from pipeline.job import Job, Outcome

ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "PLUMBLINE_STAGE": "1",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
NATIVE_CHARACTERS = 4000
"""How much of what native libraries said is shown when a stage's process dies."""


_imported: dict[str, dict[str, str]] = {}
"""The closure of each stage's module as it was imported."""


def run(job: Job) -> Outcome:
    """Run a stage in a fresh process and return what it counted.

    Raises:
        PlumblineError: the fault that the stage told.
        StageError: the stage failed in another way, or its process died.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading) as answers, os.fdopen(os.memfd_create("native"), "r+", errors="replace") as native:
        message = json.dumps({**asdict(job), "answers": writing, "native": native.fileno()}, default=str) + "\n"
        child = subprocess.Popen(
            [sys.executable, "-m", "pipeline.worker"],
            stdin=subprocess.PIPE,
            env={**ENVIRONMENT, **os.environ},
            pass_fds=(writing, native.fileno()),
        )
        os.close(writing)
        answer, status = _answer(child, message, answers)
        if not answer.endswith("\n"):
            native.seek(0)
            said = native.read()[-NATIVE_CHARACTERS:]
            raise StageError(f"{job.function} must answer, and its process ended with {_why(status)}.\n{said}".rstrip())
    told = json.loads(answer)
    if "fault" in told:
        kind: type[PlumblineError] = getattr(errors, told["kind"])
        raise kind(told["fault"])
    return Outcome(**told)


def call(job: Job, code: Code) -> Outcome:
    """Call a stage's function here and now: in this process, which keeps the code that it imported first.

    Raises:
        StageError: the code is no longer what the job says of it.
    """
    module, _, name = job.function.partition(":")
    function: Callable[[Job], Outcome] = getattr(importlib.import_module(module), name)
    if module not in _imported:
        _imported[module] = code.closure(module)
    changed = sorted(name for name, digest in _imported[module].items() if job.code.get(name) != digest)
    if changed:
        raise StageError(f"The code must stay as it is while it runs, and {', '.join(changed)} changed. Run again.")
    job.output.mkdir(parents=True, exist_ok=True)
    return function(job)


def _answer(child: subprocess.Popen[bytes], message: str, answers: IO[str]) -> tuple[str, int]:
    pipe = child.stdin
    if pipe is None:
        raise StageError("the stage's process has no standard input")
    try:
        with contextlib.suppress(BrokenPipeError):  # it ended before it listened; its status is told
            pipe.write(message.encode())
            pipe.flush()
        return answers.read(), child.wait()
    finally:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        child.terminate()
        child.wait()


def _why(status: int) -> str:
    if status == -signal.SIGKILL:
        return "signal SIGKILL, as the system sends where memory has run out"
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
