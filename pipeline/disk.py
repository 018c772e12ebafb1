"""What a disk refused, told so that its reader can mend it."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DiskError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)


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


def fault(error: Exception, folder: Path) -> str | None:
    """What the disk refused while ``folder`` was worked on, and what to do; None where the error is of another kind.

    Libraries pass on the system's number, or only its words, or (as NumPy) neither when a disk is full.
    """
    place = _there(Path(error.filename).parent if isinstance(error, OSError) and error.filename else folder).absolute()
    match _number(error):
        case errno.ENOSPC | errno.EDQUOT:
            return _full(place, folder)
        case errno.EACCES | errno.EPERM | errno.EROFS as number:
            who = f"{os.strerror(number)} for user {os.getuid()}; it belongs to user {place.stat().st_uid}"
            return f"{place} must be a folder that can be read and written, and is not: {who}."
        case errno.ENOTDIR | errno.EEXIST:
            return f"{place} must be a folder, and is a file. Name another folder, or move the file away."
        case errno.EIO:
            return f"The disk of {place} must work, and it failed: {error}. What the system's log says of it is next."
    if isinstance(error, OSError) and error.errno is None and _free(_fullest(folder)) == 0:
        return _full(place, folder)
    return None


def _number(error: Exception) -> int | None:
    known = (*FULL, *REFUSED, *NO_FOLDER, errno.EIO)
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return next((number for number in known if os.strerror(number) in str(error)), None)


def _full(place: Path, folder: Path) -> str:
    place = _fullest(place)
    disk = os.statvfs(place)
    shown = place.parent if place.name.startswith(".") else place  # what is made aside is no name for a person
    room = f"{_size(disk.f_bavail * disk.f_frsize)} of {_size(disk.f_blocks * disk.f_frsize)}"
    files = f" and {disk.f_favail:,} of {disk.f_files:,} files" if disk.f_files else ""
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return (
        f"Disk full at {shown}: {room}{files} are free, and more is needed than the {_size(written)} that were "
        "written by then. Free some and run again: what is finished stays."
    )


def _fullest(folder: Path) -> Path:
    """The folder, or the one for temporary files where that has less left of its disk."""
    places = [_there(folder).absolute(), *([Path(tempfile.tempdir)] if tempfile.tempdir else [])]
    return min(places, key=_free)


def _free(folder: Path) -> float:
    """The share of the disk that is free: of its bytes or, if that is less, of its files."""
    disk = os.statvfs(folder)
    return min(disk.f_bavail / disk.f_blocks, disk.f_favail / disk.f_files if disk.f_files else 1.0)


def _there(path: Path) -> Path:
    """The path, or the first folder above it that is there."""
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
