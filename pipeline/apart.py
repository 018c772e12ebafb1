"""Work apart: in processes forked from this one, which give their memory back and leave this one as it was.

This process must have imported TensorFlow and never worked with it.
"""

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from pipeline import exits
from pipeline.errors import StageError

FORK = multiprocessing.get_context("fork")
Given = TypeVar("Given")
Tell = Callable[[Any], None]


@dataclass(frozen=True)
class Answer:
    """What a work tells last."""

    given: Any
    error: Exception | None


def done(works: Sequence[Callable[[Tell], Given]], hear: Tell) -> list[Given]:
    """What each of the works gives back, all of which go on at the same time; what one raises is raised here.

    A work is called with a function, and ``hear`` with what the work tells by that. All of it must be picklable.

    Raises:
        StageError: a process died.
    """
    running: dict[Any, tuple[int, Any]] = {}
    for place, work in enumerate(works):
        hears, tells = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_answer, args=(work, tells), daemon=True)
        process.start()
        tells.close()
        running[hears] = (place, process)
    answers: dict[int, Given] = {}
    try:
        while len(answers) < len(works):
            for heard in connection.wait(list(running)):
                place, process = running[heard]
                told = _heard(heard, process)
                if not isinstance(told, Answer):
                    hear(told)
                elif told.error is not None:
                    raise told.error
                else:
                    answers[place] = told.given
                    del running[heard]
                    process.join()
    finally:
        for _, process in running.values():
            process.kill()
            process.join()
    return [answers[place] for place in range(len(works))]


def share(count: int) -> int:
    """How many processors each of so many processes has to itself; one at least."""
    return max(1, len(os.sched_getaffinity(0)) // count)


def end_with_parent() -> None:
    """Let this process, which was forked from another, end when that one does."""
    parent: Any = multiprocessing.parent_process()

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _heard(hears: Any, process: Any) -> Any:
    try:
        return hears.recv()
    except (EOFError, OSError):  # also one that ends in the middle of what it tells
        process.join()
        raise StageError(f"The process apart must answer, and ended with {exits.why(process.exitcode or 0)}.") from None


def _answer(work: Callable[[Tell], Any], tells: Connection) -> None:
    end_with_parent()
    try:
        answer = Answer(work(tells.send), None)
    except Exception as error:
        error.add_note(traceback.format_exc())  # it is raised again where this is not known
        answer = Answer(None, error)
    tells.send(answer)
