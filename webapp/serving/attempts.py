"""Versions that end the process which loads them are not loaded again and again.

A worker leaves a mark while it loads a version. Where the mark of a worker of this server is found whose process is no
more, the version ended it; it is told as a fault, and whatever answered before goes on to answer. A worker that loads
the version after all takes such marks away. All marks are gone with the server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.serving.status import lives


class EndedAWorker(Exception):  # noqa: N818 - named for what was found
    """A version that ended the process of the last worker that loaded it."""


class Attempts:
    """The marks of one worker.

    Args:
        folder: that the workers of one server share; where None, nothing is marked.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @contextmanager
    def at(self, name: str, sha256: str) -> Iterator[None]:
        """Load the version of the model with this digest within the context.

        Raises:
            EndedAWorker: it ended another worker.
        """
        if self._folder is None:
            yield
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        marks = [path for path in self._folder.glob(f"*-{sha256}") if not _lives(path)]
        if marks:
            raise EndedAWorker(
                f"A worker must live on when it loads this version of {name}, and one ended. Publish another version, "
                "or restart the server to try again."
            )
        mark = self._folder / f"{os.getpid()}-{sha256}"
        mark.touch()
        try:
            yield
            for path in self._folder.glob(f"*-{sha256}"):
                if not _lives(path):
                    path.unlink(missing_ok=True)
        finally:
            mark.unlink(missing_ok=True)

    def stop(self) -> None:
        """Take this worker's own marks away: it ends because it was told to."""
        if self._folder is not None:
            for path in self._folder.glob(f"{os.getpid()}-*"):
                path.unlink(missing_ok=True)


def _lives(mark: Path) -> bool:
    return lives(int(mark.name.partition("-")[0]))
