"""How a table is written, wherever it lies, and its rows, batch by batch."""

import codecs
import csv
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.problem import Api, Csv, Source
from pipeline.sources import delimited, files, reader, records
from pipeline.sources.columns import Columns
from pipeline.sources.landing import filled

DELIMITERS = ",;\t|"
LINES = 200
"""Of a CSV file, by which its delimiter is told."""
TOLD = re.compile(r"\ufeff?\"?sep=.\"?\s*$", re.IGNORECASE)
"""What spreadsheets are told of the delimiter, above the header."""
SUFFIXES = (".csv", ".parquet", ".jsonl", ".gz", ".zip")
MOST_RAGGED = 0.01
"""Lines by the rows that there are."""
FEW = 2
"""So many columns may have a header of one value: that of the rows' names is left out by some."""
FITS = 0.5
"""The share of the lines that have as many columns as the first, where that is the header."""


@dataclass(frozen=True)
class Table:
    """A table to look at.

    Attributes:
        source: where it comes from and how it is written, as the problem file says it.
        batches: all its rows, once, in parts that are worth the work on each column.
        ragged: lines that have more or fewer values than there are columns, once the batches were gone through.
    """

    source: Source
    names: list[str]
    batches: Iterable[pa.Table]
    ragged: list[str]

    def even(self, rows: int) -> "Table":
        """The table without its ragged lines, where these are few beside so many rows.

        Raises:
            DataError: they are not.
        """
        if not self.ragged:
            return self
        lost = sum(1 + line.count("\n") for line in self.ragged)  # a quote that is not closed takes many with it
        if lost > MOST_RAGGED * rows:
            raise delimited.uneven(self.source.address, f"{lost:,} lines, such as {self.ragged[0]}")
        return replace(self, source=_skipping(self.source))


def _skipping(source: Source) -> Source:
    return source.model_copy(update={"csv": source.csv.model_copy(update={"ragged": "skip"})})


@contextmanager
def opened(source: Source) -> Iterator[Table]:
    """The table that a source has. What lies elsewhere is copied, and the copy is gone at the end.

    Raises:
        DataError: it is not there, or can't be read as what it is said to be.
    """
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        found = reader.fetched(source, Path(source.path or ""), Path(folder) / "fetched")
        if source.api:
            found = [_spooled(source.api, Path(folder) / "records.jsonl")]
        if source.path is not None and not found:
            raise DataError(f"{source.path} must be a file, and {_instead(Path(source.path))}")
        if source.path and source.kind == "csv":
            source = source.model_copy(update={"csv": dialect_of(found[0])})
        names = _names(found, source)
        names = names and list(dict.fromkeys([*names, *files.folders(found[0])]))
        columns = Columns(names)
        ragged: list[str] = []
        rows = iter(
            records.read(found, columns) if source.api else reader.read(found, _skipping(source), columns, ragged)
        )
        first = next(rows)
        yield Table(source, first.column_names, filled(chain([first], rows)), ragged)


def _spooled(described: Api, file: Path) -> Path:
    """The records that an API gives, a line each."""
    from pipeline.sources import api

    with file.open("w") as lines:
        lines.writelines(f"{json.dumps(record)}\n" for record in api.read(described))
    return file


def _names(found: list[Path], source: Source) -> list[str] | None:
    """The names of the columns; None where the rows tell them."""
    if not found:
        return None
    names = records.names(found) if source.api else reader.names(found, source)
    if source.kind == "csv" and not source.api and all(_is_number(name) for name in names):
        raise DataError(f"{found[0]} must name its columns in its first line, and begins with {', '.join(names[:5])}.")
    return names


def _instead(path: Path) -> str:
    """What there is in the place of a file."""
    if path.is_dir():
        inside = Counter(one.suffix for one in path.rglob("*") if one.suffix in SUFFIXES)
        suffix = max(inside, key=inside.__getitem__, default="")
        return f"is a folder. Name the files in it: '{path}/**/*{suffix}'."
    near = sorted(one.name for one in path.parent.glob("*") if one.suffix in SUFFIXES)
    return "there is none." + (f" Beside it are {', '.join(near[:8])}." if near else "")


def dialect_of(file: Path) -> Csv:
    """How a CSV file is written: its encoding, by all of its bytes; delimiter and beginning, by its first lines."""
    encoding = _encoding(file)
    with files.opened(file) as raw:
        lines = list(islice(codecs.getreader(encoding)(raw), LINES))
    above = dict.fromkeys(DELIMITERS, 0)
    if max(_fit(lines, one)[0] for one in DELIMITERS) < FITS:
        above = {one: _above(lines, one) for one in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda one: _fit(lines[above[one] :], one))
    skip = above[delimiter]
    names = _names_of_all(lines[skip:], delimiter)
    return Csv(encoding=encoding, delimiter=delimiter, skip=skip + bool(names), names=names)


def _names_of_all(lines: list[str], delimiter: str) -> tuple[str, ...]:
    """The names of the columns, where the rows have one more than the header; else nothing.

    Some programs end each row with a delimiter and the header without; others have names of rows before the values.
    """
    header, *rows = [row for row in csv.reader(lines, delimiter=delimiter) if row] or [[]]
    whole = rows if len(lines) < LINES else rows[:-1]  # the last may go on below
    more = [row for row in whole if len(row) == len(header) + 1]
    if len(header) < FEW or len(more) < FITS * len(whole) or not more or len(set(header)) < len(header):
        return ()
    if any(row[-1].strip() for row in more):
        return "column 1", *header
    return *header, f"column {len(header) + 1}"


def _encoding(file: Path) -> str:
    with files.opened(file) as raw:
        first = raw.read(4)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0\0" in (first[1::2], first[::2]):
        return "utf-16-le" if first[0] else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            delimited.undecoded(file, encoding)
        except DataError:
            continue
        return encoding
    return "latin-1"


def _above(lines: list[str], delimiter: str) -> int:
    """How many lines stand above the header."""
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    width = max(widths, key=lambda one: (widths[one], one), default=1)
    rows = (next(csv.reader([line], delimiter=delimiter), []) for line in lines)
    return next((place for place, row in enumerate(rows) if not _is_above(row, delimiter, width)), 0)


def _is_above(row: list[str], delimiter: str, width: int) -> bool:
    """Whether a row is no header of so many columns: a title or a remark, which has one value at most, or nothing."""
    alone = sum(map(bool, map(str.strip, row))) < 2 and (width > FEW or not row)
    told = bool(TOLD.match(delimiter.join(row)))
    return alone or told or (row[0].startswith("#") and len(row) != width)


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter parts lines into the columns of the first: the share of them, and how many columns."""
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    if not rows or len(rows[0]) < 2 or _is_above(rows[0], delimiter, len(rows[0])):
        return 0.0, 1
    whole = rows if len(rows) < LINES else rows[:-1]  # the last may go on below
    return sum(len(row) == len(rows[0]) for row in whole) / len(whole), len(rows[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
