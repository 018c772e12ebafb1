"""The process that stages are forked from, and theirs: ``python -m pipeline.worker``, started by ``process``."""

import contextlib
import faulthandler
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from pipeline import disk, process
from pipeline.closure import Code
from pipeline.errors import DiskError, PlumblineError, StageError
from pipeline.index import Index
from pipeline.job import Job

LIBRARIES = ("dask", "numpy", "pandas", "pyarrow.compute", "pyarrow.parquet")
"""What the stages that work on tables import."""
SLOW = ("tensorflow", "keras")
"""What takes seconds to import, and is imported when the first stage may need it."""


def main() -> None:
    """Fork a stage whenever one is asked for, until nobody can ask any more."""
    data, asking = sys.argv[1:]
    process.imported(__spec__.name, Code(Index(Path(data))))
    load(LIBRARIES)
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(fileno=int(asking)) as asked:
        while True:
            wanted, files, _, _ = socket.recv_fds(asked, 4096, 6)
            if not wanted:
                break
            with _quietly():
                load([name for name in SLOW if name in json.loads(wanted)])
            if not os.fork():
                asked.close()
                keep(files)
            for file in files:
                os.close(file)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)  # what was imported need not be cleared away piece by piece


def keep(files: list[int]) -> NoReturn:
    """Fork a stage, wait for its end, and tell the status of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *its, ending = files
    child = os.fork()
    if not child:
        os.close(ending)
        work(its)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    for file in its:
        os.close(file)
    _, status = os.waitpid(child, 0)
    os.write(ending, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def load(libraries: Sequence[str]) -> None:
    """Import libraries for all that are forked from here, and let their memory be shared."""
    if any(name not in sys.modules for name in libraries):
        gc.disable()  # what a library makes when it is imported stays
        for name in libraries:
            importlib.import_module(name)
        gc.enable()
        gc.freeze()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Tell what is said on standard error only where it ends in an error: TensorFlow greets whoever imports it."""
    shown, kept = os.dup(2), os.memfd_create("said")
    os.dup2(kept, 2)
    try:
        yield
    except BaseException:
        os.write(shown, os.pread(kept, os.fstat(kept).st_size, 0))
        raise
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(kept)


def work(files: list[int]) -> None:
    """Run the job that comes in by standard input, and answer with what it counted, or its fault.

    Args:
        files: standard input, output and error, where to answer, and what keeps the words of native libraries.
    """
    *standard, answering, native = files
    for place, file in enumerate(standard):
        os.dup2(file, place)
        os.close(file)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _keep_native_messages(native)
    faulthandler.enable(2)  # where Python was when native code died
    with os.fdopen(answering, "w") as answers:
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
        outcome = process.call(job, Code(Index(job.data)))
        peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return asdict(replace(outcome, peak_memory_bytes=max(peaks) * 1024))
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


def _reap(*_: object) -> None:
    """Take note of what has ended, so that the system counts its costs as ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _end_with_parent() -> None:
    while os.read(0, 1):  # ends when the parent does
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
