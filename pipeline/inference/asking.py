"""What is asked: the task that a target makes, how a problem file writes it, and its answer in each row."""

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline import civil, expressions, tables, values
from pipeline.errors import DataError
from pipeline.inference import kinds
from pipeline.inference.found import Found
from pipeline.inference.kinds import NUMERIC, Column
from pipeline.inference.reading import Table
from pipeline.problem import Task, nearest
from pipeline.problem.references import KINDS

YES = {"1", "1.0", "true", "yes", "y", "t", "positive", "pos"}
MOST_CLASSES = 100
MOST_WHOLE_CLASSES = 10
"""Whole numbers up to so many different ones are taken for classes, more for an amount."""
FEW_ROWS = 3
"""Rows of an answer that the splits need, or that one should have."""
SHOWN = 3
FEW_ANSWERS = 20
"""Rows of the rarer of two answers below which little is learned of it."""
TASKS: dict[expressions.Kind, Task] = {"truth": "binary", "number": "regression"}
"""What an expression asks, by what it gives."""


def answers(target: str, names: list[str]) -> list[str]:
    """The columns that a target reads: the one that it is, or those of an expression.

    Raises:
        DataError: it names what is no column.
    """
    if column := _column(target, names):
        return [column]
    try:
        read = expressions.columns(target)
    except ValueError:
        read = []
    if not read or read == [target] or not set(read) <= set(names):
        wrong = next((name for name in read if name not in names), target)
        raise DataError(
            f"--target must name a column, and {wrong!r} is none{nearest(wrong, names)}. "
            f"There are {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}."
        )
    return read


def _column(target: str, names: list[str]) -> str | None:
    """The column that a target is, with or without backticks; None where it is an expression."""
    return next((name for name in (target, target.strip("`")) if name in names), None)


def asked(
    target: str, read: list[str], columns: dict[str, Column], task: Task | None, table: Table, sample: pd.DataFrame
) -> Found:
    """The question: that of a column, or of an expression over some.

    Raises:
        DataError: nothing can be asked so.
    """
    if column := _column(target, read):
        found = _of_column(columns[column], columns, task, table)
    else:
        found = _of_expression(target, read, columns, task, table)
        if found.task == "binary":
            found.rarest = _rarer(found, sample)
    if found.task == "binary" and found.rarest < FEW_ANSWERS:
        found.unsure.append(
            f"{found.target}: {_rows(found.rarest)} the rarer answer, by which little can be learned or judged"
        )
    return found


def _rarer(found: Found, sample: pd.DataFrame) -> int:
    """How many rows have the rarer of two answers, by the sample."""
    given = told(found, sample)
    often = [int((given == answer).sum()) for answer in (0, 1)]
    if len(sample) == found.rows and min(often) == 0:
        raise DataError(
            f"--target must hold in some rows and not in others, and {found.target!r} holds in {often[1]:,} of "
            f"{sum(often):,}. Texts stand in it as the table writes them."
        )
    return min(often) * found.rows // len(sample)


def _of_expression(target: str, read: list[str], columns: dict[str, Column], task: Task | None, table: Table) -> Found:
    for name in read:
        if columns[name].kind == "nothing":
            raise DataError(f"--target must read columns that can be used, and {name} can't: {columns[name].why}.")
        if columns[name].rules.pop("spelling", None):
            columns[name].unsure = "the same values are spelled in lower and upper case, which the target tells apart"
    try:
        gives = expressions.kind(target, {name: KINDS[columns[name].kind] for name in read})
    except ValueError as error:
        raise DataError(f"--target must be an expression that can be computed: {error}.") from None
    by_rule = TASKS.get(gives)
    if by_rule is None or task not in (None, by_rule):
        raise DataError(
            f"--target must be a comparison for a binary task, or give a number for a regression, "
            f"and {target!r} is {expressions.WORDS[gives]}."
        )
    rows = columns[read[0]].seen.rows
    found = Found(table, rows, by_rule, target, read, "the target is an expression", columns, rarest=rows)
    found.unsure += [
        f"{name}: the target reads it, so it orders no rows and is no feature; if it is known before, "
        "take known = 'after' away and name it as the time of [split]"
        for name in read
        if columns[name].kind == "time"
    ]
    return found


def _of_column(column: Column, columns: dict[str, Column], task: Task | None, table: Table) -> Found:
    """By how many different values it has, and of what kind they are."""
    seen, levels = column.seen, column.levels
    distinct = len(levels) or seen.distinct
    if distinct < 2:
        only = next(iter(levels), "missing")
        where = f"every row that has one: {column.unsure}" if column.unsure else "every row"
        raise DataError(f"{column.name} must have two values or more to be a target, and is {only} in {where}.")
    try:
        name = expressions.quote(column.name)
    except ValueError as error:
        raise DataError(f"--target: {error}.") from None
    mostly = kinds.number(seen) if column.kind == "category" else None
    if mostly and task == "regression":
        column = columns[column.name] = mostly
    numeric = column.kind in NUMERIC
    by_rule = _task(column, distinct)
    if by_rule is None or (task == "regression" and not numeric) or not (numeric or column.kind == "category"):
        raise DataError(
            f"{column.name} must be a number, or have at most {MOST_CLASSES} classes, to be a target; "
            f"it is a {column.kind} with {distinct:,} different values{f': {column.unsure}' if column.unsure else ''}."
            f"{' With --task regression those that are no numbers are taken for missing.' if mostly else ''}"
        )
    chosen = task or by_rule
    if chosen == "binary" and distinct != 2:
        raise DataError(f"{column.name} must have two values for a binary task, and has {distinct:,}.")
    found = Found(table, seen.rows, chosen, name, [column.name], "", columns, rarest=seen.rows)
    if seen.missing:
        found.unsure.append(f"{column.name}: {_rows(seen.missing)} no answer, and a run sets such rows aside")
    if chosen == "regression":
        found.why = f"{column.name} is a number with {distinct:,} different values"
        return found
    found.rarest = min(levels.values())
    if chosen == "multiclass":
        _name_classes(found, column, sure=task is not None or not numeric)
    else:
        _name_yes(found, column)
    return found


def _name_classes(found: Found, column: Column, *, sure: bool) -> None:
    levels = column.levels
    found.why = f"{column.name} has {len(levels)} classes"
    if not sure:
        found.unsure.append(
            f"{column.name}: its {len(levels)} whole numbers are taken for classes; "
            "--task regression takes them for an amount"
        )
    if rare := [level for level, times in levels.items() if times < FEW_ROWS]:
        found.unsure.append(
            f"{column.name}: fewer than {FEW_ROWS} rows are {', '.join(map(repr, rare[:SHOWN]))}"
            f"{', ...' if len(rare) > SHOWN else ''}, and a run stops where a split has none of a class: "
            "take them out of the table, or give them the name of another class by spellings"
        )
    if column.kind == "number":
        column.kind, column.rules = "category", {}


def _name_yes(found: Found, column: Column) -> None:
    levels = column.levels
    yes = next((level for level in levels if level.lower() in YES), list(levels)[-1])
    no = next(level for level in levels if level != yes)
    if yes.lower() not in YES:
        found.unsure.append(f"{column.name}: yes is taken to be {yes!r}, the rarer value, and no {no!r}")
    if column.kind in NUMERIC:
        numbers = column.numbers(pd.Series([yes, no])).tolist()
        found.target += "" if sorted(numbers) == [0.0, 1.0] else f" == {numbers[0]:.15g}"
    else:
        found.target += f" == {yes!r}"
    found.why = f"{column.name} is {yes!r} in {levels[yes]:,} rows, and {no!r} in {levels[no]:,}"


def _task(column: Column, distinct: int) -> Task | None:
    if distinct == 2:
        return "binary"
    if column.kind == "integer" and distinct <= MOST_WHOLE_CLASSES:
        return "multiclass"
    if column.kind in NUMERIC:
        return "regression"
    return "multiclass" if column.kind == "category" and distinct <= MOST_CLASSES else None


def told(found: Found, sample: pd.DataFrame) -> pd.Series:
    """The answer of each sampled row: 1 and 0, a label, or a number; missing where it can't be told."""
    if found.task == "multiclass":
        [name] = found.answers
        labels: pd.Series = found.columns[name].texts(sample[name]).to_pandas()
        return labels
    operands = {name: values.of_array(_array(found.columns[name], sample[name])) for name in found.answers}
    answer, known = values.value(found.target, operands, civil.UTC_CLOCK)
    numbers = np.asarray(answer, "float64")
    return pd.Series(numbers).where(known & np.isfinite(numbers))


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"


def _array(column: Column, given: pd.Series) -> pa.Array:
    if column.kind == "time":
        return pa.Array.from_pandas(column.moments(given), type=tables.TYPES["time"])
    return pa.array(column.numbers(given)) if column.kind in NUMERIC else column.texts(given)
