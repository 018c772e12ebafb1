"""The process that a stage runs in: ``python -m pipeline.worker``, started by ``process.run``."""

import json
import os
import resource
import signal
import sys
import threading
import traceback
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline import disk
from pipeline.closure import Code
from pipeline.errors import DiskError, PlumblineError, StageError
from pipeline.index import Index
from pipeline.job import Job
from pipeline.process import call


def main() -> None:
    """Run the job that comes in by standard input, and answer with what it counted, or its fault."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and its end is ours
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.set_inheritable(request["answers"], False)
    _keep_native_messages(request.pop("native"))
    with os.fdopen(request.pop("answers"), "w") as answers:
        answers.write(json.dumps(answered(request)) + "\n")


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """What the stage counted, or its fault and the kind of it."""
    request |= {
        "inputs": {name: Path(path) for name, path in request["inputs"].items()},
        "output": Path(request["output"]),
        "final": Path(request["final"]),
        "data": Path(request["data"]),
    }
    job = Job(**request)
    try:
        outcome = call(job, Code(Index(job.data)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return asdict(replace(outcome, peak_memory_bytes=peak))
    except PlumblineError as error:
        return {"fault": str(error), "kind": type(error).__name__}
    except MemoryError:
        return {"fault": "The stage needs more memory than there is.", "kind": StageError.__name__}
    except Exception as error:
        refused = disk.fault(error, job.output)
        if refused:
            return {"fault": refused, "kind": DiskError.__name__}
        if not job.output.is_dir():
            return {
                "fault": f"{job.output} must stay while it is filled, and was removed.",
                "kind": StageError.__name__,
            }
        traceback.print_exc()
        return {"fault": f"{type(error).__name__}: {error}", "kind": StageError.__name__}


def _keep_native_messages(file: int) -> None:
    """Let Python speak on standard error, and keep what native libraries write there for the day they fail."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    os.dup2(file, 2)
    os.close(file)


def _end_with_parent() -> None:
    while os.read(0, 1):  # ends when the parent does
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
