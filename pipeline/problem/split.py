"""How rows are parted into those to learn from, to choose with and to judge by: ``[split]``."""

import contextlib
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PlainValidator, Tag, model_validator

from pipeline.problem.part import Part, Zone

KIND = "by = "
"""What pydantic's place of a mistake begins with where it says which kind of split was meant."""
LENGTH = re.compile(r"(\d+) (day|week|month|year)s?")


def _begin(value: object) -> date | float | str:
    if isinstance(value, str):
        if LENGTH.fullmatch(value):
            return value
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    elif type(value) is date or (isinstance(value, float) and 0 < value < 1):
        return value
    examples = "a day such as 2013-10-01, a share such as 0.15, or a length such as '30 days'"
    raise ValueError(f"expected {examples}, got {value}")


Begin = Annotated[date | float | str, PlainValidator(_begin)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Parted(Part):
    """What every kind of split may say."""

    time: str | None = None
    """The column that says when a row was: it orders the rows, and tells days."""
    time_zone: Zone = "UTC"
    """Where a day begins."""
    group: str | None = None
    """A column, such as the customer, no value of which is in two splits."""


class ByTime(Parted):
    """Rows before ``validation`` train, rows from ``test`` on are the hold-out.

    Either is the day that it begins, the share of all rows that it has, or how long it lasts: counted back from the day
    that a run is as of, or else from the end of the newest row's day.
    """

    by: Literal["time"] = "time"
    time: str
    validation: Begin
    test: Begin

    @model_validator(mode="after")
    def _in_order(self) -> "ByTime":
        days = (self.validation, self.test)
        if isinstance(days[0], date) and isinstance(days[1], date) and days[0] >= days[1]:
            raise ValueError(f"validation must begin before test, got {days[0]} and {days[1]}")
        return self


class Shares(Parted):
    """The share of all rows that are chosen with and judged by; the others train."""

    validation: Share = 0.15
    test: Share = 0.15

    @model_validator(mode="after")
    def _leave_some(self) -> "Shares":
        if self.validation + self.test >= 1:
            raise ValueError(f"validation and test must leave rows to train on, got {self.validation} and {self.test}")
        return self


class ByHash(Shares):
    """A row's split is told by a digest of its group, its key, or of all that it is: it stays whatever rows come."""

    by: Literal["hash"] = "hash"


class ByRandom(Shares):
    """Rows are drawn by the problem's seed, in shares that are exact."""

    by: Literal["random"] = "random"
    stratify: bool = False
    """Whether each answer has these shares."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "ByRandom":
        if self.stratify and self.group:
            raise ValueError("stratify and group can't both hold: the shares of answers differ from group to group")
        return self


def _kind(value: Any) -> str:
    return KIND + str(value.get("by", "time") if isinstance(value, dict) else getattr(value, "by", "time"))


Split = Annotated[
    Annotated[ByTime, Tag(f"{KIND}time")]
    | Annotated[ByHash, Tag(f"{KIND}hash")]
    | Annotated[ByRandom, Tag(f"{KIND}random")],
    Discriminator(_kind),
]
