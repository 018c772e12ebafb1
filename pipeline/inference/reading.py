"""How a table is written, and its rows, batch by batch."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.problem import Csv
from pipeline.sources import delimited, files, parquet, records
from pipeline.sources.columns import Columns
from pipeline.sources.landing import filled

DELIMITERS = ",;\t|"
LINES = 200
"""Of a CSV file, by which its delimiter is told."""


@dataclass(frozen=True)
class Table:
    """A table on disk.

    Attributes:
        csv: how its text is written; None where it is no CSV.
    """

    path: str
    kind: str
    files: list[Path]
    names: list[str]
    csv: Csv | None = None

    def batches(self) -> Iterator[pa.Table]:
        """All its rows, in parts that are worth the work on each column."""
        yield from filled(self._batches())

    def _batches(self) -> Iterator[pa.Table]:
        columns = Columns(self.names)
        if self.csv:
            yield from delimited.read(self.files, self.csv, columns, [])
        elif self.kind == "parquet":
            parquet.schemas(self.files, columns)
            for file in self.files:
                yield from parquet.read(file, columns)
        else:
            yield from records.read(self.files, columns)


def opened(path: str, kind: str) -> Table:
    """The table at a path, or at those that a pattern means.

    Raises:
        DataError: there is no such file, or it can't be read as what its name says it is.
    """
    found = files.matching(Path(path))
    if not found:
        near = sorted(
            one.name for one in Path(path).parent.glob("*") if one.suffix in (".csv", ".parquet", ".gz", ".zip")
        )
        beside = f" Beside it are {', '.join(near[:8])}." if near else ""
        raise DataError(f"{path} must be a file, and there is none.{beside}")
    if kind == "parquet":
        columns = Columns([])
        parquet.schemas(found, columns)
        return Table(path, kind, found, list(columns.found))
    if kind == "jsonl":
        columns = Columns([])
        for _ in islice(records.read(found, columns), 1):
            pass
        return Table(path, kind, found, list(columns.found))
    dialect = dialect_of(found[0])
    names = delimited.header(found[0], dialect)
    if all(_is_number(name) for name in names):
        raise DataError(f"{found[0]} must name its columns in its first line, and begins with {', '.join(names[:5])}.")
    return Table(path, kind, found, names, dialect)


def dialect_of(file: Path) -> Csv:
    """How a CSV file is written: its encoding, by all of its bytes, and its delimiter, by its first lines."""
    encoding = _encoding(file)
    with files.opened(file) as raw:
        lines = list(islice(codecs.getreader(encoding)(raw), LINES))
    return Csv(encoding=encoding, delimiter=max(DELIMITERS, key=lambda one: _fit(lines, one)))


def _encoding(file: Path) -> str:
    with files.opened(file) as raw:
        if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        try:
            delimited.undecoded(file, encoding)
        except DataError:
            continue
        return encoding
    return "latin-1"


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter parts lines into the columns of the first: the share of them, and how many columns."""
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    if not rows or len(rows[0]) < 2:
        return 0.0, 1
    whole = rows if len(rows) < LINES else rows[:-1]  # the last may go on below
    return sum(len(row) == len(rows[0]) for row in whole) / len(whole), len(rows[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
