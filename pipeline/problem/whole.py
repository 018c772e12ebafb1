"""The whole of a problem file."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from pipeline import expressions
from pipeline.problem.column import Column
from pipeline.problem.features import TEXT_PARTS, Features, Screen
from pipeline.problem.model import Decision, Requirement, Search, Task, Training
from pipeline.problem.notes import Notes
from pipeline.problem.part import Expression, Name, Names, Part
from pipeline.problem.source import ORIGIN, Source
from pipeline.problem.split import ByHash, Split
from pipeline.problem.upkeep import Maintain, Monitoring


class Problem(Part):
    """The whole of a problem file."""

    name: Name
    title: str
    task: Task = "binary"
    seed: int = Field(0, ge=0)
    table: str
    """The source whose rows are predicted."""
    target: Expression
    """binary: yes where it holds; multiclass: the column with the label; regression: the number.

    A row for which it can't be told is set aside.
    """
    sources: dict[Name, Source]
    joins: dict[str, tuple[str, ...]] = {}
    """Sources that change over time, by the columns to join them on: a client sends their columns."""
    lookups: dict[str, Names] = {}
    """Static sources, by the columns that name their row: they travel inside the model."""
    features: Features
    split: Split = ByHash()
    screen: Screen = Screen()
    search: Search = Search()
    training: Training = Training()
    decision: Decision = Decision()
    slices: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    monitoring: Monitoring = Monitoring()
    maintain: Maintain = Maintain()
    notes: Notes = Notes()

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The columns of the table and of what is joined to it: what a row is before anything is derived."""
        found = dict(self.sources[self.table].columns)
        for source in self.joins:
            found |= {name: column for name, column in self.sources[source].columns.items() if name not in found}
        return found

    def column(self, name: str) -> Column:
        """The column called ``name``; ``planes.seats`` is column ``seats`` of the look-up ``planes``."""
        if name in self.columns:
            return self.columns[name]
        source, _, column = name.partition(".")
        return self.sources[source].columns[column]

    def identity(self) -> list[str]:
        """The columns that tell a row from all others: its key, or else all that is known of it before the answer."""
        source = self.sources[self.table]
        return list(source.key or (name for name, column in source.columns.items() if column.known == "before"))

    @property
    def equals_apart(self) -> bool:
        """Whether rows that are equal in all that is known of them are things of their own."""
        source = self.sources[self.table]
        return not source.key and source.duplicates == "keep"

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The numbers that texts become, each with the column that has the text."""
        texts = [name for name in self.features.columns if self.column(name).type == "text"]
        return {f"{name}[{part}]": name for name in texts for part in range(1, TEXT_PARTS + 1)}

    def kinds(self) -> dict[str, Literal["number", "category"]]:
        """Every candidate feature and what it is, in the order of the problem file, those of texts last."""
        columns = {name: self.column(name).type for name in self.features.columns}
        kinds: dict[str, Literal["number", "category"]] = {
            name: "number" if kind in ("number", "integer") else "category"
            for name, kind in columns.items()
            if kind != "text"
        }
        for name, expression in self.features.derived.items():
            kinds[name] = "category" if expressions.crossed(expression) else "number"
        return kinds | dict.fromkeys([*self.features.past, *self.texts], "number")

    def operands(self, feature: str) -> list[str]:
        """The columns, looked-up ones among them, that a feature is made of."""
        if feature in self.features.derived:
            return expressions.columns(self.features.derived[feature])
        if feature in self.features.past:
            return [str(self.sources[self.table].time), *self.features.past[feature].by]
        return [self.texts.get(feature, feature)]

    def inputs(self, features: tuple[str, ...] | None = None) -> list[str]:
        """The raw columns that a client sends for ``features`` (all of them, if not given), sorted."""
        wanted: set[str] = set()
        for feature in features if features is not None else tuple(self.kinds()):
            for name in self.operands(feature):
                wanted.update((name,) if name in self.columns else self.lookups[name.partition(".")[0]])
        return sorted(wanted)

    def part(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named top-level parts as JSON values: all that a stage may read, and so all that can make it stale.

        Where a source comes from is left out: what was collected is an input.
        """
        part = self.model_dump(mode="json", include=set(names))
        for name, source in part.get("sources", {}).items():
            part["sources"][name] = {key: value for key, value in source.items() if key not in ORIGIN} | {"path": ""}
        return part
