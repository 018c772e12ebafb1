"""What each column is for: the key, the time, a group, a feature, or nothing."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline import expressions, row_hash
from pipeline.errors import DataError
from pipeline.inference import alone, asking, kinds
from pipeline.inference.asking import FEW_ROWS
from pipeline.inference.found import Found
from pipeline.inference.kinds import Column, tokens
from pipeline.inference.reading import Table
from pipeline.inference.seen import Seen, look
from pipeline.places import SPLITS, by_hash
from pipeline.problem import ByHash, Screen, Source, Task
from pipeline.seen import ID
from pipeline.split import ANSWERS

ID_NAME = re.compile(
    r"(?:^|[^a-zA-Z])(?:id|uuid|guid|key|ID|UUID|Id)$|[a-z](?:ID|Id)$|^(?:id|ID|Id)(?:[^a-zA-Z]|$)|^rownames$"
)
NUMBERED = re.compile(
    r"(account|article|card|case|client|contract|customer|device|employee|household|invoice|item|loan|machine|member"
    r"|order|patient|person|policy|product|shop|store|student|subject|ticket|user|vehicle)"
    r"[ ._-]?(number|num|no|nr|code)$",
    re.IGNORECASE,
)
"""Names of what has a number or a code of its own; a zip code and that of a country are something else."""
LATE = re.compile(
    r"outcome|result|resol|(?<![a-z])clos(?:e|ing)|cancel|refund|charge.?back|actual|final|return|deliver|paid|discharge|death|_after",
    re.IGNORECASE,
)
"""Names that sound as if they were known only when the answer is."""
NEXT, NEWEST = 0.15, 0.15
"""The shares of the rows that are chosen with and judged by."""
FEW_DAYS = 20
SEASONS = timedelta(days=2 * 365)
"""The span from which on each month was seen twice."""
MOST_AHEAD = 0.5
"""The share of days after today from which on a time does not say when a row was."""
OFTEN, RETURN = 10, 0.1
"""How often a value comes that comes often, and how many such there are in what share of the rows, in a column of whose
other values nothing can be learned."""
SHOWN = 60
"""Characters of a line that is no row."""
MANY = 50
"""Different values from which a column may name rows; and rows up to which a number or a code may name them."""


def infer(table: Table, target: str, task: Task | None = None) -> Found:
    """Look at all of a table, and conclude what can be asked of it and how.

    Raises:
        DataError: the table has no rows, or the target can't be told from it.
    """
    answers = asking.answers(target, table.names)
    seen, sample = look(table.batches, table.names)
    rows = seen[0].rows if seen else 0
    table = table.even(rows)
    if rows == 0:
        raise DataError(f"{table.source.address} must have rows, and has 0 rows.")
    columns = {one.name: kinds.tell(one, asked=one.name in answers) for one in seen}
    found = asking.asked(target, answers, columns, task, table, sample)
    found.missing_tokens = tokens(seen)
    told = asking.told(found, sample)
    _leave_out(found)
    _name_rows(found)
    for one in columns.values():
        if one.marked:
            sample[one.name] = one.numbers(sample[one.name])
    _find_time(found, sample, told)
    _find_group(found, sample, told)
    _find_leaks(found, sample, told)
    if not found.features and not found.derived:
        raise DataError(
            f"{table.source.address} must have a column to learn from, and has none:\n  "
            + "\n  ".join(f"{name}: {why}" for name, why in found.left_out.items())
        )
    if table.source.csv.names:
        found.unsure.append("the rows have a value more than the header has names: csv.names has all")
    elif above := table.source.csv.skip:
        found.unsure.append(
            f"{'the first line is' if above == 1 else f'the first {above} lines are'} no part of the table"
        )
    if table.ragged:
        lines = "1 line has" if len(table.ragged) == 1 else f"{len(table.ragged):,} lines have"
        first = repr(table.ragged[0][:SHOWN])
        found.unsure.append(f"{lines} more or fewer values than there are columns, and a run keeps such aside: {first}")
    found.unsure += [f"{one.name}: {one.unsure}" for one in columns.values() if one.unsure]
    return found


def _leave_out(found: Found) -> None:
    """Columns that hold nothing to learn from."""
    for name, column in found.columns.items():
        if name in found.answers:
            continue
        if column.kind == "nothing":
            found.left_out[name] = column.why
        elif column.kind == "time" and "`" in name:
            found.left_out[name] = "it must be renamed, for no expression can name a column with a backtick"
        elif column.seen.distinct == 1 and not column.seen.missing:
            found.left_out[name] = f"it is {next(iter(column.seen.levels))!r} in every row"
        elif column.kind in kinds.NUMERIC and _is_id(column) and column.seen.distinct > MANY:
            column.kind, column.rules = "category", {}


def _name_rows(found: Found) -> None:
    """The key; and what has nearly as many values as there are rows."""
    for name, column in list(found.columns.items()):
        seen = column.seen
        if name in found.left_out or name in found.answers or column.kind not in ("category", "integer"):
            continue
        dense = column.kind == "integer" and seen.high - seen.low < 2 * found.rows
        named = name == "" or _is_id(column) or (dense and seen.high - seen.low + 1 == found.rows)
        if seen.unique and not seen.missing and named and seen.distinct > MANY and name and found.key is None:
            found.key = name
            column.kind, column.rules = "category", {}
        elif (
            (named and seen.unique)
            or (dense and seen.distinct > max(MANY, ID * seen.present))
            or (column.kind == "category" and seen.distinct > max(MANY, seen.present / 2) and not _return(seen))
        ):
            found.left_out[name] = f"it has {seen.distinct:,} different values in {seen.present:,} rows"


def _return(seen: Seen) -> bool:
    """Whether a fair share of the rows have values that come often, as where some customers come back."""
    often = [count for _, count in seen.values.values() if count >= OFTEN]
    return len(often) >= OFTEN and sum(often) << seen.halvings >= RETURN * seen.present


def _is_id(column: Column) -> bool:
    """Whether it is called an id, or the number of something that has few rows."""
    few = column.seen.present <= MANY * column.seen.distinct
    return bool(ID_NAME.search(column.name)) or (few and bool(NUMBERED.search(column.name)))


def _find_time(found: Found, sample: pd.DataFrame, answers: pd.Series) -> None:
    """The column that orders the rows, and where to cut."""
    times = found.times
    usable = [
        one for one in times if not kinds.BIRTH.search(one.name) and not LATE.search(one.name) and not one.seen.missing
    ]
    usable.sort(
        key=lambda one: ("unreadable" in one.rules, not re.search("date|time|day|created", one.name, re.IGNORECASE))
    )
    for column in usable:
        moments = column.moments(sample[column.name])
        cut = _cut(moments)
        if cut is None or (moments > datetime.now(UTC)).mean() > MOST_AHEAD:
            continue
        found.time = column.name
        validation, test = cut
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


def _cut(moments: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """The moments from which on there are the shares of the rows, as a run finds them; None where it can't be split so.

    It has too few days, or so many rows of one moment that a split would have none.
    """
    if moments.dt.floor("D").nunique() < FEW_DAYS:
        return None
    counts = moments.value_counts().sort_index()
    later = np.append(counts.to_numpy()[::-1].cumsum()[::-1] / counts.sum(), 0)
    test = int(np.abs(later - NEWEST).argmin())
    validation = int(np.abs(later - later[test] - NEXT).argmin())
    return (counts.index[validation], counts.index[test]) if 0 < validation < test < len(counts) else None


def _derive(found: Found, column: Column, sample: pd.DataFrame) -> None:
    """Features of a time: what calendar and clock show of it, and how long before the row's own time it was."""
    name, word = expressions.quote(column.name), slug(column.name)
    moments = column.moments(sample[column.name]).dropna()
    new = {}
    if (moments.dt.day > 1).any():
        new[f"{word}_weekday"] = f"weekday({name})"
    if (moments != moments.dt.floor("D")).any():
        new[f"{word}_hour"] = f"hour({name})"
    if column.name == found.time and moments.max() - moments.min() >= SEASONS:
        new[f"{word}_month"] = f"month({name})"
    if found.time and column.name != found.time:
        new[f"days_since_{word}"] = f"days_between({name}, {expressions.quote(found.time)})"
    found.derived |= {key: text for key, text in new.items() if key not in found.columns}


def _find_group(found: Found, sample: pd.DataFrame, answers: pd.Series) -> None:
    """A column that names what several rows are about: those must not lie in two splits."""
    if found.windows:
        return
    for column in found.features:
        if column.kind != "category" or not _is_id(column) or column.seen.distinct <= MANY:
            continue
        told = "it names what several rows are about"
        why = _no_group(found, column, column.texts(sample[column.name]), answers)
        if not why:
            found.group = column.name
            found.unsure.append(f"{column.name}: {told}, so its rows are kept in one split")
            return
        found.left_out[column.name] = f"{told}, and they can't be kept in one split, for {why}"
        found.unsure.append(
            f"{column.name}: {found.left_out[column.name]}; so the model is judged also by what it learned from"
        )


def _no_group(found: Found, column: Column, texts: pa.Array, answers: pd.Series) -> str:
    """Why the rows can't be split by a column; empty where they can."""
    missing, most = column.seen.missing / found.rows, Source.model_fields["max_rejected"].default
    if missing > most:
        return f"it is missing in {missing:.1%} of the rows, and a run may set {most:.0%} aside"
    places = by_hash(ByHash(), row_hash.of_rows(pa.table({column.name: texts}), [column.name]))
    return _lacking(found, answers.where(texts.is_valid().to_numpy(zero_copy_only=False)), places)


def _lacking(found: Found, answers: pd.Series, places: npt.NDArray[Any]) -> str:
    """Which split would have too few rows of an answer, of those sampled; empty where none has.

    Enough are a few, or as many as chance would give it. Where not all rows are sampled it must have one, if chance
    would give it twice a few.
    """
    if found.task == "regression":
        return ""
    for answer, counts in pd.crosstab(answers, places).reindex(columns=range(len(SPLITS)), fill_value=0).iterrows():
        share = int(NEWEST * counts.sum())
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
    for name, one in scores.items():
        if one.score > limit:
            found.left_out[name] = f"it alone nearly tells the target (score {one.score:.3f} of 1): is it known before?"
            found.unsure.append(f"{name}: {found.left_out[name]}")
        elif one.label:
            found.unsure.append(f"{name}: it alone tells {one.label!r} from all others: is it known before?")
    for column in found.features:
        if LATE.search(column.name):
            found.unsure.append(f"{column.name}: its name sounds as if it were known only after the event")


def slug(text: str) -> str:
    """A name for a problem, a source or a feature, made of another."""
    word = re.sub(r"\W+", "_", text.lower(), flags=re.ASCII).strip("_")
    return word if word[:1].isalpha() else f"table_{word}".rstrip("_")


def slices(columns: Iterable[Column]) -> list[str]:
    """Columns by whose values a report may compare: categories of a few common values."""
    return [one.name for one in columns if one.kind in ("category", "boolean") and 2 <= len(one.seen.levels) <= 8][:3]
