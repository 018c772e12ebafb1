"""CSV: every value stays the text that it is. Rows are those that Python's csv module reads."""

import codecs
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv

from pipeline.errors import DataError
from pipeline.problem import Csv
from pipeline.sources.columns import TEXT, Columns
from pipeline.sources.files import opened

BLOCK_BYTES = 1 << 22
SHOWN_CHARACTERS = 200
OTHERS = {
    b"PAR1": "Parquet, which its name does not say",
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"\x1f\x8b": "packed by gzip, which its name does not say",
    b"ARROW1": "Arrow's Feather",
    b"ORC": "ORC",
    b"SQLite format 3\0": "a database of SQLite",
    b"\x89HDF": "HDF5",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
}
"""What files of other kinds begin with."""
csv.field_size_limit(sys.maxsize)  # what is too long is for a rule to say


def read(files: list[Path], dialect: Csv, columns: Columns, ragged: list[str]) -> Iterator[pa.Table]:
    """The rows of the files, of the wanted columns; lines that are ``ragged`` and may be are kept there.

    Raises:
        DataError: a file is empty, lacks a column, or is no text as it is said to be.
    """
    for file in files:
        names = header(file, dialect)
        columns.take(dict.fromkeys(names, TEXT), str(file))
        before = len(ragged)
        try:
            yield from _batches(file, names, dialect, columns.wanted, ragged)
        except (pa.ArrowInvalid, UnicodeError) as error:
            undecoded(file, dialect.encoding)
            raise uneven(str(file), str(error)) from None
        ragged[before:] = [f"{file.name}: {line}" for line in ragged[before:]]


def uneven(file: str, why: str) -> DataError:
    """The error of a file whose lines have not as many values as it has columns."""
    return DataError(
        f"{file} must be CSV with as many values in each row as its header, and is not: {why[:SHOWN_CHARACTERS]}\n"
        "Where lines stand above the header, say how many: csv = { skip = 1 }. "
        "Where some lines are no rows, have them kept aside: csv = { ragged = 'skip' }."
    )


def header(file: Path, dialect: Csv) -> list[str]:
    """The names of the columns; where several have none, each of these is called by its place.

    Raises:
        DataError: the file is empty, or no text, or its header names a column twice.
    """
    with opened(file) as bytes_in:
        begins = bytes_in.read(SHOWN_CHARACTERS)
    other = next((what for mark, what in OTHERS.items() if begins.startswith(mark)), "")
    if other and min(begins) < ord("\t"):  # a header may begin so, and is text
        raise DataError(f"{file} must be CSV, and is {other}. Save its rows as CSV, Parquet or JSON lines.")
    with opened(file) as bytes_in:
        encoding = "utf-8-sig" if codecs.lookup(dialect.encoding).name == "utf-8" else dialect.encoding
        text = io.TextIOWrapper(bytes_in, encoding=encoding, newline="")
        try:
            for _ in range(dialect.skip):
                text.readline()
            names = next(csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote), [])
        except UnicodeError:
            undecoded(file, dialect.encoding)
            raise
        finally:
            text.detach()
    if not names:
        raise DataError(f"{file} must have a header, and is empty (0 rows).")
    if dialect.names:
        if len(names) != len(dialect.names):
            raise DataError(f"{file} must have the {len(dialect.names)} columns of csv.names, and has {len(names)}.")
        return list(dialect.names)
    if names.count("") > 1:  # as those that are empty beside a spreadsheet's table
        names = [name or called for name, called in zip(names, _places(names), strict=True)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{file} must name each column once, and names {', '.join(twice)} more than once. "
            f"Give all names in its place: csv = {{ skip = {dialect.skip + 1}, names = [...] }}."
        )
    return names


def _places(names: list[str]) -> list[str]:
    """What columns without a name are called."""
    return [f"column {place}" for place in range(1, len(names) + 1)]


def undecoded(file: Path, encoding: str) -> None:
    """Tell the first byte that is no text in this encoding, where there is one.

    Raises:
        DataError: there is one.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line = 0, 1
    with opened(file) as bytes_in:
        while block := bytes_in.read(BLOCK_BYTES):
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeError as error:
                start = error.start if isinstance(error, UnicodeDecodeError) else 0
                good = error.object[:start] if isinstance(error, UnicodeDecodeError) else b""
                line += good.count(b"\n")
                raise DataError(
                    f"{file} must be text in {encoding}, and is not: line {line}, byte {offset - pending + start}. "
                    f"Save it so, or set its encoding: csv = {{ encoding = {_guess(file)!r} }}."
                ) from None
            offset += len(block)


def _guess(file: Path) -> str:
    """The encoding that is most likely, by how the file begins."""
    with opened(file) as bytes_in:
        return "utf-16" if bytes_in.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "latin-1"


def _batches(file: Path, names: list[str], dialect: Csv, wanted: list[str], ragged: list[str]) -> Iterator[pa.Table]:
    """The rows of a file as it is read; at least one table, even if it has no rows."""

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(row.text)
        return "skip"

    text = dict.fromkeys(names, pa.string())
    convert = pyarrow.csv.ConvertOptions(column_types=text, include_columns=wanted, strings_can_be_null=False)
    parse = pyarrow.csv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote,
        newlines_in_values=True,
        invalid_row_handler=skip if dialect.ragged == "skip" else None,
    )
    called = not dialect.names and not set(names).isdisjoint(_places(names))
    how = pyarrow.csv.ReadOptions(
        block_size=BLOCK_BYTES,
        skip_rows=dialect.skip,
        column_names=names if called or dialect.names else None,
        skip_rows_after_names=int(called),
    )
    with opened(file) as bytes_in:
        plain = codecs.lookup(dialect.encoding).name == "utf-8"
        text_in = (
            bytes_in if plain else pa.transcoding_input_stream(pa.PythonFile(bytes_in, "r"), dialect.encoding, "utf-8")
        )
        with pyarrow.csv.open_csv(Blocks(text_in), how, parse, convert) as batches:
            yield batches.schema.empty_table()
            for batch in batches:
                yield pa.Table.from_batches([batch])


class Blocks(io.RawIOBase):
    """Bytes in blocks of which none ends between CR and LF: Arrow loses an LF there, if both are in quotes."""

    def __init__(self, bytes_in: IO[bytes]) -> None:
        self._bytes, self._held = bytes_in, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._held + self._bytes.read(size - len(self._held))
        self._held = b"\r" if len(block) > 1 and block.endswith(b"\r") else b""
        return block[: len(block) - len(self._held)]
