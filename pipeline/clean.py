"""Clean: types, and what must hold of a source. What breaks a rule is mended as declared, or set aside with reasons."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bundle.figure import counted
from pipeline import cells, expressions, repeats, schema_diff, tables, values, violations, working
from pipeline.cells import Fault, Rules
from pipeline.civil import UTC_CLOCK
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Source
from pipeline.reading import Flags
from pipeline.sources import parquet
from pipeline.sources.columns import FOUND
from pipeline.tables import Part
from pipeline.violations import Violation, Violations

REFUSED = ("reject", "first", "last")
"""The words that set a row aside."""


@dataclass(frozen=True)
class Cleaned:
    """What was counted in one part."""

    rows: int
    aside: int
    kept: int
    found: list[Violation]
    keys: repeats.Keys
    newest: datetime | None
    missing: dict[str, int]


def clean(job: Job) -> Outcome:
    """Clean one source: ``rows/`` is the table, ``set_aside/`` the bad rows as they came, with their reasons.

    Raises:
        DataError: rules whose word is ``block`` are broken, or too many rows break the others; all are told.
    """
    [(name, source)] = job.problem.sources.items()
    rows, aside = job.output / "rows", job.output / "set_aside"
    ends = end_of(job.part.get("today"))
    work = partial(clean_part, source=source, rows=rows, aside=aside, ends=ends)
    done = tables.over(tables.slices(job.inputs["raw"]), work, f"cleaning {name}")
    settled = repeats.settle([one.keys for one in done], source, rows, aside)
    found = violations.together([*(one.found for one in done), settled])
    kept = sum(one.kept for one in done) - sum(one.count for one in settled)
    refused = sum(one.aside for one in done) + sum(one.count for one in settled if one.word in REFUSED)
    described = Violations(
        rows=sum(one.rows for one in done),
        kept=kept,
        aside=refused,
        missing={column: sum(one.missing[column] for one in done) for column in source.columns},
        found=tuple(found),
    )
    newest = max((one.newest for one in done if one.newest), default=None)
    broken = [*_blocking(described, source), *_stale(newest, ends, source)]
    if broken:
        since = _since(job, described)
        page = _page(job, described, [*broken, *since])
        lines = [f"The rules of {name} must hold, and these do not:", *broken, *since, f"See {page}."]
        raise DataError("\n".join(lines))
    (job.final.parent / working.REFUSED).unlink(missing_ok=True)  # of a run before
    (job.output / violations.NAME).write_text(described.model_dump_json(indent=1) + "\n")
    return Outcome(rows_in=described.rows, rows_out=kept, notes=[str(one) for one in found])


def clean_part(number: int, part: Part, source: Source, rows: Path, aside: Path, ends: datetime | None) -> Cleaned:
    """Write the typed rows of a part that keep the rules, and beside them those that don't, as they came."""
    with parquet.whole(part.path):
        came = tables.load(part, [*source.columns], encoded=True)
    table, faults = typed(came, source, ends)
    missing = {name: table[name].null_count for name in table.column_names}
    found = [violations.sampled(fault, came, source.key) for fault in faults]
    refused = [fault for fault in faults if fault.word == "reject"]
    bad = np.logical_or.reduce([np.zeros(len(came), bool), *(fault.rows for fault in refused)])
    tables.set_aside(violations.as_text(came.take(np.flatnonzero(bad))), reasons(refused, bad), aside, number)
    repeated, keys = repeats.inside(table, ~bad, source)
    found += repeats.duplicates(int(repeated.sum()), source)
    kept = ~(bad | repeated)
    if not kept.all():
        table = table.filter(pa.array(kept))
    aside_here = int(bad.sum())
    tables.write(table, rows, number)
    newest = pc.max(table[source.time]).as_py() if source.time else None
    return Cleaned(came.num_rows, aside_here, table.num_rows, found, keys, newest, missing)


def typed(came: pa.Table, source: Source, ends: datetime | None) -> tuple[pa.Table, list[Fault]]:
    """Every row of a part with its types after the rules for its columns, and what broke a rule.

    Raises:
        DataError: a column has no plain values.
    """
    if nested := [f"{name} is {came[name].type}" for name in source.columns if pa.types.is_nested(came[name].type)]:
        raise DataError(f"A column must have one plain value in each row. Leave out what has not: {', '.join(nested)}.")
    columns, faults = {}, []
    for name, column in source.columns.items():
        rules = Rules(name, column, source.missing_tokens, ends)
        columns[name], broken = cells.clean(came[name].combine_chunks(), rules)
        faults += broken
    table = pa.table(columns, schema=tables.schema(source.columns))
    return table, [*faults, *_checked(table, source)]


def reasons(faults: list[Fault], bad: Flags) -> list[str]:
    """All the reasons of each bad row, as one text."""
    found: list[list[str]] = [[] for _ in range(int(bad.sum()))]
    place = np.cumsum(bad) - 1
    for fault in faults:
        for row in place[fault.rows]:
            found[row].append(fault.rule)
    return ["; ".join(reasons) for reasons in found]


def end_of(day: str | None) -> datetime | None:
    """The end of a day (UTC)."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(days=1) if day else None


def _checked(table: pa.Table, source: Source) -> Iterator[Fault]:
    for reason, check in source.checks.items():
        names = expressions.columns(check.holds)
        operands = {name: values.of_array(table[name].combine_chunks()) for name in names}
        holds, told = values.value(check.holds, operands, UTC_CLOCK)
        broken = told & ~holds
        if broken.any():
            yield Fault(reason, check.otherwise, broken, tuple(names))


def _blocking(described: Violations, source: Source) -> list[str]:
    """What stops the run, of all that was found."""
    broken = [violations.told(one) for one in described.found if one.word == "block"]
    most = source.max_rejected * described.rows
    if described.aside > most:
        why = "\n".join(violations.told(one) for one in described.found if one.word in REFUSED)
        share = f"{source.max_rejected:.1%} of the rows may be set aside; {described.aside / described.rows:.1%} are"
        broken.append(f"  at most {share}:\n{why}")
    broken += [
        f"  at most {source.max_rejected:.1%} of a column may be unreadable:\n{violations.told(one)}"
        for one in described.found
        if one.word == "missing" and " is no " in one.rule and one.count > most
    ]
    if described.kept < source.min_rows:
        broken.append(f"  at least {counted(source.min_rows, 'row')} must be left, and there are {described.kept:,}")
    return broken


def _page(job: Job, described: Violations, broken: list[str]) -> Path:
    """Leave the page of Describe for rows that no other stage will see, with what they were refused for."""
    from pipeline import describe  # what Clean rarely needs

    page = job.final.parent / working.REFUSED
    describe.refused(job, described, broken, page)
    return page


def _since(job: Job, described: Violations) -> list[str]:
    """What is not as in the snapshot that was cleaned last: the columns that came, and the rules that are broken."""
    before = schema_diff.newest(job.final.parent)
    if before is None:
        return []
    folder, receipt = before
    kinds = json.loads((job.inputs["raw"] / FOUND).read_text())
    known = Violations.model_validate_json((folder / violations.NAME).read_bytes())
    rules = {one.rule for one in known.found}
    new = [f"  {one.rule}" for one in described.found if one.rule not in rules]
    told = ["Not broken by any row of the snapshot before:", *new] if new else []
    return [*schema_diff.since(job.data / receipt.made_from["raw"].path, kinds), *told]


def _stale(newest: datetime | None, ends: datetime | None, source: Source) -> list[str]:
    if source.oldest is None or ends is None or (newest and newest >= ends - source.oldest):
        return []
    return [f"  the newest {source.time} must be at most {source.max_age} old, and is {newest or 'missing'}"]
