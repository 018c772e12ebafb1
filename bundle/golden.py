"""Golden rows: raw inputs that travel with a version, and the answers that it must give wherever it is loaded."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, field_serializer, field_validator

from bundle.contract import Contract, columns_of
from bundle.model import Answers, Model

NAME = "assets.extra/golden.json"


class WrongAnswer(ValueError):  # noqa: N818 - named for what was found
    """A loaded model does not give the answers that it must give."""


class Golden(BaseModel):
    """Rows as a client sends them, and for each named output the answer to each row.

    A file has the rows by column; earlier ones have them row by row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    rows: tuple[dict[str, float | str | None], ...]
    answers: dict[str, tuple[float | str | tuple[float, ...], ...]]
    tolerance: float

    @field_validator("rows", mode="before")
    @classmethod
    def _of_columns(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]

    @field_serializer("rows")
    def _by_column(self, rows: tuple[dict[str, float | str | None], ...]) -> dict[str, list[float | str | None]]:
        names = dict.fromkeys(chain.from_iterable(rows))
        return {name: [row.get(name) for row in rows] for name in names}

    def write(self, folder: Path) -> None:
        """Leave the rows in the version's folder."""
        path = folder / NAME
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.model_dump_json() + "\n")

    def replay(self, model: Model) -> None:
        """Ask the model for every golden row.

        Raises:
            WrongAnswer: an answer differs, or a decision is not the one that the contract's threshold or classes make
                of it; names the row, the output, and both values.
        """
        given = model.predict(columns_of(self.rows, model.contract))
        faults = []
        for name, expected in self.answers.items():
            for row, (got, want) in enumerate(zip(plain(given[name]), expected, strict=True)):
                if not _near(got, want, self.tolerance):
                    faults.append(f"golden row {row} must have the {name} {want!r}, and got {got!r}")
        for row, (got, want) in enumerate(_decided(given, model.contract)):
            if got != want:
                faults.append(f"golden row {row} must be decided {want!r} by the contract, and was decided {got!r}")
        if faults:
            raise WrongAnswer("; ".join(faults[:5]) + (f"; and {len(faults) - 5} more" if len(faults) > 5 else ""))


def read(folder: Path) -> Golden:
    """The golden rows of the version in ``folder``."""
    return Golden.model_validate_json((folder / NAME).read_bytes())


def plain(answers: npt.NDArray[Any]) -> list[Any]:
    """The answers to each row as JSON has them: a number, a text, or several numbers."""
    return [text.decode() for text in answers] if answers.dtype.kind in "SO" else answers.tolist()


def _decided(given: Answers, contract: Contract) -> Iterator[tuple[Any, Any]]:
    """Of each row the decision that was given, and the one that the contract makes of the other answer."""
    if contract.task != "regression":
        answers = given[contract.answer]
        if contract.classes:
            wanted = [contract.classes[place] for place in answers.argmax(axis=1)]
        else:
            wanted = (answers >= np.float32(contract.threshold)).astype("int64").tolist()
        yield from zip(plain(given["decision"]), wanted, strict=True)


def _near(got: Any, want: Any, tolerance: float) -> bool:
    if isinstance(want, str):
        return bool(got == want)
    there, wanted = np.asarray(got, "float64"), np.asarray(want)
    return there.shape == wanted.shape and bool((np.abs(there - wanted) <= tolerance).all())
