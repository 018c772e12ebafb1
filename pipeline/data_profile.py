"""The profile of a source: what is told of each of its columns, and what changed since a snapshot before."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bundle.monitoring import Drift
from bundle.profile import Bins

NAME = "profile.json"


class Part(BaseModel):
    """A part of the profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Part):
    """A stretch of time: its first day, in days since 1970, and how many rows it has."""

    start: int
    rows: int


class ColumnProfile(Part):
    """One column. A time is told in days since 1970, and a text by how many characters it has.

    Attributes:
        distinct: how many different values there are; at least so many, if not ``counted_exactly``.
        names_rows: whether hardly a value comes twice.
        quantiles: the lowest, the highest and those between, of ``describe.QUANTILES``.
        edges: of the histogram: one more than ``bars``, or as many, where each bar is of one value.
        top: the most frequent levels with their rows.
        bins: what a later snapshot is sorted into, to be compared with ``shares``.
        missing_by_period: how many rows of each period have no value.
        drift: how far it is from the snapshot before, where there is one that has it.
    """

    name: str
    type: str
    missing: int
    distinct: int
    counted_exactly: bool
    names_rows: bool
    quantiles: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    bars: tuple[int, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    bins: Bins
    shares: tuple[float, ...]
    missing_by_period: tuple[int, ...] = ()
    drift: Drift | None = None

    @property
    def moved(self) -> str:
        """That it differs from the snapshot before, as a sentence; empty where it does not."""
        if not self.drift or not self.drift.drifted:
            return ""
        return f"{self.name!r} is not distributed as in the snapshot before: PSI {self.drift.psi:.2f}"


class DataProfile(Part):
    """All of a source.

    Attributes:
        kinds: of every column that the source has, as it was found, also of those that nobody names.
        changes: of the kinds, since the snapshot before.
        rows_before: how many rows that one had, if there was one.
    """

    rows: int
    kinds: dict[str, str]
    time: str | None
    periods: tuple[Period, ...]
    columns: tuple[ColumnProfile, ...]
    changes: tuple[str, ...] = ()
    rows_before: int | None = None

    @classmethod
    def read(cls, folder: Path) -> "DataProfile":
        """The profile in the folder that Describe made."""
        return cls.model_validate_json((folder / NAME).read_bytes())
