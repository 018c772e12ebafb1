"""Features: join what changes over time, tell the target, derive the features, leave what is known too late."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import reduce
from math import floor, log10
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bundle.figure import counted
from pipeline import civil, expressions, matching, past, steps, tables, values
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.matching import Keys
from pipeline.past import Window
from pipeline.problem import Problem
from pipeline.tables import Part
from pipeline.values import Coded, Single

Spread = tuple[int, float, float, float]
"""Of the answers in a part: how many there are, their mean, their variance, and the size of the largest."""


@dataclass(frozen=True)
class Matched:
    """A table that rows get columns from: by its key, from the columns ``on`` of a row."""

    on: tuple[str, ...]
    keys: Keys
    columns: dict[str, pa.Array]
    """By the name that they have in a row."""


def make(job: Job) -> Outcome:
    """Write ``rows/``: what a client will know of a row, its candidate features and its target."""
    problem = job.problem
    columns = problem.columns
    kept = {name: column for name, column in columns.items() if column.known == "before"}
    texts = problem.texts  # become numbers once there is a training split to learn from
    new = {name: kind for name, kind in problem.kinds().items() if name not in columns and name not in texts}
    schema = tables.schema(kept)
    for name, kind in new.items():
        schema = schema.append(pa.field(name, tables.CATEGORY if kind == "category" else pa.float32()))
    schema = schema.append(pa.field(tables.TARGET, tables.CATEGORY if problem.task == "multiclass" else pa.float32()))
    matched = {source: match(job, source) for source in (*problem.joins, *problem.lookups)}
    zone = civil.zone(problem.features.time_zone)
    windows = past.learn(problem, job.inputs[problem.table] / "rows")
    past.write(windows, job.output)

    def work(number: int, part: Part) -> tuple[int, dict[str, int], Spread | None]:
        table = tables.load(part)
        row = Rows(table, matched, zone)
        target, told = answer(row, problem)
        unmatched = row.unmatched
        if not told.all():
            why = f"{problem.target} can't be told"
            tables.set_aside(table.filter(pa.array(~told)), why, job.output / "set_aside", number)
            row, target = row.of(told), target.filter(pa.array(told))
        answers = target.to_numpy() if problem.task == "regression" and len(target) else None
        made = [row.column(name) for name in kept]
        for name, kind in new.items():
            made.append(
                seen(row, problem, name, windows[name]) if name in windows else feature(row, problem, name, kind)
            )
        target = target.cast(schema.field(tables.TARGET).type)
        tables.write(pa.table([*made, target], schema=schema), job.output / "rows", number)
        return len(told), unmatched, None if answers is None else spread(answers)

    done = tables.over(tables.slices(job.inputs[problem.table] / "rows"), work, "making features")
    hold_apart([one for _, _, one in done if one], problem.target)
    rows_in = sum(rows for rows, _, _ in done)
    aside = tables.reasons(job.output / "set_aside")
    if aside.total() == rows_in:
        read = " and ".join(expressions.columns(problem.target))
        raise DataError(
            f"target = {problem.target!r} must be told in some rows, and can't be in any of {rows_in:,}. Look at what "
            f"the source has in {read}, and at the type and the rules given to it."
        )
    notes = [f"{counted(count, 'row')} set aside: {reason}" for reason, count in aside.items()]
    for source in matched:
        missed = sum(unmatched[source] for _, unmatched, _ in done)
        notes += [f"{counted(missed, 'row')} without a match in {source}"] if missed else []
    return Outcome(rows_in=rows_in, rows_out=rows_in - aside.total(), notes=notes)


def match(job: Job, source: str) -> Matched:
    """The source, ready to be looked up in."""
    problem = job.problem
    described = problem.sources[source]
    table = tables.together(job.inputs[source] / "rows")
    key = [values.exact(table[name].chunk(0)) for name in described.key]
    if source in problem.joins:
        have = problem.sources[problem.table].columns
        names = {name: name for name in described.columns if name not in have}
        on = problem.joins[source]
    else:
        names = {f"{source}.{name}": name for name in described.columns if name not in described.key}
        on = problem.lookups[source]
    return Matched(on, matching.keys(key), {name: table[column].chunk(0) for name, column in names.items()})


class Rows:
    """The rows of a part, with what they match in other tables; a column is taken when it is asked for.

    Attributes:
        computed: what features had computed of them that others may have in common.
    """

    def __init__(self, table: pa.Table, matched: Mapping[str, Matched], zone: civil.Zone) -> None:
        self.table, self.matched, self.zone = table, matched, zone
        self.home: dict[str, str] = {}
        self.places: dict[str, pa.Array] = {}
        self._operands: dict[str, Any] = {}
        self._singles: dict[str, Single] = {}
        self.computed: dict[str, Any] = {}
        for source, one in matched.items():
            places = one.keys.match([values.exact(self.column(name)) for name in one.on])
            self.places[source] = pa.array(places, mask=places < 0)
            self.home |= {name: source for name in one.columns if name not in self.home}

    @property
    def unmatched(self) -> dict[str, int]:
        """How many rows have no match, by source."""
        return {source: places.null_count for source, places in self.places.items()}

    def of(self, some: npt.NDArray[np.bool_]) -> "Rows":
        """Only some of the rows."""
        fewer = copy(self)
        fewer.table = self.table.filter(pa.array(some)).combine_chunks()
        fewer.places = {source: places.filter(pa.array(some)) for source, places in self.places.items()}
        fewer._operands, fewer._singles, fewer.computed = {}, {}, {}
        return fewer

    def column(self, name: str) -> pa.Array:
        """A column of the rows, or of what they match."""
        if name in self.table.column_names:
            return tables.one_chunk(self.table[name])
        source = self.home[name]
        return self.matched[source].columns[name].take(self.places[source])

    def operand(self, name: str) -> Any:
        """A column as expressions take it."""
        if name not in self._operands:
            self._operands[name] = values.of_array(self.column(name))
        return self._operands[name]

    def single(self, name: str) -> Single:
        """A column as features are computed of it."""
        if name not in self._singles:
            self._singles[name] = values.single(self.operand(name), self.zone)
        return self._singles[name]


def feature(row: Rows, problem: Problem, name: str, kind: str) -> pa.Array:
    """A feature that is no column of the rows: looked up, or derived."""
    expression = problem.features.derived.get(name)
    if expression is None:
        found = row.column(name)
        return found if kind == "category" else found.cast(pa.float32())
    if crossed := expressions.crossed(expression):
        together = reduce(Coded.joined, map(row.operand, crossed))
        return together.array()
    return numbers(values.number(expression, row.single, row.computed))


def seen(row: Rows, problem: Problem, name: str, window: Window) -> pa.Array:
    """What was seen of each row's group before its day."""
    (time, known), *by = [row.single(column) for column in problem.operands(name)]
    found = window.of([group for group, _ in by], time.days)
    told = reduce(np.logical_and, [has for _, has in by], known)
    return numbers(np.where(told, found, np.float32(np.nan)))


def numbers(found: npt.NDArray[np.float32]) -> pa.Array:
    """A column of numbers, missing where they are NaN."""
    return pa.array(found, mask=np.isnan(found))


def answer(row: Rows, problem: Problem) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The target of each row, and for which rows it can be told: those with all that it reads.

    For yes or no it is 1 or 0, of several labels the label as text, and else a number, not yet rounded to float32.

    Raises:
        DataError: a target of yes or no is a number other than 1 and 0.
    """
    operands = {name: row.operand(name) for name in expressions.columns(problem.target)}
    if problem.task == "multiclass":
        [label] = operands.values()
        label = label if isinstance(label, Coded) else values.whole_texts(label)
        return label.array(), values.told(label)
    found, told = values.value(problem.target, operands, civil.UTC_CLOCK)
    if problem.task == "regression":
        with np.errstate(over="ignore"):
            single = np.asarray(found, "float32")
        return pa.array(np.asarray(found, "float64")), told & np.isfinite(single)
    if isinstance(found, Coded):
        found = found == "true"
    elif found.dtype != bool and not np.isin(found[told], (0, 1)).all():
        other = found[told & ~np.isin(found, (0, 1))][0]
        raise DataError(
            f"target = {problem.target!r} must be 1 (yes) or 0 (no) in every row, and one has {other:g}. Give the "
            f'comparison that means yes, such as "{problem.target} > 0", or another task.'
        )
    return pa.array(found.astype("float32")), told


def spread(numbers: npt.NDArray[np.float64]) -> Spread:
    """How the answers of a part are spread."""
    return len(numbers), float(numbers.mean()), float(numbers.var()), float(np.abs(numbers).max())


def hold_apart(parts: list[Spread], target: str) -> None:
    """See that the answers of all parts are told apart as float32, which the model learns from and is judged by.

    Raises:
        DataError: they are large and differ by little.
    """
    if not parts:
        return
    rows, means, variances, largest = np.array(parts).T
    mean, deviation = steps.deviation(rows, means, variances)
    if step := steps.coarse(largest.max(), deviation):
        common = round(mean, -floor(log10(deviation)))
        whole = target if expressions.columns(target) == [target] else f"({target})"
        less = f"{whole} {'-' if common > 0 else '+'} {abs(common):.15g}"
        raise DataError(
            f"The answers must be told apart as float32, in steps of at most {steps.COARSE:.0%} of their standard "
            f"deviation. target = {target!r} reaches {largest.max():.15g}, where a step is {step:g}, and the standard "
            f'deviation is {deviation:.3g}. Take off what all have in common: target = "{less}".'
        )
