"""What is asked of a disk, and what it refused, told so that its reader can mend it."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DiskError


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Work in ``folder`` (which need not be there yet).

    Raises:
        DiskError: the disk refused the work.
    """
    try:
        yield
    except OSError as error:
        message = fault(error, folder)
        if message is None:
            raise
        raise DiskError(message) from error


def begin_writing(file: Path) -> None:
    """Let the system bring a whole file to the disk while other work goes on: a sync later has less to wait for.

    The advice says that the file isn't needed any more; what has not reached the disk stays in memory nevertheless.
    """
    handle = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def fault(error: Exception, folder: Path) -> str | None:
    """What the disk refused while ``folder`` was worked on, and what to do; None where the error is of another kind.

    Libraries pass on the system's number, or only its words, or (as NumPy) neither when a disk is full.
    """
    named = Path(error.filename) if isinstance(error, OSError) and error.filename else folder
    there = _there(named)
    match _number(error):
        case errno.ENOSPC | errno.EDQUOT:
            return _full(there, folder)
        case errno.EACCES | errno.EPERM | errno.EROFS as number:
            reason = f"{os.strerror(number)}; it belongs to user {there.stat().st_uid}"
            return f"{_shown(there)} must be open to user {os.getuid()}, and is not: {reason}."
        case errno.ENOTDIR | errno.EEXIST if not there.is_dir():
            return f"{there} must be a folder, and is a file. Name another folder, or move the file away."
        case errno.EIO:
            return f"The disk of {_shown(there)} must work, and it failed: {error}. The system's log may tell more."
        case None if isinstance(error, OSError) and _free(_fullest(folder)) == 0:
            return _full(there, folder)
    return None


def _number(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    told = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
    return next((number for number in told if os.strerror(number) in str(error)), None)


def _full(there: Path, folder: Path) -> str:
    place = _fullest(there)
    disk = os.statvfs(place)
    room = f"{_size(disk.f_bavail * disk.f_frsize)} of {_size(disk.f_blocks * disk.f_frsize)}"
    files = f" and {disk.f_favail:,} of {disk.f_files:,} files" if disk.f_files else ""
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    needed = f"more is needed than the {_size(written)} that were written by then" if written else "more is needed"
    return (
        f"Disk full at {_shown(place)}: {room}{files} are free, and {needed}. "
        "Free some and run again: what is finished stays."
    )


def _shown(there: Path) -> Path:
    """The folder as a person knows it, who has never seen one that is made aside."""
    folder = there if there.is_dir() else there.parent
    aside = [one for one in (folder, *folder.parents) if one.name.startswith(".") and one.name.endswith(".aside")]
    return aside[-1].parent if aside else folder


def _fullest(folder: Path) -> Path:
    """The folder, or the one for temporary files where that has less left of a disk of its own."""
    there, temporary = _there(folder), Path(tempfile.tempdir or folder)
    if _there(temporary).stat().st_dev == there.stat().st_dev:
        return there
    return min(there, temporary, key=_free)


def _free(folder: Path) -> float:
    """The share of the disk that is free: of its bytes or, if that is less, of its files."""
    disk = os.statvfs(folder)
    return min(disk.f_bavail / disk.f_blocks, disk.f_favail / disk.f_files if disk.f_files else 1.0)


def _there(path: Path) -> Path:
    """The path, or the first folder above it that is there."""
    path = path.absolute()
    return next(one for one in (path, *path.parents) if one.exists())


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
