"""What was decided about a model's versions, as the registry tells it to those who may not ask its database.

``data/decisions/<model>.jsonl`` has a line for each decision that was taken, the first one first. The registry's audit
trail is the truth: its lines are told here after they were committed, and are only ever added.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

FOLDER = "decisions"
GOES_LIVE = ("approve", "roll_back")
"""The verbs by which a version goes live."""


class BrokenDecisions(ValueError):  # noqa: N818 - named for what was found
    """A file of decisions is not what the registry wrote; the message names the line."""


class Decided(BaseModel):
    """One decision.

    Attributes:
        sequence: of its line in the audit trail, and of the pointer that it led to.
        digest: the SHA-256 of the manifest of the version, as it was decided about.
        hash: of its line in the audit trail, which seals it and all before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    sequence: int
    verb: Literal["approve", "reject", "retire", "roll_back"]
    model: str
    version: int
    digest: str
    by: str
    at: AwareDatetime
    reason: str
    hash: str


def place(data: Path, model: str) -> Path:
    """Where the decisions about a model are told."""
    return data / FOLDER / f"{model}.jsonl"


def read(data: Path, model: str) -> list[Decided]:
    """The decisions about a model, the first one first; a last line that is not whole yet is left out.

    Raises:
        BrokenDecisions: a line is none that the registry wrote.
    """
    path = place(data, model)
    try:
        whole, _, _ = path.read_bytes().rpartition(b"\n")
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            found.append(Decided.model_validate_json(line))
        except ValidationError as error:
            told = error.errors()[0]
            raise BrokenDecisions(
                f"{path} must hold a decision in line {number}, and does not: {told['msg']}. "
                "Move the file away and run: python manage.py sync"
            ) from None
    return found


def in_force(decisions: Iterable[Decided], at: datetime) -> Decided | None:
    """The decision by which a version was live at the moment; None where none was."""
    live: Decided | None = None
    for decision in decisions:
        if decision.at > at:
            break
        if decision.verb in GOES_LIVE:
            live = decision
        elif live is not None and decision.version == live.version:
            live = None
    return live
