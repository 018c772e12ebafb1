"""Work apart: in a process forked from this one, which gives its memory back and leaves this one as it was.

This process must have imported TensorFlow and never worked with it.
"""

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from pipeline import exits
from pipeline.errors import StageError

FORK = multiprocessing.get_context("fork")
Given = TypeVar("Given")


def done(work: Callable[[], Given]) -> Given:
    """What the work gives back, which must be picklable; what it raises is raised here.

    Raises:
        StageError: its process died.
    """
    hears, tells = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_answer, args=(work, tells), daemon=True)
    process.start()
    tells.close()
    try:
        given, error = hears.recv()
    except EOFError:
        process.join()
        raise StageError(f"The process apart must answer, and ended with {exits.why(process.exitcode or 0)}.") from None
    process.join()
    if error is not None:
        raise error
    result: Given = given
    return result


def end_with_parent() -> None:
    """Let this process, which was forked from another, end when that one does."""
    parent: Any = multiprocessing.parent_process()

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _answer(work: Callable[[], Any], tells: Connection) -> None:
    end_with_parent()
    answer: tuple[Any, Exception | None]
    try:
        answer = (work(), None)
    except Exception as error:
        error.add_note(traceback.format_exc())  # it is raised again where this is not known
        answer = (None, error)
    tells.send(answer)
