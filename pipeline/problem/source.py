"""Where a table comes from, and what must hold of it: ``[sources.<name>]``."""

from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.errors import ProblemError
from pipeline.problem.origin import Api, Csv, Sql, address, without_secret, without_secrets
from pipeline.problem.part import Days, Expression, Part

MISSING_TOKENS = ("", "-", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")


ORIGIN = ("path", "package", "format", "csv", "options", "sql", "api", "every", "since", "known_after")
"""What says where a source is and when it is collected: no other stage than Collect reads it."""

KINDS = {".parquet": "parquet", ".pq": "parquet", ".json": "jsonl", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Column(Part):
    """One column of a source, and what must hold of it."""

    type: Literal["number", "integer", "category", "boolean", "time", "text"] = "number"
    known: Literal["before", "after"] = "before"
    """``after``: known only when the answer is, and so never a feature."""
    missing: Literal["keep", "reject"] = "keep"
    """What becomes of a row without a value: the model imputes it, or the row is set aside."""
    range: tuple[float, float] | None = None
    allowed: tuple[str, ...] | None = None
    outside: Literal["reject", "missing", "clip"] = "reject"
    """What becomes of a value outside ``range`` or ``allowed``: the row is set aside, the value goes, or is clipped."""
    spelling: Literal["as is", "upper", "lower"] = "as is"

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> "Column":
        numeric = self.type in ("number", "integer")
        if self.range and not numeric:
            raise ValueError(f"range is a rule for numbers, and this is a {self.type}")
        if self.range and self.range[0] > self.range[1]:
            raise ValueError(f"range must be [lowest, highest], got {list(self.range)}")
        if self.allowed is not None and self.type != "category":
            raise ValueError(f"allowed is a rule for categories, and this is a {self.type}")
        if self.outside == "clip" and not numeric:
            raise ValueError(f"outside = 'clip' is a rule for numbers, and this is a {self.type}")
        return self


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
    """The columns that name a row; a row that repeats them is set aside."""
    time: str | None = None
    """The column that says which day (UTC) a row belongs to, for collecting day by day."""
    checks: dict[str, Expression] = {}
    """Comparisons that must hold of each row, by the reason to give where one does not."""
    missing_tokens: tuple[str, ...] = MISSING_TOKENS
    max_rejected: float = Field(0.05, ge=0, le=1)
    """The share of rows that may be set aside before the run stops."""
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
    def _days_are_told(self) -> "Source":
        if self.every and not (self.time and self.since):
            raise ValueError(
                "every = 'day' must come with time, the column that says the day, and since, the first day"
            )
        if self.known_after and not self.time:
            raise ValueError("known_after must come with time, the column that it counts from")
        return self

    @property
    def remote(self) -> bool:
        """Whether what it holds can be known only by asking for it."""
        return self.path is None or "://" in self.path

    @property
    def kind(self) -> str:
        """What its files hold."""
        suffixes = Path(self.path or "").suffixes
        told = [KINDS[suffix] for suffix in reversed(suffixes) if suffix in KINDS]
        return self.format or (told[0] if told else "csv")

    @property
    def by_day(self) -> bool:
        """Whether it can be asked for one day alone."""
        asked = (self.path, self.sql and self.sql.query, self.api and f"{self.api.url} {self.api.parameters}")
        return bool(self.sql and self.sql.table) or any(f"{mark}day" in (text or "") for text in asked for mark in "{:")

    @property
    def address(self) -> str:
        """Where it lies as a reader on any machine understands it; no secret is in it."""
        if self.sql:
            return f"{address(self.sql.url)}#{self.sql.table or 'query'}"
        if self.api:
            return address(self.api.url)
        path = address(self.path or "")
        return f"{self.package}: {path}" if self.package else path

    def last_day(self, as_of: date) -> date:
        """The last day of which all is known on the day ``as_of``."""
        return as_of - timedelta(days=1 + self.known_after)

    def origin(self) -> dict[str, Any]:
        """All that decides what is collected, as JSON values: neither rules nor, of local files, their place."""
        asked = self.model_dump(mode="json", include={*ORIGIN, "time"} - {"every", "since"}, exclude_defaults=True)
        if not self.remote:
            asked |= {"path": ""}
            asked.pop("package", None)
        return asked | {"format": self.kind, "columns": {name: {} for name in self.columns}}

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
