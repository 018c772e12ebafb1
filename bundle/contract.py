"""The contract of a model: the raw columns that it takes, and what it answers. The one schema that serving knows."""

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from bundle import moment

Columns = Mapping[str, npt.NDArray[Any]]
MAX_FAULTS = 20
LARGEST = float(np.finfo("float32").max)
MAX_TEXT = 1000
"""The most characters of a category, and of"""
MAX_LONG_TEXT = 10_000
"""a text that is no category."""
MOST = {"category": MAX_TEXT, "text": MAX_LONG_TEXT}
MOST_NAMED = 20
"""Allowed values that are named to a person."""
PLAIN_NUMBERS = frozenset({int, float, type(None)})
PLAIN_TEXTS = frozenset({str, type(None)})
MISSING_TIME = int(np.iinfo("int64").min)
"""What stands for a time that is missing, among seconds since 1970; NumPy calls it NaT."""


class Absent:
    """What a row holds for a column that it does not name, where that is a fault."""

    def __repr__(self) -> str:
        """As it stands in a message: expected a number, got nothing."""
        return "nothing"


ABSENT = Absent()


class Input(BaseModel):
    """A raw column, of which any value may be missing.

    ==========  ==============================  ============================================
    type        what a client sends             what the model takes
    ==========  ==============================  ============================================
    number      a finite number                 float32, NaN where missing
    category    text, MAX_TEXT at most          text, empty where missing
    text        text, MAX_LONG_TEXT at most     text, empty where missing
    boolean     true or false                   the text true or false, empty where missing
    time        text in ISO 8601, or as         int64 seconds since 1970 (UTC), the least
                ``format`` says                 int64 where missing
    ==========  ==============================  ============================================
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["number", "category", "text", "boolean", "time"]
    unit: str | None = None
    """What a number counts, such as ``$``, or seconds where a clock was read: it is sent as a number all the same."""
    time_zone: str = "UTC"
    """Where the clock hangs that a time without an offset is read from."""
    format: str | None = None
    """How else than in ISO 8601 a time is written: as ``datetime.strptime`` has it, or one of ``moment.COUNTED``."""
    missing: tuple[str, ...] = ()
    """Texts that mean "no value", beside the empty one."""
    spelling: Literal["as is", "upper", "lower"] = "as is"
    spellings: dict[str, str] = {}
    """What a category is called otherwise, by what it is written as once ``spelling`` has done its part."""
    allowed: tuple[str, ...] | None = None
    """A category that is none of these is missing."""
    range: tuple[float, float] | None = None
    """A number outside is missing, or where ``clip`` says so the nearer end."""
    clip: bool = False

    @cached_property
    def meaning_nothing(self) -> frozenset[str]:
        """``missing``, to be looked up in."""
        return frozenset(self.missing)


class Output(BaseModel):
    """One named answer for each row: a value, or ``size`` of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["number", "integer", "category"]
    meaning: str
    size: int | None = None
    """How many values a row has: a tensor of [rows, size], and of [rows] where there is no size."""


class Contract(BaseModel):
    """What goes in and what comes out; each column is one value for each row (a rank-1 tensor).

    The first output is the one that is measured; any other one follows from it.

    Attributes:
        threshold: the probability from which the decision is yes; None where yes is no answer.
        classes: the labels that the model may give, in the order of their probabilities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    threshold: float | None = None
    classes: tuple[str, ...] = ()

    @property
    def task(self) -> Literal["binary", "multiclass", "regression"]:
        """The kind of answer."""
        if self.classes:
            return "multiclass"
        return "regression" if self.threshold is None else "binary"

    @property
    def answer(self) -> str:
        """The name of the output that is measured."""
        return self.outputs[0].name


def in_words(column: Input) -> str:
    """What a client sends for a column, beside nothing: ``number, in $``."""
    told: list[str] = [column.type]
    if column.type == "time":
        told += [f"in ISO 8601{f' or written as {column.format}' if column.format else ''}"]
        told += [f"in {column.time_zone} where it tells no offset"] if column.format not in moment.COUNTED else []
    if column.unit:
        told.append(f"in {column.unit}")
    if column.range:
        low, high = column.range
        told.append(f"{low:g} to {high:g}, and {'the nearer of them' if column.clip else 'missing'} beyond")
    if column.allowed is not None:
        more = ", ..." if len(column.allowed) > MOST_NAMED else ""
        told.append(f"one of {', '.join(column.allowed[:MOST_NAMED])}{more}, and missing where it is none")
    return ", ".join(told)


def tensors(contract: Contract) -> dict[str, str]:
    """What the model calls the tensor of each column: by the column's name, where a SavedModel can hold that.

    It holds ASCII words that begin with a letter and are no words of Python, and no two that differ in case alone.
    """
    taken = {"self", *map(str.lower, keyword.kwlist)}
    names: dict[str, str] = {}
    for column in contract.inputs:
        word = re.sub(r"\W", "_", column.name, flags=re.ASCII)
        base = name = word if word[:1].isalpha() else f"column{word}"
        number = 2
        while name.lower() in taken:
            name, number = f"{base}__{number}", number + 1
        taken.add(name.lower())
        names[column.name] = name
    return names


class ContractError(ValueError):
    """Rows that do not fit the contract; ``faults`` lists each one, with its row and field."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        more = f"; and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        super().__init__("; ".join(faults[:MAX_FAULTS]) + more)


def columns_of(
    rows: Sequence[Mapping[str, Any]], contract: Contract, *, absent: Any = None
) -> dict[str, npt.NDArray[Any]]:
    """Rows of named values as columns of [rows]: float32, UTF-8 bytes, or datetime64[s] for times.

    A value of None is missing; so is one that a row does not name, unless ``absent`` is ``ABSENT``: then it is a
    fault. Names that the contract does not have are passed over. Values are cleaned as those that the model learned
    from were: spelled alike, and held to a range.

    Raises:
        ContractError: a value is of the wrong type, or no finite number; every fault is listed.
    """
    names = [column.name for column in contract.inputs]
    try:
        values = dict(zip(names, zip(*map(itemgetter(*names, names[0]), rows), strict=True), strict=False))
    except (KeyError, TypeError):  # a row that does not name every column
        values = {}
    if not values:
        values = {name: tuple(row.get(name, absent) for row in rows) for name in names}
    return typed(values, contract)


def typed(values: Mapping[str, Sequence[Any]], contract: Contract) -> dict[str, npt.NDArray[Any]]:
    """The values of each column as the model takes them; ``values`` has every column of the contract.

    Raises:
        ContractError: as for ``columns_of``.
    """
    with np.errstate(over="ignore"):
        columns = _together(values, contract)
        return _one_by_one(values, contract) if columns is None else columns


def _together(values: Mapping[str, Sequence[Any]], contract: Contract) -> dict[str, npt.NDArray[Any]] | None:
    """All columns, the numbers looked at as one block; None where a value is out of the ordinary."""
    names = [column.name for column in contract.inputs if column.type == "number"]
    block = _numbers([values[name] for name in names], chain.from_iterable(values[name] for name in names))
    columns: dict[str, npt.NDArray[Any]] = {}
    if block is None:
        return None
    columns.update(zip(names, block, strict=True))
    for column in contract.inputs:
        if column.range:
            columns[column.name] = _held(column, columns[column.name])
        if column.type != "number":
            made = _made(column, values[column.name])
            if made is None:
                return None
            columns[column.name] = made
    return columns


def _one_by_one(values: Mapping[str, Sequence[Any]], contract: Contract) -> dict[str, npt.NDArray[Any]]:
    faults: list[str] = []
    columns: dict[str, npt.NDArray[Any]] = {}
    for column in contract.inputs:
        given = values[column.name]
        made = _made(column, given)
        if made is None:
            faults.extend(_fault(at, column, value) for at, value in enumerate(given) if not _fits(column, value))
        else:
            columns[column.name] = made
    if faults:
        raise ContractError(faults)
    return columns


def as_bytes(texts: Sequence[str]) -> npt.NDArray[np.object_]:
    """Texts as an array of UTF-8 bytes, each as long as it is."""
    return np.array([text.encode() for text in texts], dtype=object)


def check(columns: Columns, contract: Contract) -> None:
    """Refuse columns that the model must not see.

    Raises:
        ContractError: a column is absent, of another length than the first, or holds an infinite number.
    """
    faults = [f"{column.name} is not given" for column in contract.inputs if column.name not in columns]
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        faults.append(f"every column must have as many values as the others, got {sorted(lengths)}")
    numbers = [column.name for column in contract.inputs if column.type == "number" and column.name in columns]
    if numbers and np.isinf(np.concatenate([columns[name] for name in numbers])).any():
        faults += [
            f"{name} must be finite or missing (NaN), got an infinite number"
            for name in numbers
            if np.isinf(columns[name]).any()
        ]
    if faults:
        raise ContractError(faults)


def _made(column: Input, values: Sequence[Any]) -> npt.NDArray[Any] | None:
    """The values of a column as the model takes them, or None where one does not fit."""
    match column.type:
        case "number":
            numbers = _numbers(values, values)
            return numbers if numbers is None or not column.range else _held(column, numbers)
        case "category" | "text":
            return _texts(values, column)
        case "boolean":
            return _booleans(values)
        case "time":
            return _times(values, column)


def _fits(column: Input, value: Any) -> bool:
    return _made(column, [value]) is not None


def _numbers(values: Sequence[Any], each: Iterable[Any]) -> npt.NDArray[np.float32] | None:
    """The values, or several columns of them, as numbers; None where one of ``each`` is none."""
    if not PLAIN_NUMBERS.issuperset(map(type, each)) and not (each is values and all(map(_is_number, values))):
        return None
    try:
        made = np.array(values, "float32")
    except OverflowError:  # a whole number of more than 308 digits
        return None
    return None if np.isinf(made).any() else made


def _held(column: Input, numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The numbers in the range of their column, as 32 bits hold both."""
    low, high = np.array(column.range, "float32")
    if column.clip:
        return np.clip(numbers, low, high)
    return np.where((numbers < low) | (numbers > high), np.float32(np.nan), numbers)


def _texts(values: Sequence[Any], column: Input) -> npt.NDArray[np.object_] | None:
    """The values as texts, spelled as the model knows them, or None where one is none."""
    if not PLAIN_TEXTS.issuperset(map(type, values)) and not all(map(_is_text, values)):
        return None
    if max((len(value) for value in values if value), default=0) > MOST[column.type]:
        return None
    nothing = column.meaning_nothing
    texts = [value.strip() if value else "" for value in values]
    texts = ["" if text in nothing else text for text in texts]
    texts = spelled(texts, column.spelling, column.spellings)
    if column.allowed is not None:
        texts = [text if text in column.allowed else "" for text in texts]
    return as_bytes(texts)


def spelled(texts: list[str], spelling: str, spellings: Mapping[str, str]) -> list[str]:
    """Categories as one spelling has them; the same for the rows that a model learns from, and for a client's."""
    if spelling != "as is":
        texts = [text.upper() if spelling == "upper" else text.lower() for text in texts]
    return [spellings.get(text, text) for text in texts] if spellings else texts


def _booleans(values: Sequence[Any]) -> npt.NDArray[np.object_] | None:
    """The values as the texts true and false, or None where one is neither."""
    if not all(map(_is_boolean, values)):
        return None
    return as_bytes([str(value or "").lower() if value is not False else "false" for value in values])


def _times(values: Sequence[Any], column: Input) -> npt.NDArray[np.datetime64] | None:
    """The values as whole seconds, rounded down, or None where one is no time."""
    clock = ZoneInfo(column.time_zone)
    try:
        seconds = [MISSING_TIME if value is None else _second(value, clock, column.format) for value in values]
    except (AttributeError, ValueError):  # no text, or no time
        return None
    return np.array(seconds, "int64").view("datetime64[s]")


def _second(value: Any, clock: ZoneInfo, written: str | None) -> int:
    told = value if isinstance(value, datetime) else _moment(value, written)
    aware = told if told.tzinfo else told.replace(tzinfo=clock)
    shown = aware.replace(tzinfo=UTC) - moment.EPOCH
    return (shown - (aware.utcoffset() or timedelta())) // timedelta(seconds=1)  # it may lie before the year 1 in UTC


def _moment(value: Any, written: str | None) -> datetime:
    """What a text says that is written so, or in ISO 8601; a number such as 20131103 may be written so too."""
    if written in moment.COUNTED:
        return moment.counted(value if _is_number(value) else value.strip(), written)
    text = str(value) if written and type(value) is int else value.strip()
    if written is None:
        return moment.parse(text)
    try:
        return datetime.strptime(text, written)  # noqa: DTZ007 - the caller knows the zone of one without
    except ValueError:
        return moment.parse(text)


def _is_boolean(value: Any) -> bool:
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value in ("true", "false", ""))


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value != value or abs(value) <= LARGEST  # noqa: PLR0124 - NaN, which is missing


def _fault(row: int, column: Input, value: Any) -> str:
    if isinstance(value, str) and column.type in MOST:
        return f"row {row}, {column.name}: expected at most {MOST[column.type]:,} characters, got {len(value):,}"
    written = f", or one written as {column.format}" if column.format else f", in {column.unit}" if column.unit else ""
    return f"row {row}, {column.name}: expected {EXPECTED[column.type]}{written}, got {shown(value)}"


EXPECTED = {
    "number": "a finite number or null",
    "category": "text or null",
    "text": "text or null",
    "boolean": "true, false or null",
    "time": "a time such as 2013-11-03T12:00:00Z or null",
}


def shown(value: Any) -> str:
    """A value as it stands in a message: in few characters, however large or deep it is."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value[:40]) if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
