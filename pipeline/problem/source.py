"""Where a table comes from, and what must hold of it: ``[sources.<name>]``."""

import re
from datetime import UTC, date, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from pipeline.errors import ProblemError
from pipeline.problem.column import Check, Column
from pipeline.problem.origin import Api, Csv, Sql, address, without_secret, without_secrets
from pipeline.problem.part import Days, Part

MISSING_TOKENS = ("", "-", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")


ORIGIN = ("path", "package", "format", "csv", "options", "sql", "api", "every", "since", "known_after")
"""What says where a source is and when it is collected: no other stage than Collect reads it."""

KINDS = {".parquet": "parquet", ".pq": "parquet", ".json": "jsonl", ".jsonl": "jsonl", ".ndjson": "jsonl"}


AGE = re.compile(r"(\d+) (day|hour)s?")


def _age(text: str) -> str:
    if not AGE.fullmatch(text):
        raise ValueError(f"expected a time such as '2 days' or '6 hours', got {text!r}")
    return text


Age = Annotated[str, AfterValidator(_age)]


class Source(Part):
    """Where one table comes from, and what must hold of its rows."""

    path: str | None = None
    """A file, or files by a pattern (``data/*.csv``): relative to the current folder, or to ``package`` where that is
    given; or the URL of one elsewhere (``s3://``, ``https://``). ``${day}`` in it is the day that is asked for."""
    package: str | None = None
    format: Literal["csv", "parquet", "jsonl"] | None = None
    """Told by the file's name, if not given."""
    csv: Csv = Csv()
    options: dict[str, Any] = {}
    """What the library that opens ``path`` elsewhere wants to be told."""
    sql: Sql | None = None
    api: Api | None = None
    every: Literal["day"] | None = None
    """The source is collected day by day, from ``since`` on, and what was collected of a day stays."""
    since: date | None = None
    known_after: Days = 0
    """How many days after ``time`` all of a row is known, its answer too."""
    key: tuple[str, ...] = ()
    """The columns that name a row."""
    repeats: Literal["first", "last", "reject", "block"] = "first"
    """Which of several different rows with the same key stays: the first, the last by ``time``, or none of them."""
    duplicates: Literal["remove", "keep", "block"] = "remove"
    """What becomes of a row that equals an earlier one in every column."""
    time: str | None = None
    """The column that says which day a row belongs to, on its own clock (``time_zone``), for collecting day by day."""
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
    def _one_origin(self) -> "Source":
        given = [name for name in ("path", "sql", "api") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of path, sql and api, got {' and '.join(given) or 'none of them'}")
        without_secret(self.path or "")
        without_secrets(self.options, "options")
        return self

    @model_validator(mode="after")
    def _names_are_free(self) -> "Source":
        if taken := [name for name in self.columns if name.startswith("__") and name.endswith("__")]:
            raise ValueError(f"expected columns without __ on both sides, which are ours, got {', '.join(taken)}")
        return self

    @model_validator(mode="after")
    def _days_are_told(self) -> "Source":
        if self.every and not (self.time and self.since):
            raise ValueError(
                "every = 'day' must come with time, the column that says the day, and since, the first day"
            )
        if self.known_after and not self.time:
            raise ValueError("known_after must come with time, the column that it counts from")
        return self

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

    @property
    def remote(self) -> bool:
        """Whether what it holds can be known only by asking for it."""
        return self.path is None or "://" in self.path

    @property
    def kind(self) -> str:
        """What its files hold."""
        suffixes = Path(address(self.path or "")).suffixes
        told = [KINDS[suffix] for suffix in reversed(suffixes) if suffix in KINDS]
        return self.format or (told[0] if told else "csv")

    @property
    def by_day(self) -> bool:
        """Whether it can be asked for one day alone."""
        asked = (self.path, self.sql and self.sql.query, self.api and f"{self.api.url} {self.api.parameters}")
        table = self.sql and self.sql.table and not self.clock.format  # which a database knows nothing of
        return bool(table) or any(f"{mark}day" in (text or "") for text in asked for mark in "{:")

    @property
    def address(self) -> str:
        """Where it lies as a reader on any machine understands it; no secret is in it."""
        if self.sql:
            return f"{address(self.sql.url)}#{self.sql.table or 'query'}"
        if self.api:
            return address(self.api.url)
        path = address(self.path or "")
        return f"{self.package}: {path}" if self.package else path

    @property
    def clock(self) -> Column:
        """How ``time`` is read. A day of the source is from midnight to midnight on the clock of that."""
        return self.columns[self.time] if self.time in self.columns else Column(type="time")

    def begins(self, day: date) -> datetime:
        """The moment (UTC) in which a day begins on the clock of the source."""
        return datetime.combine(day, time.min, ZoneInfo(self.clock.time_zone)).astimezone(UTC)

    def last_day(self, as_of: date) -> date:
        """The last day of which all is known as the day ``as_of`` (UTC) begins."""
        shown = datetime.combine(as_of, time.min, UTC).astimezone(ZoneInfo(self.clock.time_zone))
        return shown.date() - timedelta(days=1 + self.known_after)

    def origin(self) -> dict[str, Any]:
        """All that decides what is collected, as JSON values: neither rules nor, of local files, their place."""
        asked = self.model_dump(mode="json", include={*ORIGIN, "time"} - {"every", "since"}, exclude_defaults=True)
        if not self.remote:
            asked |= {"path": ""}
            asked.pop("package", None)
        columns: dict[str, Any] = {name: {} for name in self.columns}
        read = self.clock.model_dump(mode="json", include={"format", "time_zone"}, exclude_defaults=True)
        if self.time and read:
            columns[self.time] = read | {"type": "time"}
        return asked | {"format": self.kind, "columns": columns}

    def folder(self) -> Path:
        """What a local path is relative to. A package is looked up, not imported.

        Raises:
            ProblemError: the package is not installed.
        """
        if self.package is None:
            return Path()
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise ProblemError(f"package = {self.package!r} must be installed, and is not: pip install {self.package}")
        return Path(spec.origin).parent
