"""The contract of a model: the raw columns that it takes, and what it answers. The one schema that serving knows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Columns = Mapping[str, npt.NDArray[Any]]
MAX_FAULTS = 20
LARGEST = float(np.finfo("float32").max)


class Input(BaseModel):
    """A raw column. A number may be missing (NaN), a category too (the empty text)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["number", "category"]


class Output(BaseModel):
    """One named answer for each row."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["number", "integer"]
    meaning: str


class Contract(BaseModel):
    """What goes in and what comes out; each column is one value for each row (a rank-1 tensor)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    threshold: float
    """The probability from which the decision is yes."""


class ContractError(ValueError):
    """Rows that do not fit the contract; ``faults`` lists each one, with its row and field."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        more = f"; and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        super().__init__("; ".join(faults[:MAX_FAULTS]) + more)


def columns_of(rows: Sequence[Mapping[str, Any]], contract: Contract) -> dict[str, npt.NDArray[Any]]:
    """Rows of named values as the columns that the model takes: float32 and UTF-8 bytes, each [rows].

    A value that is absent or None is missing; names that the contract does not have are passed over.

    Raises:
        ContractError: a value is of the wrong type, or no finite number; every fault is listed.
    """
    faults: list[str] = []
    columns: dict[str, npt.NDArray[Any]] = {}
    for column in contract.inputs:
        values = [row.get(column.name) for row in rows]
        if column.type == "number":
            fits = _is_number
            columns[column.name] = np.array([_number(value) for value in values], "float32")
        else:
            fits = _is_text
            columns[column.name] = as_bytes([value if isinstance(value, str) else "" for value in values])
        faults.extend(_fault(at, column, value) for at, value in enumerate(values) if not fits(value))
    if faults:
        raise ContractError(faults)
    return columns


def as_bytes(texts: Sequence[str]) -> npt.NDArray[np.bytes_]:
    """Texts as an array of UTF-8 bytes."""
    return np.array([text.encode() for text in texts], dtype=np.bytes_)


def check(columns: Columns, contract: Contract) -> None:
    """Refuse columns that the model must not see.

    Raises:
        ContractError: a column is absent, of another length than the first, or holds an infinite number.
    """
    faults = [f"{column.name} is not given" for column in contract.inputs if column.name not in columns]
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        faults.append(f"every column must have as many values as the others, got {sorted(lengths)}")
    faults += [
        f"{column.name} must be finite or missing (NaN), got an infinite number"
        for column in contract.inputs
        if column.type == "number" and column.name in columns and np.isinf(columns[column.name]).any()
    ]
    if faults:
        raise ContractError(faults)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value != value or _is_small(value)  # noqa: PLR0124 - NaN, which is missing


def _is_small(value: float) -> bool:
    return abs(value) <= LARGEST


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return float(value) if _is_small(value) else float("nan")


def _fault(row: int, column: Input, value: Any) -> str:
    expected = "a finite number or null" if column.type == "number" else "text or null"
    return f"row {row}, {column.name}: expected {expected}, got {value!r:.40}"
