"""Tables on disk: a folder of Parquet parts, worked on part by part with Dask, never in memory whole.

A part is an Arrow table whose categories stay dictionary-encoded: what holds of a category is worked out once for each
that there is, and not for each row. ``frame`` and ``whole`` give the same to pandas, as text.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import dask
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from dask import threaded

from pipeline import disk
from pipeline.problem import Column
from pipeline.progress import Advance, track

TARGET = "__target__"
"""The column of the answer from Features on."""
REASON = "__reason__"
"""The column that says why a row was set aside."""
PART_ROWS = 400_000
"""How many rows of a large file are one part, where its row groups allow it."""
TOGETHER = 8
"""So many parts are counted before what was counted is added up."""

Counted = TypeVar("Counted")
CATEGORY = pa.dictionary(pa.int32(), pa.string())
TYPES = {
    "number": pa.float64(),
    "integer": pa.float64(),  # an integer may be missing, and NaN is how a number says so
    "category": CATEGORY,
    "boolean": CATEGORY,  # true or false
    "time": pa.timestamp("us", "UTC"),
    "text": pa.string(),
}
PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


@dataclass(frozen=True)
class Part:
    """A file of a table, or of a large file some of its row groups."""

    path: Path
    groups: tuple[int, ...] | None = None


def times(text: pd.Series) -> pd.Series:
    """What the text in ISO 8601 says, in UTC; missing where it is no time."""
    return pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce").astype("datetime64[us, UTC]")


def schema(columns: dict[str, Column]) -> pa.Schema:
    """The Arrow schema of cleaned columns, the same for a part in which a column is empty."""
    return pa.schema([(name, TYPES[column.type]) for name, column in columns.items()])


def parts(folder: Path) -> list[Path]:
    """The Parquet files of a table, in order."""
    return sorted(folder.glob("*.parquet"))


def slices(folder: Path) -> list[Part]:
    """The parts of a table in order, none of which has many more rows than ``PART_ROWS``."""
    return [part for path in parts(folder) for part in _slices(path)]


def starts(folder: Path) -> list[int]:
    """The number of the first row of each of the ``slices`` of a table, and last that of all rows."""
    return [0, *accumulate(_rows(part) for part in slices(folder))]


def rows(files: Sequence[Path]) -> int:
    """How many rows the files have together."""
    return sum(pq.read_metadata(path).num_rows for path in files)


def _rows(part: Part) -> int:
    described = pq.read_metadata(part.path)
    if part.groups is None:
        return int(described.num_rows)
    return sum(described.row_group(group).num_rows for group in part.groups)


def part_path(folder: Path, number: int) -> Path:
    """Where part ``number`` of the table in ``folder`` is."""
    return folder / f"part-{number:05}.parquet"


def load(part: Path | Part, columns: list[str] | None = None, encoded: bool = False) -> pa.Table:
    """A part, or the named columns of it; each column is one chunk.

    Args:
        encoded: also text is dictionary-encoded, and not only categories.
    """
    if isinstance(part, Path):
        part = Part(part)
    described = pq.read_metadata(part.path)
    text = [field.name for field in described.schema.to_arrow_schema() if _is_text(field.type)] if encoded else []
    with pq.ParquetFile(
        part.path, metadata=described, memory_map=True, read_dictionary=text, page_checksum_verification=True
    ) as file:
        groups = range(file.num_row_groups) if part.groups is None else part.groups
        table = file.read_row_groups(list(groups), columns=columns, use_threads=False)
    return _open(plain(table)).unify_dictionaries().combine_chunks()


def _open(table: pa.Table) -> pa.Table:
    """The table of which any value may be missing, without what its file notes beside."""
    return table.cast(pa.schema([field.with_nullable(True).remove_metadata() for field in table.schema]))


def plain(table: pa.Table) -> pa.Table:
    """The table in types to compute with: a view of text is text, a UUID how it is written.

    A duration is its seconds, and a time of day those since midnight.
    """
    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.BaseExtensionType):
            table = table.set_column(place, field.name, _stored(one_chunk(table[field.name])))
        elif field.type in VIEWS:
            table = table.set_column(place, field.name, table[field.name].cast(VIEWS[field.type]))
        elif pa.types.is_duration(field.type) or pa.types.is_time(field.type):
            whole = pa.int32() if pa.types.is_time32(field.type) else pa.int64()
            seconds = pc.divide(table[field.name].cast(whole).cast(pa.float64()), PER_SECOND[field.type.unit])
            table = table.set_column(place, field.name, seconds)
    return table


def _stored(array: pa.ExtensionArray) -> pa.Array:
    """What an array of an extension holds."""
    if array.type != pa.uuid():
        return array.storage
    encoded = array.storage.dictionary_encode()
    texts = [str(UUID(bytes=one)) for one in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string()))


def frame(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """A part, or the named columns of it, for pandas: categories are text."""
    return to_pandas(load(path, columns))


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """The table for pandas: categories are text."""
    decoded: pd.DataFrame = table.cast(_decoded(table.schema)).to_pandas()
    return decoded


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """A column of a part."""
    return column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()


def together(folder: Path) -> pa.Table:
    """All of a table that fits into memory, such as a look-up; each column is one chunk."""
    return pa.concat_tables([load(path) for path in parts(folder)]).unify_dictionaries().combine_chunks()


def whole(folder: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """All of a table that fits into memory, such as a look-up, for pandas."""
    return pd.concat([frame(path, columns) for path in parts(folder)], ignore_index=True)


def write(table: pa.Table, folder: Path, number: int) -> None:
    """Write one part of a table; every part must have the same columns.

    A column without missing values is marked as required, which is read in three quarters of the time. A dictionary is
    small and slow to make: a float32 that is required is packed without one in half the time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fields = [
        field.with_nullable(column.null_count > 0) for field, column in zip(table.schema, table.columns, strict=True)
    ]
    text = [field.name for field in fields if pa.types.is_string(field.type)]
    plain = [field.name for field in fields if field.type == pa.float32() and not field.nullable]
    path = part_path(folder, number)
    pq.write_table(
        pa.Table.from_arrays(table.columns, schema=pa.schema(fields)),
        path,
        use_dictionary=[name for name in table.column_names if name not in plain],
        compression=dict.fromkeys(table.column_names, "none")
        | dict.fromkeys(text, "snappy")
        | dict.fromkeys(plain, "lz4"),
        write_statistics=[field.name for field in fields if pa.types.is_timestamp(field.type)],
    )
    disk.begin_writing(path)


def extent(path: Path, time: str) -> tuple[tuple[int, int] | None, int]:
    """The first and the last of a part's times, in microseconds, and how many are missing: as ``write`` noted them.

    A part without times has no first and no last.
    """
    described = pq.read_metadata(path)
    place = described.schema.names.index(time)
    groups = [described.row_group(group) for group in range(described.num_row_groups)]
    noted = [group.column(place).statistics for group in groups if group.num_rows]
    spans = [(one.min_raw, one.max_raw) for one in noted if one.has_min_max]
    missing = sum(one.null_count for one in noted)
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None, missing


def set_aside(rows: pa.Table, reasons: str | list[str], folder: Path, number: int) -> None:
    """Write rows with their reasons (or one for all), after those of the same part that were set aside before.

    No file is written where there are none.
    """
    if not rows.num_rows:
        return
    why = pa.repeat(reasons, rows.num_rows) if isinstance(reasons, str) else pa.array(reasons, pa.string())
    told = rows.append_column(REASON, why)
    before = part_path(folder, number)
    write(pa.concat_tables([load(before), told]) if before.exists() else told, folder, number)


def reasons(aside: Path) -> Counter[str]:
    """How many rows were set aside, by reason."""
    counts: Counter[str] = Counter()
    for path in parts(aside):
        values, rows = pc.value_counts(load(path, [REASON])[REASON]).flatten()
        counts.update(dict(zip(values.to_pylist(), rows.to_pylist(), strict=True)))
    return counts


def over(parts: Sequence[Any], work: Callable[[int, Any], Counted], what: str, first: int = 0) -> list[Counted]:
    """Do ``work(number, part)`` for each of ``parts``, some at a time; what it returns, in their order.

    Numbers go from ``first`` on.

    ``work`` loads its part itself, so that no more parts are in memory than are worked on. Where the environment names
    a ``DASK_SCHEDULER_ADDRESS``, the processes of its workers do it: so ``work`` must be picklable, returns what it
    counts, and leaves everything else in files. Otherwise threads do it here.
    """
    steps = [dask.delayed(work, pure=False)(number, part) for number, part in enumerate(parts, first)]
    return _computed(steps, what)


def added(
    parts: Sequence[Any], work: Callable[[int, Any], Counted], add: Callable[[Counted, Counted], Counted], what: str
) -> Counted:
    """What ``work(number, part)`` returns, added up over all ``parts``, in memory that their number does not grow.

    Raises:
        ValueError: there is no part.
    """
    if not parts:
        raise ValueError(f"a table must have parts, and has none: {what}")
    found: list[Counted] = []
    for start in range(0, len(parts), TOGETHER):
        found = [reduce(add, [*found, *over(parts[start : start + TOGETHER], work, what, start)])]
    return found[0]


def _computed(steps: list[Any], what: str) -> list[Any]:
    with track(what, len(steps)) as advance:
        if os.environ.get("DASK_SCHEDULER_ADDRESS"):
            return _distributed(steps, advance)
        guard = threading.Lock()

        def told(step: Any) -> Any:
            with guard:
                advance()
            return step

        return list(dask.compute(*[dask.delayed(told, pure=False)(step) for step in steps], scheduler=threaded.get))


def _distributed(steps: list[Any], advance: Advance) -> list[Any]:
    """The results of the workers of the scheduler that the environment names."""
    from distributed import Client, as_completed

    with Client(os.environ["DASK_SCHEDULER_ADDRESS"]) as client:
        futures = client.compute(steps)
        for _ in as_completed(futures):
            advance()
        return list(client.gather(futures))


def _slices(path: Path) -> list[Part]:
    described = pq.read_metadata(path)
    if described.num_rows <= PART_ROWS or described.num_row_groups == 1:
        return [Part(path)]
    runs: list[list[int]] = [[]]
    rows = 0
    for group in range(described.num_row_groups):
        more = described.row_group(group).num_rows
        if runs[-1] and rows + more > PART_ROWS:
            runs.append([])
            rows = 0
        runs[-1].append(group)
        rows += more
    return [Part(path, tuple(run)) for run in runs]


def is_bytes(given: pa.DataType) -> bool:
    """Whether a column holds bytes, which are text in files whose writer did not say so."""
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(given) for test in tests)


def _is_text(given: pa.DataType) -> bool:
    return bool(pa.types.is_string(given) or pa.types.is_large_string(given))


def _decoded(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [(one.name, one.type.value_type if pa.types.is_dictionary(one.type) else one.type) for one in schema]
    )
