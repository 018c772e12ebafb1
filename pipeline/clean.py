"""Clean: types, and what must hold of a source. What breaks a rule is mended as declared, or set aside with reasons."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline import expressions, tables, values
from pipeline.civil import UTC_CLOCK
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Column, Source

SHOWN_REASONS = 8


def clean(job: Job) -> Outcome:
    """Clean one source: ``rows/`` is the table, ``set_aside/`` the bad rows as they came, with their reasons."""
    [(name, source)] = job.problem.sources.items()
    rows, aside = job.output / "rows", job.output / "set_aside"
    raw = tables.read(job.inputs["raw"])
    mended: Counter[str] = Counter()

    def work(number: int, part: pd.DataFrame) -> tuple[npt.NDArray[np.uint64], int]:
        good, bad, counts = clean_part(part, source)
        mended.update(counts)
        tables.write_part(good, rows, number, tables.schema(source.columns))
        tables.write_aside(bad, aside, number)
        return digests(good, source.key), len(part)

    done = tables.each_part(raw, work, f"cleaning {name}")
    if source.key:
        _set_repeats_aside([keys for keys, _ in done], source, rows, aside)
    rows_in = sum(count for _, count in done)
    reasons = tables.reasons(aside)
    _check_share(name, source, reasons, rows_in)
    notes = [f"{count:,} rows set aside: {reason}" for reason, count in reasons.most_common()]
    notes += [f"{count:,} values {what}" for what, count in sorted(mended.items())]
    return Outcome(rows_in=rows_in, rows_out=rows_in - reasons.total(), notes=notes)


def clean_part(part: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """The typed rows that keep the rules; those that don't, as they came and with a ``reason``; what was mended.

    ``part`` holds text, as Collect lands it.
    """
    counts: Counter[str] = Counter()
    reasons = pd.Series("", index=part.index, dtype="str")
    typed = {}
    for name, column in source.columns.items():
        text = part[name].str.strip()
        absent = text.isin(source.missing_tokens)
        found, wrong = _typed(text.mask(absent), column)
        _blame(reasons, wrong & ~absent, f"{name} is no {column.type}")
        found, broken = _ruled(found, column, name, counts)
        _blame(reasons, broken, f"{name} is outside {_allowed(column)}")
        if column.missing == "reject":
            _blame(reasons, found.isna(), f"{name} is missing")
        typed[name] = found
    frame = pd.DataFrame(typed, index=part.index)
    for reason, check in source.checks.items():
        operands = {
            name: values.of_column(frame[name], source.columns[name].type) for name in expressions.columns(check)
        }
        holds, told = values.value(check, operands, UTC_CLOCK)
        _blame(reasons, pd.Series(told & ~holds, index=part.index), reason)
    bad = reasons != ""
    return frame[~bad], part[bad].assign(**{tables.REASON: reasons[bad]}), counts


def digests(frame: pd.DataFrame, key: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    """A number for each row by its key, of 64 bits: the same for the same key."""
    if not key:
        return np.empty(0, np.uint64)
    return np.asarray(pd.util.hash_pandas_object(frame[list(key)], index=False), np.uint64)


def repeats(parts: list[npt.NDArray[np.uint64]]) -> list[npt.NDArray[np.bool_]]:
    """Which rows repeat the key of an earlier row, part by part."""
    every = np.concatenate(parts)
    repeated = np.ones(len(every), bool)
    repeated[np.unique(every, return_index=True)[1]] = False
    return np.split(repeated, np.cumsum([len(part) for part in parts])[:-1])


def _typed(text: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """The values of a column, and which of them the type can't hold."""
    if column.type == "boolean":
        spelled = text.str.lower()
        return spelled.where(spelled.isin(("true", "false"))), ~spelled.isin(("true", "false"))
    if column.type in ("category", "text"):
        spelled = {"as is": text, "upper": text.str.upper(), "lower": text.str.lower()}[column.spelling]
        return spelled, pd.Series(False, index=text.index)
    if column.type == "time":
        times = tables.times(text)
        return times, times.isna()
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    wrong = ~numbers.between(-sys.float_info.max, sys.float_info.max)
    if column.type == "integer":
        wrong |= numbers % 1 != 0
    return numbers.mask(wrong), wrong


def _ruled(values: pd.Series, column: Column, name: str, counts: Counter[str]) -> tuple[pd.Series, pd.Series]:
    """The values after the rule for those outside what is allowed, and which rows have to go."""
    outside = pd.Series(False, index=values.index)
    if column.range:
        outside = values.notna() & ~values.between(*column.range)
    elif column.allowed is not None:
        outside = values.notna() & ~values.isin(column.allowed)
    if column.outside == "reject":
        return values, outside
    if outside.any():
        verb = "clipped to" if column.outside == "clip" else "made missing for being outside"
        counts[f"of {name} {verb} {_allowed(column)}"] += int(outside.sum())
    if column.outside == "clip" and column.range:
        return values.clip(*column.range), outside & False
    return values.mask(outside), outside & False


def _allowed(column: Column) -> str:
    if column.range:
        return f"{column.range[0]:g} to {column.range[1]:g}"
    return ", ".join(column.allowed or ())


def _blame(reasons: pd.Series, rows: pd.Series, reason: str) -> None:
    """Give ``rows`` a reason; a row keeps all its reasons."""
    if rows.any():
        before = reasons[rows]
        reasons[rows] = before.where(before == "", before + "; ") + reason


def _set_repeats_aside(keys: list[npt.NDArray[np.uint64]], source: Source, rows: Path, aside: Path) -> None:
    for number, repeated in enumerate(repeats(keys)):
        if repeated.any():
            frame = pd.read_parquet(tables.part_path(rows, number))
            bad = frame[repeated].assign(**{tables.REASON: f"repeats the key {', '.join(source.key)}"})
            tables.write_part(frame[~repeated], rows, number, tables.schema(source.columns))
            before = tables.part_path(aside, number)
            tables.write_aside(pd.concat([pd.read_parquet(before), bad]) if before.exists() else bad, aside, number)


def _check_share(name: str, source: Source, reasons: Counter[str], rows: int) -> None:
    share = reasons.total() / rows
    if share > source.max_rejected:
        most = "\n  ".join(f"{count:,} rows: {reason}" for reason, count in reasons.most_common(SHOWN_REASONS))
        raise DataError(
            f"At most {source.max_rejected:.1%} of the rows of {name} may break its rules; {share:.1%} do:\n  {most}\n"
            f"Mend the source, or the rules in sources.{name}."
        )
