"""What broke the rules of a source: how often, what became of it, and some of the rows, as they came."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from bundle.figure import counted
from pipeline import tables
from pipeline.cells import Fault

NAME = "violations.json"
SAMPLES = 5
LONGEST = 100
"""Characters of a value that are shown."""
WORDS = {
    "reject": "rows set aside",
    "first": "rows set aside",
    "last": "rows set aside",
    "remove": "rows removed",
    "keep": "rows kept",
    "missing": "values made missing",
    "clip": "values clipped",
    "before": "values mended",
    "warn": "rows kept",
    "block": "rows stopping the run",
}
"""What became of what broke a rule, by the rule's word."""


class Violation(BaseModel):
    """One rule that was broken.

    Attributes:
        rule: what is wrong, as a reason to set a row aside for.
        word: the rule's word, which says what became of it.
        samples: the first rows that broke it: the key and what the rule looks at, as it came, and cut where it is long.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: str
    word: str
    count: int
    samples: tuple[dict[str, str | None], ...] = ()

    def __str__(self) -> str:
        noun, _, what = WORDS[self.word].partition("s ")
        return f"{counted(self.count, noun)} {what}: {self.rule}"


class Violations(BaseModel):
    """All that broke the rules of a source.

    Attributes:
        rows: how many rows came.
        kept: how many are left.
        aside: how many were set aside.
        missing: how many of the rows that came have no value, by column.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    rows: int
    kept: int
    aside: int
    missing: dict[str, int]
    found: tuple[Violation, ...]


def sampled(fault: Fault, came: pa.Table, key: tuple[str, ...]) -> Violation:
    """A fault of one part, with the first of its rows."""
    names = list(dict.fromkeys([*key, *fault.columns]))
    first = as_text(came.select(names).take(np.flatnonzero(fault.rows)[:SAMPLES])).to_pylist()
    samples = tuple({name: _short(value) for name, value in row.items()} for row in first)
    return Violation(rule=fault.rule, word=fault.word, count=int(fault.rows.sum()), samples=samples)


def _short(value: str | None) -> str | None:
    return value if value is None or len(value) <= LONGEST else f"{value[: LONGEST - 3]}..."


def together(parts: Iterable[Iterable[Violation]]) -> list[Violation]:
    """Those of all parts as one each, the worst first."""
    found: dict[tuple[str, str], Violation] = {}
    for part in parts:
        for one in part:
            before = found.get((one.rule, one.word))
            samples = (*(before.samples if before else ()), *one.samples)[:SAMPLES]
            count = one.count + (before.count if before else 0)
            found[one.rule, one.word] = one.model_copy(update={"count": count, "samples": samples})
    return sorted(found.values(), key=lambda one: (-one.count, one.rule))


def told(violation: Violation) -> str:
    """A violation with its sample rows, for a message."""
    rows = ["    " + ", ".join(f"{name} {value!r}" for name, value in row.items()) for row in violation.samples]
    return "\n".join([f"  {violation}", *rows])


def as_text(table: pa.Table) -> pa.Table:
    """The table as text, as a person reads it; of bytes that are no text, as Python writes them."""
    columns = {
        name: _written(table[name]) if tables.is_bytes(table.schema.field(name).type) else table[name].cast(pa.string())
        for name in table.column_names
    }
    return pa.table(columns, pa.schema([(name, pa.string()) for name in columns]))


def _written(values: pa.ChunkedArray) -> pa.Array:
    return pa.array([value and value.decode(errors="backslashreplace") for value in values.to_pylist()], pa.string())
