"""JSON records as rows of text: numbers keep their digits, and what is nested becomes columns (``address.city``)."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.sources.columns import Columns
from pipeline.sources.files import opened

ROWS_AT_ONCE = 10_000
SHOWN_CHARACTERS = 80


class Digits(str):
    """A number, as it is written."""

    __slots__ = ()


DECODER = json.JSONDecoder(parse_int=Digits, parse_float=Digits, parse_constant=Digits)
KINDS = {Digits: "number", str: "text", bool: "boolean", list: "list"}


def read(files: list[Path], columns: Columns) -> Iterator[pa.Table]:
    """The records of the files, a line each, as tables of the wanted columns.

    Raises:
        DataError: a line is no record in JSON, or no record has a wanted column.
    """
    for file in files:
        found = Columns(columns.wanted)
        yield from tables(_lines(file), found, str(file))
        columns.found |= found.found


def names(files: list[Path]) -> list[str]:
    """Every name that a record of the files has, in the order in which they come.

    Raises:
        DataError: a line is no record in JSON.
    """
    return list(dict.fromkeys(name for file in files for record in _lines(file) for name in flat(record)))


def tables(records: Iterable[dict[str, Any]], columns: Columns, where: str) -> Iterator[pa.Table]:
    """The records as tables of the wanted columns; at least one table, even if there are no records.

    Raises:
        DataError: there are records, and none of them has a wanted column.
    """
    schema = pa.schema([(name, pa.string()) for name in columns.wanted])
    yield schema.empty_table()
    found: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for record in records:
        row = flat(record)
        for name, value in row.items():
            if value is not None and found.get(name, "null") != "text":
                found[name] = KINDS[type(value)] if found.get(name, "null") in ("null", KINDS[type(value)]) else "text"
            else:
                found.setdefault(name, "null")
        rows.append(row)
        if len(rows) == ROWS_AT_ONCE:
            yield _table(rows, schema)
            rows = []
    if found:
        columns.take(found, where)
    if rows:
        yield _table(rows, schema)


def decoded(text: str) -> Any:
    """What the JSON text says; its numbers are ``Digits``.

    Raises:
        ValueError: it is no JSON.
    """
    return DECODER.decode(text)


def flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The record with what is nested as values of its own."""
    row: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            row |= flat(value, f"{prefix}{name}.")
        else:
            row[f"{prefix}{name}"] = value
    return row


def as_text(value: Any) -> str | None:
    """A value as text; a list as JSON."""
    if value is None or isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else json.dumps(value)


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    columns = [_texts([as_text(row.get(name)) for row in rows]) for name in schema.names]
    return pa.table(columns, schema)


def _texts(values: list[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # JSON may hold half of a character
        return pa.array([value and value.encode(errors="replace").decode() for value in values], pa.string())


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with opened(file) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = decoded(line.decode())
            except ValueError as error:
                raise DataError(
                    f"{file} must have a record in JSON on each line, and line {number} is none ({error}): "
                    f"{line[:SHOWN_CHARACTERS].decode(errors='replace')}"
                ) from None
            if not isinstance(record, dict):
                how = " `jq -c '.[]'` makes lines of a list." if isinstance(record, list) else ""
                raise DataError(f"{file} must have a record in JSON on each line, and line {number} is no record.{how}")
            yield record
