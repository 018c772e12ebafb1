"""Following the pointers: a thread that loads what was approved beside what answers, and then swaps the two.

The new version is read, checked, asked its golden rows and warmed while the old one goes on answering. The swap is the
replacement of one reference, so that each request meets the old version or the new, and never both. What can't be
loaded never goes live: the old version goes on, and the fault is kept, logged and shown.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from webapp import pointer
from webapp.pointer import Pointer
from webapp.serving.attempts import Attempts
from webapp.serving.settings import Settings
from webapp.serving.status import Board
from webapp.serving.table import EMPTY, Approved, Table
from webapp.serving.tokens import Tokens
from webapp.serving.version import Served
from webapp.signed import UntrustedFile

BEFORE = "before"
"""Below the pointers: for each model the decision before the newest, for a restart that can't load the newest."""
RETRY_SECONDS = 30.0
"""After which a decision that could not be followed is tried again."""
T = TypeVar("T")
log = logging.getLogger(__name__)

Stamp = tuple[int, int, int]


class Follower:
    """Keeps ``table`` to what the pointers say.

    Args:
        settings: where the pointers and versions are.
        tokens: looks for its own changes as often as the pointers are looked at.
        warm: called with each new version before it may answer.
    """

    def __init__(self, settings: Settings, tokens: Tokens, warm: Callable[[Served], None]) -> None:
        self.table: Table = EMPTY
        self.looked = threading.Event()
        """Set once everything that was approved before the start is loaded, or known as broken."""
        self._settings = settings
        self.tokens = tokens
        self._warm = warm
        self._board = Board(settings.pointers)
        self._attempts = Attempts(settings.shared / "loading" if settings.shared else None)
        self._seen: dict[str, tuple[Stamp, float]] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow pointers", daemon=True)

    def start(self) -> None:
        """Begin to follow; ``looked`` says when the first look is done."""
        self._thread.start()

    def stop(self) -> None:
        """End following, and take away what was shown."""
        self._ending.set()
        self._thread.join(timeout=5)
        self._attempts.stop()

    def _run(self) -> None:
        with _surviving("Old status files could not be cleared"):
            self._board.clear()
        while True:
            with _surviving("The tokens could not be followed"):
                self.tokens.look()
            with _surviving("The pointers could not be followed"):
                self.look()
            self.looked.set()
            if self._ending.wait(self._settings.poll_seconds):
                break
        with _surviving("The status files could not be cleared"):
            self._board.clear()

    def look(self) -> None:
        """Look once at every pointer, and do what it says."""
        paths = _pointers(self._settings.pointers)
        for name in {
            *self.table.models,
            *self.table.faults,
            *_pointers(self._settings.pointers / BEFORE),
        } - paths.keys():
            self._drop(name)
        for name, (path, stamp) in paths.items():
            seen, at = self._seen.get(name, (None, 0.0))
            if stamp != seen or (name in self.table.faults and time.monotonic() - at > RETRY_SECONDS):
                self._follow(name, path)
                self._seen[name] = stamp, time.monotonic()
        degraded = {name: _missing(model) for name, model in self.table.models.items()}
        self.table = replace(self.table, degraded={name: missing for name, missing in degraded.items() if missing})
        self._board.show(self.table)

    def _follow(self, name: str, path: Path) -> None:
        now = self.table.models.get(name)
        decided = None
        approved: Approved | None
        faults: list[str] = []
        try:
            decided = self._read(path)
            _check_newer(decided, now)
            self._remember(decided, now)
            approved = self._load(decided, now, decided.live, faults)
        except Exception as error:  # whatever a version does while it loads, the others go on
            faults.append(f"{type(error).__name__}: {error}")
            if faults[0] not in self.table.faults.get(name, ""):  # told once, however often it is tried again
                log.exception("%s: the newest decision can't be followed", name)
            approved = now or self._fall_back(name, decided, faults)
        self._swap(name, approved, faults)

    def _read(self, path: Path) -> Pointer:
        return pointer.read(path, self._settings.secret, *self._settings.earlier)

    def _load(self, decided: Pointer, now: Approved | None, live: int, faults: list[str]) -> Approved:
        """The live version, which must load, and of the other served ones those that do."""
        versions = {live: self._version(decided, now, live)}
        for number in decided.served.keys() - {live, decided.live}:
            try:
                versions[number] = self._version(decided, now, number)
            except Exception as error:  # the live version is to go live without it
                faults.append(f"version {number}: {type(error).__name__}: {error}")
                if faults[-1] not in self.table.faults.get(decided.name, ""):
                    log.exception("%s %s can't be loaded", decided.name, number)
        return Approved(decided, live, versions)

    def _version(self, decided: Pointer, now: Approved | None, number: int) -> Served:
        sha256 = decided.served[number]
        loaded = now.versions.get(number) if now else None
        if loaded and loaded.sha256 == sha256:
            return loaded
        folder = self._settings.models / decided.name / str(number)
        log.info("%s %s is being loaded", decided.name, number)
        with self._attempts.at(decided.name, sha256):
            made = _within(self._settings.load_seconds, lambda: Served(folder, decided.name, number, sha256))
            self._warm(made)
        return made

    def _fall_back(self, name: str, decided: Pointer | None, faults: list[str]) -> Approved | None:
        """After a start without the approved version: another that is served, or the one that was live before."""
        candidates = [(decided, number) for number in sorted(decided.served, reverse=True)] if decided else []
        with contextlib.suppress(UntrustedFile):
            before = self._read(pointer.place(self._settings.pointers / BEFORE, name))
            candidates.append((before, before.live))
        for candidate, number in candidates:
            if decided is not None and candidate is decided and number == decided.live:
                continue
            with contextlib.suppress(Exception):
                approved = self._load(candidate, None, number, [])
                log.error("%s: version %s answers in place of the one that was approved", name, number)
                faults.append(f"version {number} answers in its place")
                return approved
        return None

    def _remember(self, decided: Pointer, now: Approved | None) -> None:
        """Keep the decision that is in effect as the one to fall back to."""
        if now and now.live == now.pointer.live != decided.live:
            try:
                pointer.write(self._settings.pointers / BEFORE, now.pointer, self._settings.secret)
            except OSError as error:
                log.warning("The decision before the newest could not be kept: %s", error)

    def _swap(self, name: str, approved: Approved | None, faults: list[str]) -> None:
        models = dict(self.table.models)
        told = {known: fault for known, fault in self.table.faults.items() if known != name}
        if approved:
            models[name] = approved
            log.info("%s %s is live", name, approved.live)
        if faults:
            told[name] = "; ".join(faults)
        self.table = replace(self.table, models=models, faults=told)

    def _drop(self, name: str) -> None:
        """Stop to answer for a model whose pointer was withdrawn."""
        log.info("%s is served no more", name)
        self._seen.pop(name, None)
        models = {known: model for known, model in self.table.models.items() if known != name}
        faults = {known: fault for known, fault in self.table.faults.items() if known != name}
        self.table = replace(self.table, models=models, faults=faults)
        with contextlib.suppress(OSError):
            (self._settings.pointers / BEFORE / f"{name}.json").unlink(missing_ok=True)


def _check_newer(decided: Pointer, now: Approved | None) -> None:
    if now and decided.sequence < now.pointer.sequence:
        raise UntrustedFile(
            f"A decision about {decided.name} must come after the one in effect ({now.pointer.sequence}), got "
            f"{decided.sequence}: an old pointer was put back. Decide again, or restart where the registry began anew."
        )


def _pointers(folder: Path) -> dict[str, tuple[Path, Stamp]]:
    found = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat()
                    found[entry.name.removesuffix(".json")] = (
                        Path(entry.path),
                        (status.st_ino, status.st_mtime_ns, status.st_size),
                    )
    return found


def _missing(model: Approved) -> tuple[str, ...]:
    return tuple(f"{number}/{name}" for number, one in model.versions.items() for name in one.missing_files())


def _within(seconds: float, make: Callable[[], T]) -> T:
    """What ``make`` gives, on a thread that is left behind when it takes too long."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(make())
        except BaseException as error:  # it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, name="load a version", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"A version must load within {seconds:g} s, and did not.") from None


@contextlib.contextmanager
def _surviving(what: str) -> Iterator[None]:
    try:
        yield
    except Exception:  # the next look may find things in order again
        log.exception("%s", what)
