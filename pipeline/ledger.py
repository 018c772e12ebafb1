"""How often a hold-out was read: a ledger that is only ever added to.

``data/holdouts/<seal>.jsonl`` has a line for each evaluation, and each comparison with a live version, that read the
rows with this seal, the first one first, whichever problem file asked for it. The more models are chosen by the same
rows, the better the best of them looks by chance: C. Dwork et al., The reusable holdout, Science 349 (2015), 636-638.
"""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from pipeline.errors import StageError

FOLDER = "holdouts"


class Reading(BaseModel):
    """One evaluation or comparison, by its key, and the content of the model that it read the rows with."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    evaluation: str
    model: str
    at: AwareDatetime


def record(data: Path, seal: str, evaluation: str, model: str) -> list[Reading]:
    """Add an evaluation or comparison unless it is there: the readings up to it, itself the last.

    Raises:
        StageError: a line of the ledger is no reading.
    """
    path = data / FOLDER / f"{seal}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        whole, newline, _ = file.read().rpartition(b"\n")
        readings = _parsed(path, whole)
        for place, reading in enumerate(readings, start=1):
            if reading.evaluation == evaluation:
                return readings[:place]
        reading = Reading(evaluation=evaluation, model=model, at=datetime.now(UTC).replace(microsecond=0))
        file.truncate(len(whole + newline))  # a line that was not finished counted for nobody
        file.write(reading.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)
    return [*readings, reading]


def _parsed(path: Path, lines: bytes) -> list[Reading]:
    found = []
    for number, line in enumerate(lines.splitlines(), start=1):
        try:
            found.append(Reading.model_validate_json(line))
        except ValidationError as error:
            raise StageError(
                f"{path} must hold a reading of the hold-out in line {number}, and does not: "
                f"{error.errors()[0]['msg']}. Put the file back from a backup, or take the line away."
            ) from None
    return found


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
