"""One answer of the many that were served, by its id: what was asked, what was answered, and what came true of it.

The id holds the day, and so the folder. Lines that do not have the id in them are passed over without being parsed.
"""

from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from bundle import identity
from bundle.monitoring import OUTCOMES, SERVED, Outcome, Served
from pipeline.errors import LineageError


class Answer(BaseModel):
    """What one request was answered.

    Attributes:
        about: the moment that it is about, in ISO 8601, UTC.
        answered: the moment of the answer, likewise.
        inputs: the raw columns of each row.
        answers: what each row was answered.
        outcomes: what came true of each row; None where nobody has told yet.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    model: str
    version: int
    about: str
    answered: str
    inputs: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    outcomes: list[float | str | None]


def find(data: Path, asked: str) -> Answer:
    """The answer with this id.

    Raises:
        LineageError: the log does not have it.
    """
    day = identity.moment(asked).date().isoformat()
    for folder in sorted((data / SERVED).glob(f"*/{day}")):
        model = folder.parent.name
        served: Served
        for served in _lines(folder, asked):
            if asked in served["ids"]:
                return _answer(served, asked, model, _outcomes(data / OUTCOMES / model / day, asked))
    raise LineageError(
        f"The answer {asked} must be in the log of its day, {data / SERVED}/<model>/{day}, and is not: "
        "it was given elsewhere, it was lost (the server counts such), or the log of that day was removed."
    )


def _answer(served: Served, asked: str, model: str, came: dict[int, float | str]) -> Answer:
    number = served["ids"].index(asked)
    first = sum(served["rows"][:number])
    rows = range(first, first + served["rows"][number])
    return Answer(
        id=asked,
        model=model,
        version=served["version"],
        about=served["at"][number],
        answered=served["answered"][number],
        inputs=[{name: values[row] for name, values in served["inputs"].items()} for row in rows],
        answers=[{name: values[row] for name, values in served["answers"].items()} for row in rows],
        outcomes=[came.get(row - first) for row in rows],
    )


def _outcomes(folder: Path, asked: str) -> dict[int, float | str]:
    """The outcome of each row, the one that was told last."""
    told: list[Outcome] = [line for line in _lines(folder, asked) if line["id"] == asked]
    return {outcome["row"]: outcome["value"] for outcome in sorted(told, key=itemgetter("at"))}


def _lines(folder: Path, asked: str) -> Iterator[Any]:
    """What the lines of a day hold that have the id in them; one that was cut short holds nothing."""
    wanted = b'"%b"' % asked.encode()
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if wanted in line:
                    with suppress(orjson.JSONDecodeError):
                        yield orjson.loads(line)
