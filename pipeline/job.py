"""What a stage's function is called with, and what it gives back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import problem


@dataclass(frozen=True)
class Job:
    """What a stage gets: the parts of the problem file that it declared, its inputs, and the folder to fill.

    ``output`` is filled aside and appears as ``final`` when it is whole. ``code`` is what the receipt will say of the
    code: the digest of each module. ``data`` is the data folder. ``libraries`` are those that the function may import.
    """

    function: str
    source: str
    part: dict[str, Any]
    inputs: dict[str, Path]
    output: Path
    final: Path
    made_by: str
    code: dict[str, str]
    data: Path
    libraries: tuple[str, ...] = ()

    @property
    def problem(self) -> problem.Problem:
        """The problem, with the declared parts and no others."""
        return problem.view(self.part)


@dataclass(frozen=True)
class Outcome:
    """What a stage counted: rows in and out, and notes that a person should read.

    ``measured`` holds what differs from one making to the next, such as seconds: it goes into the receipt, and never
    into the files of the result. ``columns`` are the types of the columns of the table that it made, by name.
    """

    rows_in: int | None = None
    rows_out: int | None = None
    notes: list[str] = field(default_factory=list)
    measured: dict[str, float] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    columns: dict[str, str] = field(default_factory=dict)
