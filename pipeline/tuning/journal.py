"""The journal of a search: each trial that has ended is a file of its own, which appears whole.

It is all that a search is resumed from: the oracle is told the trials again, in their order, and so comes to the same
state. Keras Tuner's own files are written in place, leave the state of its generator out, and are never read.
"""

import logging
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline import whole

CLOCK: Literal["STOPPED BY THE CLOCK"] = "STOPPED BY THE CLOCK"
log = logging.getLogger(__name__)


class Finished(BaseModel):
    """A trial that has ended.

    Attributes:
        status: ``STOPPED`` where it fell behind the others, and was not trained to its end; ``STOPPED BY THE CLOCK``
            where the time of the search was over before, which is not noted down.
        score: the lowest loss of the curve; None where it was not completed.
        message: why it failed.
        curve: the validation loss after each epoch.
        seconds: how long it took, of the run that ended it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")
    id: str
    status: Literal["COMPLETED", "STOPPED", "FAILED", "STOPPED BY THE CLOCK"]
    score: float | None
    message: str | None
    hyperparameters: dict[str, bool | int | float | str]
    curve: list[float]
    seconds: float


def write(folder: Path, trial: Finished) -> None:
    """Note down a trial that has ended."""
    whole.write(folder / f"{trial.id}.json", trial.model_dump_json(indent=1).encode() + b"\n")


def read(folder: Path) -> dict[str, Finished]:
    """The trials that have ended, by id; one whose file can't be read is told, and will be run again."""
    found = {}
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            found[path.stem] = Finished.model_validate_json(path.read_bytes())
        except ValidationError:
            log.warning("%s must tell of a trial, and is not whole: the trial is run again.", path)
    return found
