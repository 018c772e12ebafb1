"""The rows of a source, of whatever kind it is."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa

from pipeline.problem import Source
from pipeline.sources import delimited, files, parquet, records
from pipeline.sources.columns import TEXT, Columns


def fetched(source: Source, local: Path, into: Path, day: date | None = None) -> list[Path]:
    """The files of a source on this machine: those at ``local``, or copies in ``into``; none where it is no file."""
    if source.path is None:
        return []
    if not source.remote:
        return files.matching(local)
    from pipeline.sources import elsewhere

    return elsewhere.fetch(source.path, source.options, into, day)


def read(
    found: list[Path], source: Source, columns: Columns, ragged: list[str], day: date | None = None
) -> Iterator[pa.Table]:
    """The rows of the files, or of what is no file, of the columns that are wanted.

    Raises:
        DataError: the source is not what it is said to be.
    """
    if source.sql:
        from pipeline.sources import sql

        time = None if source.clock.format else source.time
        yield from sql.read(source.sql, columns, time, day, source.clock.time_zone)
    elif source.api:
        from pipeline.sources import api

        yield from records.tables(api.read(source.api, day), columns, source.address)
    elif any(map(files.folders, found)):
        for file in found:
            yield from _with_folders(file, source, columns, ragged)
    else:
        yield from _of_files(found, source, columns, ragged)


def names(found: list[Path], source: Source) -> list[str]:
    """The names of the columns that the files have, whatever their folders tell.

    Raises:
        DataError: a file is not what it is said to be.
    """
    if source.kind == "csv":
        return delimited.header(found[0], source.csv)
    if source.kind == "jsonl":
        return records.names(found)
    columns = Columns()
    parquet.schemas(found, columns)
    return columns.wanted


def _of_files(found: list[Path], source: Source, columns: Columns, ragged: list[str]) -> Iterator[pa.Table]:
    if source.kind == "csv":
        yield from delimited.read(found, source.csv, columns, ragged)
    elif source.kind == "jsonl":
        yield from records.read(found, columns)
    else:
        parquet.schemas(found, columns)
        for file in found:
            yield from parquet.read(file, columns)


def _with_folders(file: Path, source: Source, columns: Columns, ragged: list[str]) -> Iterator[pa.Table]:
    """The rows of a file, with the columns that its folders tell and it has not."""
    own = names([file], source)
    told = {name: value for name, value in files.folders(file).items() if name not in own}
    inside = Columns([name for name in columns.wanted if name not in told])
    for table in _of_files([file], source, inside, ragged):
        rows = len(table)
        whole = {name: pa.repeat(pa.scalar(value, pa.string()), rows) for name, value in told.items()}
        yield pa.table({name: whole[name] if name in whole else table[name] for name in columns.wanted})
    if inside.found:
        columns.take(inside.found | dict.fromkeys(told, TEXT), str(file))
