"""Files as people leave them: one or several by a pattern, as they are or packed."""

import bz2
import glob
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from bundle import digest
from pipeline.errors import DataError

NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""What a folder is called whose rows have no value."""
PACKED: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def matching(place: Path) -> list[Path]:
    """The files that a path or a pattern means, by name; none where there is no file."""
    if not glob.has_magic(str(place)):
        return [place] if place.is_file() else []
    found = map(Path, glob.glob(str(place), recursive=True))  # noqa: PTH207 - the pattern may begin at the root
    return sorted(path for path in found if path.is_file())


def content(place: Path, sha256: Callable[[Path], str]) -> str | None:
    """The digest of what a path or a pattern means: of several files, of their names and bytes; None without any."""
    found = matching(place)
    if not glob.has_magic(str(place)):
        return sha256(place) if found else None
    above = os.path.commonpath([path.parent for path in found]) if found else ""
    return digest.of_json({path.relative_to(above).as_posix(): sha256(path) for path in found}) if found else None


def folders(file: Path) -> dict[str, str | None]:
    """What the folders of a file tell of all its rows, as Hive calls them: ``year=2013/month=11``."""
    told = (part.partition("=") for part in file.parent.parts)
    return {name: None if value == NOTHING else unquote(value) for name, equals, value in told if name and equals}


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked.

    Raises:
        DataError: it is not packed as its name says, or only a part of it is there.
    """
    try:
        with _unpacked(file) as bytes_in:
            yield bytes_in
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, zipfile.error) as error:
        raise DataError(f"{file} must be a whole {file.suffix[1:]} archive, and is not: {error}.") from None


@contextmanager
def _unpacked(file: Path) -> Iterator[IO[bytes]]:
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive, archive.open(_member(file, archive)) as member:
            yield member
    elif file.suffix == ".zst":
        import pyarrow as pa

        with pa.input_stream(str(file), compression="zstd") as unpacked:
            yield unpacked
    else:
        with PACKED.get(file.suffix, open)(file, "rb") as unpacked:
            yield unpacked


def _member(file: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise DataError(f"{file} must hold one file, and holds {', '.join(names) or 'none'}.")
    return names[0]
