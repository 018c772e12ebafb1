"""One column of a source, and what must hold of it: ``[sources.<name>.columns]``."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from bundle import moment
from pipeline.problem.part import Expression, Part, Zone

NUMERIC = ("number", "integer")


Mark = Annotated[str, Field(min_length=1, max_length=1)]
PARTS = {"the year": "Yy", "the month": "mbB"}
DIRECTIVES = "YymbBdaAHIpMSfz%"


def _format(written: str) -> str:
    if written in moment.COUNTED:
        return written
    used = re.findall("%(.?)", written)
    if unknown := [f"%{one}" for one in used if not one or one not in DIRECTIVES]:
        raise ValueError(f"expected directives of %{' %'.join(DIRECTIVES)}, got {' '.join(unknown)}")
    if len(set(used)) < len(used):
        raise ValueError(f"expected each directive once, got {written!r}")
    if untold := [part for part, those in PARTS.items() if not set(those) & set(used)]:
        raise ValueError(
            f"expected a format that tells year and month, such as '%d/%m/%Y', or {', '.join(moment.COUNTED)}; "
            f"{untold[0]} is not told"
        )
    return written


Format = Annotated[str, AfterValidator(_format)]


class Column(Part):
    """One column of a source, and what must hold of it.

    What breaks a rule follows the rule's word: ``block`` stops the run, ``reject`` sets the row aside, ``warn`` counts
    it and lets it be; ``missing`` takes the value away; each other word mends the value as it says.
    """

    type: Literal["number", "integer", "category", "boolean", "time", "text"] = "number"
    known: Literal["before", "after"] = "before"
    """``after``: known only when the answer is, and so never a feature."""
    missing: Literal["keep", "warn", "reject", "block"] = "keep"
    """What becomes of a row without a value; where it is kept, the model imputes it."""
    unreadable: Literal["missing", "reject", "block"] = "reject"
    """What becomes of a value that the type can't hold."""
    range: tuple[float, float] | None = None
    allowed: tuple[str, ...] | None = None
    outside: Literal["missing", "clip", "warn", "reject", "block"] = "reject"
    """What becomes of a value outside ``range`` or ``allowed``."""
    spelling: Literal["as is", "upper", "lower"] = "as is"
    spellings: dict[str, str] = {}
    """What is written in another way, by how it is written; read after ``spelling``."""
    unit: str | None = None
    """What may stand before or after a number."""
    decimal: Mark = "."
    thousands: Mark | None = None
    magnitude: bool = False
    """Whether a K, M or B after a number is for thousands, millions or billions, as in ``1.2M``."""
    clock: bool = False
    """Whether a number is written as hours, minutes and perhaps seconds, such as ``17:05``: it counts seconds then."""
    format: Format | None = None
    """How a time is written that is not in ISO 8601: as ``datetime.strptime`` has it, such as ``%d/%m/%Y %H:%M``, or as
    a number that counts from 1970 on: ``unix`` in seconds, ``unix_ms``, ``unix_us`` and ``unix_ns`` in parts of one."""
    time_zone: Zone = "UTC"
    """Where the clock hung that a time without an offset was read from."""
    clock_change: Literal["before", "missing", "reject", "block"] = "before"
    """What becomes of a time that the clock showed twice or skipped: the offset before the change is taken to hold."""
    future: Literal["keep", "missing", "warn", "reject", "block"] = "keep"
    """What becomes of a time after the day of the run, or of its ``as_of``."""

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> "Column":
        fits = {
            "range": NUMERIC,
            "unit": NUMERIC,
            "decimal": NUMERIC,
            "thousands": NUMERIC,
            "magnitude": NUMERIC,
            "clock": NUMERIC,
            "allowed": ("category",),
            "spelling": ("category",),
            "spellings": ("category",),
            "format": ("time",),
            "time_zone": ("time",),
            "clock_change": ("time",),
            "future": ("time",),
        }
        for rule, types in fits.items():
            if getattr(self, rule) != type(self).model_fields[rule].get_default() and self.type not in types:
                what = {"number": "numbers", "category": "categories", "time": "times"}[types[0]]
                raise ValueError(f"{rule} is a rule for {what}, and this is a {self.type}")
        if self.range and self.range[0] > self.range[1]:
            raise ValueError(f"range must be [lowest, highest], got {list(self.range)}")
        if self.outside == "clip" and self.type not in NUMERIC:
            raise ValueError(f"outside = 'clip' is a rule for numbers, and this is a {self.type}")
        if self.clock and (self.unit or self.thousands or self.magnitude or self.decimal != "."):
            raise ValueError("clock = true leaves no room for unit, decimal, thousands and magnitude")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands must differ, got {self.decimal!r} for both")
        return self


class Check(Part):
    """A comparison that must hold of each row, and what becomes of a row where it does not."""

    holds: Expression
    otherwise: Literal["warn", "reject", "block"] = "reject"

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, written: Any) -> Any:
        return {"holds": written} if isinstance(written, str) else written
