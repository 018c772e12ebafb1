"""What was concluded of a table."""

import math
from dataclasses import dataclass, field

from pipeline.inference.kinds import Column
from pipeline.inference.reading import Table
from pipeline.problem import Task

SMALL_CLASS = 100
"""Rows of the rarest class up to which it is shared out exactly among the splits."""


@dataclass
class Found:
    """What was concluded of a table."""

    table: Table
    rows: int
    task: Task
    target: str
    answers: list[str]
    why: str
    columns: dict[str, Column]
    left_out: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    group: str | None = None
    time: str | None = None
    windows: tuple[str, str] | None = None
    derived: dict[str, str] = field(default_factory=dict)
    missing_tokens: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    rarest: int = 0
    """Rows of the rarest class, or all rows of a regression."""

    @property
    def features(self) -> list[Column]:
        """The columns that the model may look at."""
        other = {self.key, self.group, *self.answers, *self.left_out}
        return [column for name, column in self.columns.items() if name not in other and column.kind != "time"]

    @property
    def named(self) -> list[Column]:
        """The columns that the problem file names."""
        names = {self.key, self.group, *self.answers, *(one.name for one in [*self.features, *self.times])}
        return [column for name, column in self.columns.items() if name in names]

    @property
    def equal_by_chance(self) -> str:
        """Why rows that are equal in what is named may be things of their own; empty where one is another once more."""
        if self.key:
            return ""
        for column in self.columns.values():
            if column not in self.named and (column.seen.distinct > 1 or column.seen.typed == "nested"):
                return f"rows that are equal in these columns may differ in {column.name}"
        if math.prod(column.seen.distinct + 1 for column in self.named) < self.rows**2:
            return "with so few different values, rows are equal by chance"
        return ""

    @property
    def stratified(self) -> bool:
        """Whether an answer has so few rows that they are shared out exactly."""
        free = not self.windows and not self.group
        return free and self.task != "regression" and self.rarest < SMALL_CLASS

    @property
    def times(self) -> list[Column]:
        """The times that order the rows, or that features are derived of."""
        other = {*self.answers, *self.left_out}
        return [one for name, one in self.columns.items() if one.kind == "time" and name not in other]
