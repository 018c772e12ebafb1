"""What each column is for: the target, the key, the time, a group, a feature, or nothing; and what is asked."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline import expressions
from pipeline.errors import DataError
from pipeline.inference import alone, kinds
from pipeline.inference.kinds import Column, tokens
from pipeline.inference.reading import Table
from pipeline.inference.seen import ALSO_MISSING, look
from pipeline.places import SPLITS, by_hash
from pipeline.problem import ByHash, Screen, Source, Task, nearest
from pipeline.problem.source import MISSING_TOKENS
from pipeline.seen import ID
from pipeline.split import ANSWERS

YES = {"1", "1.0", "true", "yes", "y", "t", "positive", "pos"}
MOST_CLASSES = 100
MOST_WHOLE_CLASSES = 10
"""Whole numbers up to so many different ones are taken for classes, more for an amount."""
ID_NAME = re.compile(
    r"(?:^|[^a-zA-Z])(?:id|uuid|guid|key|ID|UUID|Id)$|[a-z](?:ID|Id)$|^(?:id|ID|Id)(?:[^a-zA-Z]|$)|^rownames$"
)
LATE = re.compile(
    r"outcome|result|resol|(?<![a-z])clos(?:e|ing)|cancel|refund|charge.?back|actual|final|return|deliver|paid|discharge|death|_after",
    re.IGNORECASE,
)
"""Names that sound as if they were known only when the answer is."""
TRAIN, VALIDATION = 0.7, 0.85
SMALL_CLASS = 100
"""Rows of the rarest class up to which it is shared out exactly among the splits."""
FEW_DAYS = 20
MOST_AHEAD = 0.5
"""The share of days after today from which on a time does not say when a row was."""
FEW_ROWS = 3
"""Rows of an answer that a split should have."""
MANY = 50
"""Different values from which a column may name rows."""


@dataclass
class Found:
    """What was concluded of a table."""

    table: Table
    rows: int
    task: Task
    target: str
    answers: list[str]
    why: str
    columns: dict[str, Column]
    left_out: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    group: str | None = None
    time: str | None = None
    windows: tuple[str, str] | None = None
    derived: dict[str, str] = field(default_factory=dict)
    missing_tokens: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    label: str | None = None
    """The text that is a yes, where the target is a text."""
    rarest: int = 0
    """Rows of the rarest class, or all rows of a regression."""

    @property
    def features(self) -> list[Column]:
        """The columns that the model may look at."""
        other = {self.key, self.group, *self.answers, *self.left_out}
        return [column for name, column in self.columns.items() if name not in other and column.kind != "time"]

    @property
    def named(self) -> list[Column]:
        """The columns that the problem file names."""
        names = {self.key, self.group, *self.answers, *(one.name for one in [*self.features, *self.times])}
        return [column for name, column in self.columns.items() if name in names]

    @property
    def equal_by_chance(self) -> str:
        """Why rows that are equal in what is named may be things of their own; empty where one is another once more."""
        if self.key:
            return ""
        for column in self.columns.values():
            if column not in self.named and (column.seen.distinct > 1 or column.seen.typed == "nested"):
                return f"rows that are equal in these columns may differ in {column.name}"
        if math.prod(column.seen.distinct + 1 for column in self.named) < self.rows**2:
            return "with so few different values, rows are equal by chance"
        return ""

    @property
    def stratified(self) -> bool:
        """Whether an answer has so few rows that they are shared out exactly."""
        free = not self.windows and not self.group
        return free and self.task != "regression" and self.rarest < SMALL_CLASS

    @property
    def times(self) -> list[Column]:
        """The times that order the rows, or that features are derived of."""
        return [one for name, one in self.columns.items() if one.kind == "time" and name not in self.left_out]


def infer(table: Table, target: str, task: Task | None = None) -> Found:
    """Look at all of a table, and conclude what can be asked of it and how.

    Raises:
        DataError: the table has no rows, or the target can't be told from it.
    """
    answers = _answers(target, table.names)
    seen, sample = look(table.batches, table.names)
    rows = seen[0].rows if seen else 0
    if rows == 0:
        raise DataError(f"{table.source.address} must have rows, and has 0 rows.")
    columns = {one.name: kinds.tell(one) for one in seen}
    if target in columns:
        found = _ask(columns[target], task, table, rows)
    else:
        found = _of_expression(target, answers, table, rows)
    found.columns, found.missing_tokens = columns, tokens(seen)
    for name in answers:
        columns[name].rules.pop("spelling", None)
    _leave_out(found)
    _name_rows(found)
    for one in columns.values():
        if one.marked:
            sample[one.name] = one.numbers(sample[one.name].astype("str").str.strip())
    told = _values(found, sample)
    if target not in columns and found.task == "binary":
        found.rarest = int(min(told.value_counts(), default=1) * rows / len(sample))
    _find_time(found, sample, told)
    _find_group(found, sample, told)
    _find_leaks(found, sample, told)
    if not found.features and not found.derived:
        raise DataError(
            f"{table.source.address} must have a column to learn from, and has none:\n  "
            + "\n  ".join(f"{name}: {why}" for name, why in found.left_out.items())
        )
    found.unsure += [f"{one.name}: {one.unsure}" for one in columns.values() if one.unsure]
    return found


def _answers(target: str, names: list[str]) -> list[str]:
    if target in names:
        return [target]
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


def _of_expression(target: str, answers: list[str], table: Table, rows: int) -> Found:
    asked: Task = "binary" if any(sign in target for sign in "<>=") else "regression"
    return Found(table, rows, asked, target, answers, "the target is an expression", {}, rarest=rows)


def _ask(column: Column, task: Task | None, table: Table, rows: int) -> Found:
    """The question that a column answers: by how many different values it has, and of what kind they are."""
    seen, name = column.seen, expressions.quote(column.name)
    if seen.distinct < 2:
        only = next(iter(seen.levels), "missing")
        raise DataError(f"{column.name} must have two values or more to be a target, and is {only} in every row.")
    numeric = column.kind in ("number", "integer")
    labels = numeric or column.kind in ("category", "boolean")
    by_rule = _task(column)
    if by_rule is None or (task == "regression" and not numeric) or not labels:
        raise DataError(
            f"{column.name} must be a number, or have at most {MOST_CLASSES} classes, to be a target; "
            f"it is a {column.kind} with {seen.distinct:,} different values."
        )
    chosen = task or by_rule
    if chosen == "binary" and seen.distinct != 2:
        raise DataError(f"{column.name} must have two values for a binary task, and has {seen.distinct:,}.")
    found = Found(table, rows, chosen, name, [column.name], "", {}, rarest=rows)
    if seen.missing:
        found.unsure.append(f"{column.name}: {seen.missing:,} rows have no answer, and are set aside")
    if chosen == "regression":
        found.why = f"{column.name} is a number with {seen.distinct:,} different values"
        return found
    found.rarest = min(seen.levels.values())
    if chosen == "multiclass":
        found.why = f"{column.name} has {seen.distinct} classes"
        if numeric and task is None:
            found.unsure.append(
                f"{column.name}: its {seen.distinct} whole numbers are taken for classes; "
                "--task regression takes them for an amount"
            )
        column.kind, column.rules = ("integer", column.rules) if column.kind == "integer" else ("category", {})
        return found
    yes = next((level for level in seen.levels if level.lower() in YES), list(seen.levels)[-1])
    no = next(level for level in seen.levels if level != yes)
    if yes.lower() not in YES:
        found.unsure.append(f"{column.name}: yes is taken to be {yes!r}, the rarer value, and no {no!r}")
    if numeric:
        numbers = column.numbers([yes, no]).tolist()
        found.target = name if sorted(numbers) == [0.0, 1.0] else f"{name} == {numbers[0]:.15g}"
    else:
        column.kind, found.label, found.target = "category", yes, f"{name} == {yes!r}"
    found.why = f"{column.name} is {yes!r} in {seen.levels[yes]:,} rows, and {no!r} in {seen.levels[no]:,}"
    return found


def _task(column: Column) -> Task | None:
    distinct = column.seen.distinct
    if distinct == 2:
        return "binary"
    if column.kind == "integer" and distinct <= MOST_WHOLE_CLASSES:
        return "multiclass"
    if column.kind in ("number", "integer"):
        return "regression"
    return "multiclass" if column.kind == "category" and distinct <= MOST_CLASSES else None


def _leave_out(found: Found) -> None:
    """Columns that hold nothing to learn from."""
    for name, column in found.columns.items():
        if name in found.answers:
            continue
        if column.kind == "nothing":
            found.left_out[name] = column.why
        elif column.seen.distinct == 1 and not column.seen.missing:
            found.left_out[name] = f"it is {next(iter(column.seen.levels))!r} in every row"
        elif column.kind in ("number", "integer") and ID_NAME.search(name) and column.seen.distinct > MANY:
            column.kind, column.rules = "category", {}


def _name_rows(found: Found) -> None:
    """The key; and what has nearly as many values as there are rows."""
    for name, column in list(found.columns.items()):
        seen = column.seen
        if name in found.left_out or name in found.answers or column.kind not in ("category", "integer"):
            continue
        dense = column.kind == "integer" and seen.high - seen.low < 2 * found.rows
        named = name == "" or bool(ID_NAME.search(name)) or (dense and seen.high - seen.low + 1 == found.rows)
        if seen.unique and not seen.missing and named and seen.distinct > MANY and name and found.key is None:
            found.key = name
            column.kind, column.rules = "category", {}
        elif (
            (named and seen.unique)
            or (dense and seen.distinct > max(MANY, ID * seen.present))
            or (column.kind == "category" and seen.distinct > max(MANY, seen.present / 2))
        ):
            found.left_out[name] = f"it has {seen.distinct:,} different values in {seen.present:,} rows"


def _find_time(found: Found, sample: pd.DataFrame, answers: pd.Series) -> None:
    """The column that orders the rows, and where to cut."""
    times = found.times
    usable = [
        one for one in times if not kinds.BIRTH.search(one.name) and not LATE.search(one.name) and not one.seen.missing
    ]
    usable.sort(key=lambda one: not re.search("date|time|day|created", one.name, re.IGNORECASE))
    for column in usable:
        moments = column.moments(sample[column.name])
        days = moments.dropna().dt.floor("D").sort_values()
        if days.nunique() < FEW_DAYS or (days > datetime.now(UTC)).mean() > MOST_AHEAD:
            continue
        validation, test = (days.iloc[int(len(days) * share)] for share in (TRAIN, VALIDATION))
        if days.iloc[0] < validation < test:
            found.time = column.name
            places = (moments >= validation).to_numpy("uint8") + (moments >= test).to_numpy("uint8")
            if lacking := _lacking(found, answers, places):
                found.unsure.append(
                    f"{column.name}: the rows are not split by it, for {lacking}; "
                    "so the model is judged also by rows older than those that it learned from"
                )
            else:
                found.windows = (str(validation.date()), str(test.date()))
            break
    if found.windows and len(usable) > 1:
        others = ", ".join(one.name for one in usable if one.name != found.time)
        found.unsure.append(f"{found.time}: orders the rows; so could {others}")
    for column in times:
        if not LATE.search(column.name):
            _derive(found, column, sample)
        if column.name != found.time and not any(
            column.name in expressions.columns(one) for one in found.derived.values()
        ):
            found.left_out[column.name] = "it is a time whose name sounds as if it were known only after the event"


def _derive(found: Found, column: Column, sample: pd.DataFrame) -> None:
    """Features of a time: its weekday, its hour where it has one, and how long before the row's own time it was."""
    name, word = expressions.quote(column.name), slug(column.name)
    moments = column.moments(sample[column.name]).dropna()
    new = {f"{word}_weekday": f"weekday({name})"}
    if (moments != moments.dt.floor("D")).any():
        new[f"{word}_hour"] = f"hour({name})"
    if found.time and column.name != found.time:
        new[f"days_since_{word}"] = f"days_between({name}, {expressions.quote(found.time)})"
    found.derived |= {key: text for key, text in new.items() if key not in found.columns}


def _find_group(found: Found, sample: pd.DataFrame, answers: pd.Series) -> None:
    """A column that names what several rows are about: those must not lie in two splits."""
    if found.windows:
        return
    for column in found.features:
        if column.kind != "category" or not ID_NAME.search(column.name) or column.seen.distinct <= MANY:
            continue
        told = "it names what several rows are about"
        why = _no_group(found, column, _texts(sample[column.name]), answers)
        if not why:
            found.group = column.name
            found.unsure.append(f"{column.name}: {told}, so its rows are kept in one split")
            return
        found.left_out[column.name] = f"{told}, and they can't be kept in one split, for {why}"
        found.unsure.append(
            f"{column.name}: {found.left_out[column.name]}; so the model is judged also by what it learned from"
        )


def _no_group(found: Found, column: Column, texts: pd.Series, answers: pd.Series) -> str:
    """Why the rows can't be split by a column; empty where they can."""
    missing, most = column.seen.missing / found.rows, Source.model_fields["max_rejected"].default
    if missing > most:
        return f"it is missing in {missing:.1%} of the rows, and a run may set {most:.0%} aside"
    places = by_hash(ByHash(), [column.name])(pa.table({column.name: pa.array(texts, pa.string())}))
    return _lacking(found, answers.where(texts.notna()), places)


def _lacking(found: Found, answers: pd.Series, places: npt.NDArray[Any]) -> str:
    """Which split would have too few rows of an answer, of those sampled; empty where none has.

    Enough are a few, or as many as chance would give it. Where not all rows are sampled it must have one, if chance
    would give it twice a few.
    """
    if found.task == "regression":
        return ""
    for answer, counts in pd.crosstab(answers, places).reindex(columns=range(len(SPLITS)), fill_value=0).iterrows():
        share = int((1 - VALIDATION) * counts.sum())
        least = max(1, min(FEW_ROWS, share)) if len(answers) == found.rows else int(share >= 2 * FEW_ROWS)
        if counts.min() < least:
            called = ANSWERS[str(answer)] if found.task == "binary" else answer
            return (
                f"{SPLITS[counts.argmin()]} would have {counts.min()} of {counts.sum():,} rows with the answer {called}"
            )
    return ""


def _find_leaks(found: Found, sample: pd.DataFrame, answers: pd.Series) -> None:
    """Columns that alone tell the target, or whose names sound as if they came after it."""
    usable = {one.name: str(one.kind) for one in found.features if one.kind != "text"}
    limit = Screen().max_alone
    scores = alone.scores(sample, usable, answers, found.task)
    for name, score in scores.items():
        if score > limit:
            found.left_out[name] = f"it alone nearly tells the target (score {score:.3f} of 1): is it known before?"
            found.unsure.append(f"{name}: {found.left_out[name]}")
    for column in found.features:
        if LATE.search(column.name):
            found.unsure.append(f"{column.name}: its name sounds as if it were known only after the event")


def _values(found: Found, sample: pd.DataFrame) -> pd.Series:
    """The target of the sampled rows: 1 and 0, labels, or numbers; missing where it can't be told."""
    texts = {name: _texts(sample[name]) for name in found.answers}
    known = np.all([text.notna() for text in texts.values()], axis=0)
    if found.label is not None:
        [text] = texts.values()
        return pd.Series(np.where(text == found.label, 1.0, 0.0)).where(known)
    if found.task == "multiclass":
        labels = next(iter(texts.values())).copy()
        labels[~known] = None
        return labels
    numbers = {name: pd.to_numeric(text, errors="coerce").to_numpy("float64") for name, text in texts.items()}
    told = np.all([np.isfinite(values) for values in numbers.values()], axis=0)
    return pd.Series(np.asarray(expressions.evaluate(found.target, numbers, np), "float64")).where(known & told)


def _texts(column: pd.Series) -> pd.Series:
    """As a table writes them; missing where they mean no value."""
    texts = column.astype("str").str.strip()
    return texts.where(column.notna() & ~texts.isin([*MISSING_TOKENS, *ALSO_MISSING]), None)


def slug(text: str) -> str:
    """A name for a problem, a source or a feature, made of another."""
    word = re.sub(r"\W+", "_", text.lower(), flags=re.ASCII).strip("_")
    return word if word[:1].isalpha() else f"table_{word}".rstrip("_")


def slices(columns: Iterable[Column]) -> list[str]:
    """Columns by whose values a report may compare: categories of a few common values."""
    return [one.name for one in columns if one.kind in ("category", "boolean") and 2 <= len(one.seen.levels) <= 8][:3]
