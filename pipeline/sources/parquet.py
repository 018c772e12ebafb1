"""Parquet: files that are what is wanted are taken as they are, others part by part."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import tables
from pipeline.errors import DataError
from pipeline.sources.columns import Columns
from pipeline.sources.landing import ROWS_PER_PART

MOST_ROWS = 1 << 20
"""Of a group of rows, which is read at once."""


def schemas(files: list[Path], columns: Columns) -> list[pa.Schema]:
    """The schema of the wanted columns of each file.

    Raises:
        DataError: a file is no whole Parquet file, or lacks a column.
    """
    found = []
    for file in files:
        with whole(file):
            schema = flat(pq.read_schema(file))
        if twice := sorted(name for name, count in Counter(schema.names).items() if count > 1):
            raise DataError(f"{file} must name each column once, and names {', '.join(twice)} more than once.")
        columns.take({field.name: str(field.type) for field in schema}, str(file))
        found.append(pa.schema([schema.field(name).remove_metadata() for name in columns.wanted]))
    return found


def as_they_are(files: list[Path], found: list[pa.Schema]) -> bool:
    """Whether the files can be parts as they are: alike, flat, and no group of rows too large to be read at once."""
    if any(schema != found[0] for schema in found):
        return False
    for file in files:
        about = pq.read_metadata(file)
        nested = any(pa.types.is_nested(field.type) for field in pq.read_schema(file))
        if nested or any(about.row_group(group).num_rows > MOST_ROWS for group in range(about.num_row_groups)):
            return False
    return True


def read(file: Path, columns: Columns) -> Iterator[pa.Table]:
    """The rows of a file, of the wanted columns, which are read to their last byte.

    Raises:
        DataError: a part of the file is not what was written.
    """
    with whole(file), pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False) as opened:
        for batch in opened.iter_batches(ROWS_PER_PART, columns=columns.wanted):
            table = flattened(pa.Table.from_batches([batch])).select(columns.wanted)
            yield tables.plain(table).replace_schema_metadata()


def flat(schema: pa.Schema) -> pa.Schema:
    """The schema with what is nested as columns of their own: ``address.city``."""
    return flattened(schema.empty_table()).schema


def flattened(table: pa.Table) -> pa.Table:
    """The table with what is nested as columns of their own."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


@contextmanager
def whole(file: Path) -> Iterator[None]:
    """Read a Parquet file within this.

    Raises:
        DataError: a part of the file is not what was written.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        raise DataError(
            f"{file} must be a whole Parquet file as it was written, and is not: {str(error).splitlines()[0]}"
        ) from None
