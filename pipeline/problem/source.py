"""Where a table comes from, and what must hold of it: ``[sources.<name>]``."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipeline.errors import ProblemError
from pipeline.problem.part import Expression, Part

MISSING_TOKENS = ("", "-", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")


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

    path: str
    """A CSV file, also as .zip or .gz: relative to the current folder, or to ``package`` where that is given."""
    package: str | None = None
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
