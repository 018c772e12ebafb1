"""Where a table comes from, and what must hold of it: ``[sources.<name>]``."""

import re
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline.errors import ProblemError
from pipeline.problem.column import Check, Column
from pipeline.problem.part import Part

MISSING_TOKENS = ("", "-", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
AGE = re.compile(r"(\d+) (day|hour)s?")


def _age(text: str) -> str:
    if not AGE.fullmatch(text):
        raise ValueError(f"expected a time such as '2 days' or '6 hours', got {text!r}")
    return text


Age = Annotated[str, AfterValidator(_age)]


class Source(Part):
    """Where one table comes from, and what must hold of its rows."""

    path: str
    """A CSV file, also as .zip or .gz: relative to the current folder, or to ``package`` where that is given."""
    package: str | None = None
    key: tuple[str, ...] = ()
    """The columns that name a row."""
    repeats: Literal["first", "last", "reject", "block"] = "first"
    """Which of several different rows with the same key stays: the first, the last by ``time``, or none of them."""
    duplicates: Literal["remove", "keep", "block"] = "remove"
    """What becomes of a row that equals an earlier one in every column."""
    time: str | None = None
    """The column that says which day (UTC) a row belongs to, for collecting day by day."""
    checks: dict[str, Check] = {}
    """Comparisons that must hold of each row, by the reason to give where one does not."""
    min_rows: int = Field(1, ge=1)
    """How many rows must be left."""
    max_age: Age | None = None
    """How long before the end of the run's day (UTC) the newest ``time`` may lie."""
    missing_tokens: tuple[str, ...] = MISSING_TOKENS
    max_rejected: float = Field(0.05, ge=0, le=1)
    """The share of rows that may be set aside, and of a column's values that may be unreadable, before a run stops."""
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _has_what_its_rules_need(self) -> "Source":
        if self.max_age and not self.time:
            raise ValueError("max_age must come with time, the column that tells how old a row is")
        if self.key and self.duplicates == "keep":
            raise ValueError("duplicates = 'keep' is for rows that no key names, and there is a key")
        if self.repeats == "last" and not self.time:
            raise ValueError("repeats = 'last' must come with time, the column that tells which row is the last")
        return self

    @property
    def oldest(self) -> timedelta | None:
        """How long before the end of the run's day the newest row may lie."""
        found = AGE.fullmatch(self.max_age or "")
        return timedelta(**{f"{found[2]}s": int(found[1])}) if found else None

    @property
    def dated(self) -> bool:
        """Whether a rule depends on the day of the run."""
        return self.max_age is not None or any(column.future != "keep" for column in self.columns.values())

    def file(self) -> Path:
        """Where the raw bytes are. A package is looked up, not imported.

        Raises:
            ProblemError: the package is not installed.
        """
        if self.package is None:
            return Path(self.path)
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise ProblemError(f"package = {self.package!r} must be installed, and is not: pip install {self.package}")
        return Path(spec.origin).parent / self.path
