"""Files that lie elsewhere, fetched whole before they are read: over HTTPS, or by what fsspec opens."""

from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import httpx

from pipeline.errors import DataError
from pipeline.problem.origin import address
from pipeline.sources import secret
from pipeline.sources.deadline import Deadline
from pipeline.sources.web import Server

SECONDS = 3600.0
"""For all the files of a source together."""


def fetch(url: str, options: dict[str, Any], into: Path, day: date | None = None) -> list[Path]:
    """Copies of the files that a URL or a pattern means, in the order of their names.

    Raises:
        DataError: there are none, or one can't be had whole.
    """
    where, deadline = address(url), Deadline(SECONDS, address(url))
    into.mkdir(parents=True)
    secrets = [*secret.of(url), *secret.of(options)]
    with secret.kept(secrets):
        filled = secret.filled(secret.with_day(url, day))
        if filled.startswith(("http://", "https://")):
            file = into / (PurePosixPath(httpx.URL(filled).path).name or "rows")
            with Server(secret.all_filled(options.get("headers", {})), deadline, secrets) as server:
                server.get(httpx.URL(filled), file)
            return [file]
        return deadline.call(lambda: _copied(filled, secret.all_filled(options), into, where))


def _copied(url: str, options: dict[str, Any], into: Path, where: str) -> list[Path]:
    import fsspec

    try:
        system, pattern = fsspec.url_to_fs(url, **options)
        found = sorted(system.glob(pattern)) if any(mark in pattern for mark in "*?[") else [pattern]
        files = [_copy_of(name, number, into) for number, name in enumerate(found)]
        for name, file in zip(found, files, strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(name, str(file))
            size = system.size(name)
            if file.stat().st_size != size:
                raise DataError(f"{where} must be had whole, and {file.stat().st_size:,} of {size:,} bytes came.")
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"{where} must be there and readable, and is not: {type(error).__name__}: {error}") from None
    if not files:
        raise DataError(f"{where} must have files, and has none.")
    return files


def _copy_of(name: str, number: int, into: Path) -> Path:
    """Where a file is copied to: in folders that tell of its rows what those tell that it lies in."""
    *above, last = PurePosixPath(name).parts
    return into.joinpath(*(part for part in above if "=" in part), f"{number:05}-{last}")
