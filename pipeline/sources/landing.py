"""A table as it lands: Parquet parts of one schema, each of so many rows, whatever sizes it came in."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import disk, tables

ROWS_PER_PART = 131_072
CELLS_PER_PART = 1 << 24
"""Of a wide table, a part has fewer rows."""


class Landing:
    """Parts that are written into a folder, one after another."""

    def __init__(self, folder: Path, told: Callable[[int], None] = lambda _: None) -> None:
        self._folder, self._told = folder, told
        self._parts: list[pa.Schema] = []
        self.rows = 0

    def write(self, batches: Iterable[pa.Table]) -> None:
        """Write the rows in parts; a part is on its way to the disk while the next is read.

        Parts may differ in what their columns can hold: they are made alike once all is known. A table that has no
        rows is a part without rows where it is the only one.
        """
        with ThreadPoolExecutor(1) as writer:
            before = None
            for table in filled(batches):
                written = writer.submit(self._write, table, len(self._parts))
                self._add(table.schema, table.num_rows)
                if before:
                    before.result()
                before = written
            if before:
                before.result()
        self._align()

    def copy(self, file: Path, schema: pa.Schema, rows: int) -> None:
        """Take a Parquet file up as it is, as a part."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = tables.part_path(self._folder, len(self._parts))
        shutil.copyfile(file, part)
        disk.begin_writing(part)
        self._add(schema, rows)

    def _add(self, schema: pa.Schema, rows: int) -> None:
        self._parts.append(schema)
        self.rows += rows
        self._told(self.rows)

    def _write(self, table: pa.Table, number: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = tables.part_path(self._folder, number)
        pq.write_table(table, part, compression="snappy")
        disk.begin_writing(part)

    def _align(self) -> None:
        """Give every part the schema that holds the values of all; a column without any value is text."""
        told = common(self._parts)
        schema = pa.schema([field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in told])
        for number, one in enumerate(self._parts):
            if one != schema:
                path = tables.part_path(self._folder, number)
                table = pq.read_table(path, partitioning=None)
                columns = [as_type(table[field.name], field.type) for field in schema]
                pq.write_table(pa.table(columns, schema), path, compression="snappy")


def common(schemas: list[pa.Schema]) -> pa.Schema:
    """The schema that holds the values of all: nothing is rounded, and what has no other way is text."""
    first = schemas[0]
    if all(schema == first for schema in schemas):
        return first
    return pa.schema([(name, wider([schema.field(name).type for schema in schemas])) for name in first.names])


def wider(types: list[pa.DataType]) -> pa.DataType:
    """The type that holds the values of all of these."""
    some = list(dict.fromkeys(one for one in types if not pa.types.is_null(one)))
    if len(some) <= 1:
        return some[0] if some else pa.null()
    if all(pa.types.is_signed_integer(one) for one in some):
        return max(some, key=lambda one: one.bit_width)
    if all(pa.types.is_floating(one) or (pa.types.is_integer(one) and one.bit_width <= 32) for one in some):
        return pa.float64()
    if all(pa.types.is_timestamp(one) for one in some) and len({one.tz for one in some}) == 1:
        return pa.timestamp("us", some[0].tz)
    return pa.string()


def as_type(column: pa.ChunkedArray, to: pa.DataType) -> pa.ChunkedArray:
    """The same values in a wider type."""
    return column if column.type == to else column.cast(to)


def rows_per_part(columns: int) -> int:
    """How many rows a part has of a table of so many columns."""
    return min(ROWS_PER_PART, max(1, CELLS_PER_PART // max(1, columns)))


def filled(batches: Iterable[pa.Table]) -> Iterable[pa.Table]:
    """The same rows in full parts; the last has what is left, and the only one may have none."""
    waiting: list[pa.Table] = []
    count, full = 0, False
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        size = rows_per_part(batch.num_columns)
        while count >= size:
            full = True
            table = joined(waiting)
            yield table.slice(0, size)
            waiting = [table.slice(size)]
            count -= size
    if count or (waiting and not full):
        yield joined(waiting)


def joined(some: list[pa.Table]) -> pa.Table:
    """One table of several, in the type that holds the values of all."""
    schema = common([one.schema for one in some])
    alike = [
        one
        if one.schema == schema
        else pa.table([as_type(one[name], schema.field(name).type) for name in schema.names], schema)
        for one in some
    ]
    return pa.concat_tables(alike)
