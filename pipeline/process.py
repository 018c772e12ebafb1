"""A stage runs in a fresh process of its own: no fork after TensorFlow, memory given back, no state left over.

The parent (which knows Luigi and imports nothing heavy) sends the job as a line of JSON and keeps the pipe open; the
child runs the stage's function and leaves what it counted in a file. A child whose parent has gone ends itself.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline import errors, problem
from pipeline.errors import PlumblineError, StageError

ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
NATIVE_CHARACTERS = 4000
"""How much of what native libraries said is shown when a stage's process dies."""


@dataclass(frozen=True)
class Job:
    """What a stage gets: the parts of the problem file that it declared, its inputs, and the folder to fill.

    ``output`` is filled aside and appears as ``final`` when it is whole. ``code`` is what the receipt will say of the
    code: the digest of each module. ``data`` is the data folder.
    """

    function: str
    source: str
    part: dict[str, Any]
    inputs: dict[str, Path]
    output: Path
    final: Path
    made_by: str
    code: dict[str, str]
    data: Path

    @property
    def problem(self) -> problem.Problem:
        """The problem, with the declared parts and no others."""
        return problem.view(self.part)


@dataclass(frozen=True)
class Outcome:
    """What a stage counted: rows in and out, and notes that a person should read.

    ``measured`` holds what differs from one making to the next, such as seconds: it goes into the receipt, and never
    into the files of the result.
    """

    rows_in: int | None = None
    rows_out: int | None = None
    notes: list[str] = field(default_factory=list)
    measured: dict[str, float] = field(default_factory=dict)
    peak_memory_bytes: int | None = None


def run(job: Job, result: Path) -> Outcome:
    """Run a stage in a fresh process and return what it counted; ``result`` is a file to pass it through.

    Raises:
        PlumblineError: the fault that the stage told.
        StageError: the stage failed in another way, or its process died.
    """
    message = json.dumps({**asdict(job), "result": result}, default=str) + "\n"
    child = subprocess.Popen(
        [sys.executable, "-m", "pipeline.worker"],
        stdin=subprocess.PIPE,
        env={**ENVIRONMENT, **os.environ},
    )
    pipe = child.stdin
    if pipe is None:
        raise StageError("the stage's process has no standard input")
    try:
        with contextlib.suppress(BrokenPipeError):  # it ended before it listened; its status is told below
            pipe.write(message.encode())
            pipe.flush()
        status = child.wait()
    finally:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        child.terminate()
        child.wait()
    native = result.with_suffix(".native")
    if not result.exists():
        said = native.read_text(errors="replace")[-NATIVE_CHARACTERS:] if native.exists() else ""
        raise StageError(
            f"{job.function} must leave a result, and its process ended with {_why(status)}.\n{said}".rstrip()
        )
    answer = json.loads(result.read_text())
    result.unlink()
    native.unlink(missing_ok=True)
    if "fault" in answer:
        kind: type[PlumblineError] = getattr(errors, answer["kind"])
        raise kind(answer["fault"])
    return Outcome(**answer)


def _why(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
