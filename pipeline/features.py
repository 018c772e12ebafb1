"""Features: join what changes over time, tell the target, derive the features, leave what is known too late."""

from typing import Any

import dask.dataframe as dd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline import expressions, tables, values
from pipeline.civil import UTC_CLOCK
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Problem


def make(job: Job) -> Outcome:
    """Write ``rows/``: what a client will know of a row, its candidate features and its target."""
    from pipeline.preprocessing import deriver, raw_tensors

    problem = job.problem
    joined = join(job)
    columns = problem.columns()
    kinds = problem.kinds()
    new = [name for name in kinds if name not in columns]
    kept = {name: column for name, column in columns.items() if column.known == "before"}
    categories = {name for name, column in columns.items() if column.type in ("category", "boolean", "text")}
    schema = tables.schema(kept)
    for name in new:
        schema = schema.append(pa.field(name, pa.string() if kinds[name] == "category" else pa.float32()))
    schema = schema.append(pa.field(tables.TARGET, pa.string() if problem.task == "multiclass" else pa.float32()))
    derive = deriver(problem, job.inputs)
    inputs = problem.inputs()

    def work(number: int, part: pd.DataFrame) -> tuple[int, dict[str, int]]:
        target, told = answer(part, problem)
        unmatched = {source: int((part.pop(f"_{source}") == "left_only").sum()) for source in problem.joins}
        why = f"{problem.target} can't be told"
        tables.write_aside(part[~told].assign(**{tables.REASON: why}), job.output / "set_aside", number)
        rows = part.loc[told, list(kept)]
        if new:
            features = derive(raw_tensors(rows[inputs], categories), new)
            rows = rows.assign(**{name: _column(features[name].numpy()) for name in new})
        rows = rows.assign(**{tables.TARGET: target[told]})
        tables.write_part(rows, job.output / "rows", number, schema)
        return len(part), unmatched

    done = tables.each_part(joined, work, "making features")
    rows_in = sum(rows for rows, _ in done)
    aside = tables.reasons(job.output / "set_aside")
    notes = [f"{count:,} rows set aside: {reason}" for reason, count in aside.items()]
    for source in problem.joins:
        missed = sum(unmatched[source] for _, unmatched in done)
        notes += [f"{missed:,} rows have no match in {source}"] if missed else []
    return Outcome(rows_in=rows_in, rows_out=rows_in - aside.total(), notes=notes)


def join(job: Job) -> dd.DataFrame:
    """The rows of the table, each with the columns of its match in every joined source."""
    problem = job.problem
    joined = tables.read(job.inputs[problem.table] / "rows")
    have = set(problem.sources[problem.table].columns)
    for source, on in problem.joins.items():
        names = [name for name in problem.sources[source].columns if name in on or name not in have]
        other = tables.read(job.inputs[source] / "rows", names).repartition(npartitions=1)
        joined = joined.merge(other, on=list(on), how="left", indicator=f"_{source}")
        have |= set(names)
    return joined


def answer(part: pd.DataFrame, problem: Problem) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The target of each row, and for which rows it can be told: those with all that it reads.

    For yes or no it is 1 or 0, of several labels the label as text, and else a number; all but labels are float32.

    Raises:
        DataError: a target of yes or no is a number other than 1 and 0.
    """
    types = {name: problem.column(name).type for name in expressions.columns(problem.target)}
    if problem.task == "multiclass":
        [(name, kind)] = types.items()
        return labels(part[name], kind), part[name].notna().to_numpy()
    operands = {name: values.of_column(part[name], kind) for name, kind in types.items()}
    found, told = values.value(problem.target, operands, UTC_CLOCK)
    if problem.task == "regression":
        with np.errstate(over="ignore"):
            number = np.asarray(found, "float32")
        return number, told & np.isfinite(number)
    if isinstance(found, values.Coded):
        found = found == "true"
    elif found.dtype != bool and not np.isin(found[told], (0, 1)).all():
        other = found[told & ~np.isin(found, (0, 1))][0]
        raise DataError(
            f"target = {problem.target!r} must be 1 (yes) or 0 (no) in every row, and one has {other:g}. Give the "
            f'comparison that means yes, such as "{problem.target} > 0", or another task.'
        )
    return found.astype("float32"), told


def labels(column: pd.Series, kind: str) -> npt.NDArray[Any]:
    """The labels of a column as text; None where it has none."""
    if kind != "integer":
        return column.to_numpy(object)
    return np.array([None if number != number else str(int(number)) for number in column], object)  # noqa: PLR0124


def _column(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A feature's values as a column: text, with None where it is empty, or numbers."""
    if values.dtype != object:
        return values
    return np.array([value.decode() or None for value in values], object)
