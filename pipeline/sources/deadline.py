"""An end to waiting: whatever the other side does, and however slowly."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import DataError

Result = TypeVar("Result")


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float, what: str) -> None:
        self._seconds, self._what = seconds, what
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return max(0.0, self._ends - time.monotonic())

    def passed(self, last: str = "") -> DataError:
        """The fault to raise when it has passed."""
        return DataError(
            f"{self._what} must be collected within {self._seconds:g} s, and was not{last and f': {last}'}."
        )

    def call(self, work: Callable[[], Result]) -> Result:
        """What ``work()`` gives or raises, if it does in time; it is left to itself otherwise.

        Raises:
            DataError: the deadline passed.
        """
        results: list[Result] = []
        faults: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as fault:
                faults.append(fault)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.left)
        if faults:
            raise faults[0]
        if not results:
            raise self.passed()
        return results[0]

    def wait(self, seconds: float, why: str) -> None:
        """Wait, if there is as much time.

        Raises:
            DataError: there is not.
        """
        if seconds > self.left:
            raise self.passed(f"{why}, and {seconds:.0f} s of waiting are asked for")
        time.sleep(seconds)
