"""Split: part the rows by time, so that what judges the model lies after all that it learned from."""

import json

import pandas as pd
import pyarrow.parquet as pq

from bundle.manifest import Window
from pipeline import tables
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Split

SPLITS = ("train", "validation", "test")
WINDOWS = "windows.json"


def split(job: Job) -> Outcome:
    """Write each split as a table of its own: ``train/``, ``validation/`` and ``test/``."""
    features = job.inputs["features"] / "rows"
    schema = pq.read_schema(tables.parts(features)[0]).remove_metadata()

    def work(number: int, part: pd.DataFrame) -> pd.DataFrame:
        names = assign(part[job.problem.split.time], job.problem.split)
        for name in SPLITS:
            tables.write_part(part[names == name], job.output / name, number, schema)
        return count(part, names, job.problem.split)

    counts = together(tables.each_part(tables.read(features), work, "splitting"))
    check(counts, job.problem.split)
    windows = [
        Window(
            split=str(name),
            rows=int(row["size"]),
            positives=int(row["sum"]),
            first=row["first"].isoformat(),
            last=row["last"].isoformat(),
        )
        for name, row in counts.iterrows()
    ]
    (job.output / WINDOWS).write_text(json.dumps([one.model_dump() for one in windows], indent=1) + "\n")
    rows = int(counts["size"].sum())
    notes = [
        f"{name}: {row['size']:,.0f} rows, {row['sum'] / row['size']:.1%} yes, {row['first']:%Y-%m-%d} to "
        f"{row['last']:%Y-%m-%d}"
        for name, row in counts.iterrows()
    ]
    return Outcome(rows_in=rows, rows_out=rows, notes=notes)


def count(part: pd.DataFrame, names: pd.Series, split: Split) -> pd.DataFrame:
    """For each split its rows (``size``), those with the answer yes (``sum``), and their first and last moment."""
    times = part[split.time].dt.tz_convert(split.time_zone)
    grouped = part.assign(**{split.time: times}).groupby(names)
    return pd.DataFrame(
        {
            "size": grouped.size(),
            "sum": grouped[tables.TARGET].sum(),
            "first": grouped[split.time].min(),
            "last": grouped[split.time].max(),
        }
    )


def together(counts: list[pd.DataFrame]) -> pd.DataFrame:
    """The counts of all parts as one, with every split in its order."""
    found = pd.concat(counts).groupby(level=0).agg({"size": "sum", "sum": "sum", "first": "min", "last": "max"})
    return found.reindex(list(SPLITS)).fillna({"size": 0, "sum": 0})


def assign(times: pd.Series, split: Split) -> pd.Series:
    """The name of the split that each row belongs to, by its day in the split's time zone."""
    days = times.dt.tz_convert(split.time_zone).dt.tz_localize(None)
    names = pd.Series("train", index=times.index)
    names[days >= pd.Timestamp(split.validation)] = "validation"
    names[days >= pd.Timestamp(split.test)] = "test"
    return names


def check(counts: pd.DataFrame, split: Split) -> None:
    """Refuse splits that nothing can be learned from or judged by; ``counts`` has ``size`` and ``sum`` of the target.

    Raises:
        DataError: a split has no rows, or all its rows have the same answer.
    """
    faults = []
    for name, row in counts.iterrows():
        if row["size"] == 0:
            faults.append(f"{name} has 0 rows")
        elif row["sum"] in (0, row["size"]):
            faults.append(f"all {row['size']:,.0f} rows of {name} have the answer {'yes' if row['sum'] else 'no'}")
    if faults:
        raise DataError(
            "Each split must have rows with the answer yes and with the answer no, but "
            f"{' and '.join(faults)}. Look at target, and at split.validation = {split.validation} and "
            f"split.test = {split.test}."
        )
