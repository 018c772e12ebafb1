"""Tables on disk: a folder of Parquet parts, worked on part by part with Dask, never in memory whole."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.problem import Column
from pipeline.progress import track

TARGET = "__target__"
"""The column of the answer, 1 for yes and 0 for no, from Features on."""
REASON = "reason"
"""The column that says why a row was set aside."""

Counted = TypeVar("Counted")
TYPES = {
    "number": pa.float64(),
    "integer": pa.float64(),  # an integer may be missing, and NaN is how a number says so
    "category": pa.string(),
    "boolean": pa.string(),  # true or false
    "time": pa.timestamp("us", "UTC"),
    "text": pa.string(),
}


def times(text: pd.Series) -> pd.Series:
    """What the text in ISO 8601 says, in UTC; missing where it is no time."""
    return pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce").astype("datetime64[us, UTC]")


def schema(columns: dict[str, Column]) -> pa.Schema:
    """The Arrow schema of cleaned columns, the same for a part in which a column is empty."""
    return pa.schema([(name, TYPES[column.type]) for name, column in columns.items()])


def read(folder: Path, columns: list[str] | None = None) -> dd.DataFrame:
    """The table in ``folder``, or the named columns of it; every part is one partition."""
    files = parts(folder)
    empty = pq.read_schema(files[0]).empty_table().to_pandas()
    return dd.from_map(pd.read_parquet, files, columns=columns, meta=empty[columns] if columns else empty)


def parts(folder: Path) -> list[Path]:
    """The Parquet files of a table, in order."""
    return sorted(folder.glob("*.parquet"))


def part_path(folder: Path, number: int) -> Path:
    """Where part ``number`` of the table in ``folder`` is."""
    return folder / f"part-{number:05}.parquet"


def write_part(frame: pd.DataFrame, folder: Path, number: int, schema: pa.Schema) -> None:
    """Write one part of a table; every part has the same schema."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata()
    pq.write_table(table, part_path(folder, number), compression="snappy")


def write_aside(bad: pd.DataFrame, folder: Path, number: int) -> None:
    """Write rows that were set aside as text, with their reasons; nothing where there are none."""
    if len(bad):
        text = bad.astype("str").mask(bad.isna())
        write_part(text, folder, number, pa.schema([(name, pa.string()) for name in bad.columns]))


def reasons(aside: Path) -> Counter[str]:
    """How many rows were set aside, by reason."""
    counts: Counter[str] = Counter()
    for path in parts(aside):
        counts.update(pd.read_parquet(path, columns=[REASON])[REASON])
    return counts


def each_part(table: dd.DataFrame, work: Callable[[int, pd.DataFrame], Counted], what: str) -> list[Counted]:
    """Do ``work(number, part)`` for every part of ``table``; what it returns, in the order of the parts."""
    delayed = table.to_delayed(optimize_graph=True)
    guard = threading.Lock()
    with track(what, len(delayed)) as advance:

        def step(number: int, part: pd.DataFrame) -> Counted:
            done = work(number, part)
            with guard:
                advance()
            return done

        steps = [dask.delayed(step, pure=False)(number, part) for number, part in enumerate(delayed)]
        return list(dask.compute(*steps))
