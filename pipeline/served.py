"""Read a day's prediction log and outcomes with Dask: byte range by byte range, each brought down to counts.

A line belongs to the range in which it begins. What can't be used is counted, and never ends the reading: a line that
is torn (the server was killed while it wrote) or no line of a log, and rows that are not what the contract says.
"""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import dask
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from bundle import contract as contracts
from bundle.contract import Columns, Contract, ContractError
from bundle.monitoring import Served
from bundle.profile import Bins
from pipeline import drift
from pipeline.drift import Counts
from pipeline.progress import track

RANGE_BYTES = 32 << 20
BATCH_ROWS = 8192
"""Rows that features are made of in one call."""
KEY = ["id", "row"]

Read = TypeVar("Read")
Part = tuple[Path, int]
"""A file, and how many bytes of it count."""


@dataclass(frozen=True)
class Watched:
    """How to read the rows of one version: what they must be, and what to count of them.

    ``features`` gives the features of raw columns; ``bins`` are those to count, the last one is the answer's.
    """

    contract: Contract
    bins: tuple[Bins, ...]
    features: Callable[[Columns], Mapping[str, npt.NDArray[Any]]]


@dataclass
class Tally:
    """What a part of the log holds of one version.

    ``counts`` has the counts of each of ``Watched.bins``; ``answered`` the answers, by id and row, and with ``value``
    once it is only those whose outcome is known.
    """

    requests: int = 0
    rows: int = 0
    aside: int = 0
    """Rows that are not what the contract says."""
    answers: float = 0.0
    """The sum of the answers; of labels, of the probabilities of those given."""
    counts: tuple[Counts, ...] = ()
    answered: list[pd.DataFrame] = field(default_factory=list)
    unfit: int = 0
    """Outcomes that are not of the kind that the version answers."""

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        pairs = zip(self.counts, other.counts, strict=True) if self.counts and other.counts else ()
        counts = tuple(one + two for one, two in pairs) or self.counts or other.counts
        return Tally(
            self.requests + other.requests,
            self.rows + other.rows,
            self.aside + other.aside,
            self.answers + other.answers,
            counts,
            self.answered + other.answered,
            self.unfit + other.unfit,
        )


@dataclass
class Log:
    """A part of the log: what each version answered, and how many lines are broken."""

    versions: dict[int, Tally] = field(default_factory=dict)
    broken: int = 0

    def __add__(self, other: "Log") -> "Log":
        """Both together."""
        numbers = self.versions.keys() | other.versions.keys()
        together = {
            number: self.versions.get(number, Tally()) + other.versions.get(number, Tally()) for number in numbers
        }
        return Log(together, self.broken + other.broken)


def outcomes(files: Sequence[Part]) -> tuple[pd.DataFrame, int]:
    """The outcome of each row of each answer (columns ``id``, ``row``, ``value``), and how many lines are broken.

    Of several for one row, that with the latest ``at`` counts, and of those the last line.
    """

    def work(lines: Iterator[bytes]) -> tuple[pd.DataFrame, int]:
        good, broken = [], 0
        for line in lines:
            try:
                good.append(_outcome(line))
            except ValueError:
                broken += 1
        return pd.DataFrame(good, columns=[*KEY, "value", "at"]), broken

    done = _each_range(files, work, "reading outcomes")
    if not done:
        return pd.DataFrame(columns=[*KEY, "value"]), 0
    every = pd.concat([frame for frame, _ in done], ignore_index=True).sort_values("at", kind="stable")
    return every.drop_duplicates(KEY, keep="last").drop(columns="at"), sum(broken for _, broken in done)


def log(files: Sequence[Part], watched: Mapping[int, Watched], outcomes: pd.DataFrame) -> Log:
    """What the log holds of each version; of one that is not ``watched`` no features are counted."""

    def work(lines: Iterator[bytes]) -> Log:
        found = Log()
        waiting: dict[int, list[Served]] = {}
        rows: Counter[int] = Counter()
        for line in lines:
            try:
                served = _served(line)
            except ValueError:
                found.broken += 1
                continue
            version = served["version"]
            waiting.setdefault(version, []).append(served)
            rows[version] += sum(served["rows"])
            if rows[version] >= BATCH_ROWS:
                del rows[version]
                found += Log({version: tally(waiting.pop(version), watched.get(version))})
        for version, blocks in waiting.items():
            found += Log({version: tally(blocks, watched.get(version))})
        known = {number: _known(one, outcomes, watched.get(number)) for number, one in found.versions.items()}
        return replace(found, versions=known)

    return reduce(Log.__add__, _each_range(files, work, "reading the log"), Log())


def _known(tally: Tally, outcomes: pd.DataFrame, watched: Watched | None) -> Tally:
    """The same, of its answers only those whose outcome is known, with it."""
    if not tally.answered or not len(outcomes):
        return replace(tally, answered=[])
    known = pd.concat(tally.answered).merge(outcomes, on=KEY)
    fit = known["value"].map(lambda value: watched is None or outcome_fits(value, watched.contract.task)).astype(bool)
    return replace(tally, answered=[known[fit]], unfit=int((~fit).sum()))


def tally(blocks: Sequence[Served], watched: Watched | None) -> Tally:
    """What some lines of one version hold."""
    found = Tally(requests=sum(len(block["ids"]) for block in blocks), rows=sum(sum(block["rows"]) for block in blocks))
    names = [one.name for one in watched.contract.inputs] if watched else []
    output = watched.contract.answer if watched else next(iter(blocks[0]["answers"]))
    whole = [block for block in blocks if output in block["answers"] and block["inputs"].keys() >= set(names)]
    answers = _together(block["answers"][output] for block in whole)
    given = {name: _together(block["inputs"][name] for block in whole) for name in names}
    columns, taken = _fitting(given, answers, watched.contract if watched else None)
    if not taken:
        return replace(found, aside=found.rows)
    rows = _together(block["rows"] for block in whole)
    ids = np.repeat(_together(block["ids"] for block in whole), rows)[taken]
    numbers = np.concatenate([np.arange(count) for count in rows])[taken]
    answer = np.array([answers[row] for row in taken], "float64")
    labels = answer.ndim > 1
    return replace(
        found,
        aside=found.rows - len(taken),
        answers=float((answer.max(axis=1) if labels else answer).sum()),
        counts=_counts(columns, answer, watched),
        answered=[pd.DataFrame({"id": ids, "row": numbers, "answer": list(answer) if labels else answer})],
    )


def _together(lists: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(lists))


def _counts(columns: Columns, answer: npt.NDArray[Any], watched: Watched | None) -> tuple[Counts, ...]:
    if watched is None or not watched.bins:
        return ()
    features, classes = watched.features(columns), watched.contract.classes
    told = np.array(classes, object)[answer.argmax(axis=1)] if classes else answer
    *of_features, of_answer = watched.bins
    counted = [drift.count(bins, _plain(features[bins.name])) for bins in of_features]
    return (*counted, drift.count(of_answer, told))


def _plain(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.array([text.decode() for text in values], object) if values.dtype.kind in "OS" else values


def _fitting(
    given: Mapping[str, list[Any]], answers: Sequence[Any], contract: Contract | None
) -> tuple[Columns, list[int]]:
    """The rows that are what the contract says and have an answer, as the model takes them; and which these are."""
    answered = [row for row, answer in enumerate(answers) if _is_answer(answer, contract)]
    if contract is None:
        return {}, answered
    try:
        return _columns(given, answered, contract), answered
    except ContractError:
        taken = [row for row in answered if _fits(given, row, contract)]
        return _columns(given, taken, contract), taken


def _columns(given: Mapping[str, list[Any]], rows: Sequence[int], contract: Contract) -> Columns:
    return contracts.typed({name: [values[row] for row in rows] for name, values in given.items()}, contract)


def _fits(given: Mapping[str, list[Any]], row: int, contract: Contract) -> bool:
    try:
        _columns(given, [row], contract)
    except ContractError:
        return False
    return True


def _served(line: bytes) -> Served:
    """A line of the prediction log.

    Raises:
        ValueError: it is none.
    """
    try:
        given: Served = orjson.loads(line)
        rows = sum(given["rows"])
        columns = [*given["inputs"].values(), *given["answers"].values()]
        whole = len(given["ids"]) == len(given["rows"]) and min(given["rows"]) > 0 and given["version"] > 0
        whole = whole and bool(given["answers"]) and all(len(column) == rows for column in columns)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no line of a prediction log: {error}") from error
    if not whole:
        raise ValueError("no line of a prediction log: its parts are not of one length")
    return given


def _outcome(line: bytes) -> tuple[str, int, float | str, float]:
    """A line of outcomes: id, row, value, and when it came, in seconds since 1970.

    Raises:
        ValueError: it is none, or its value neither a finite number nor a text.
    """
    try:
        given = orjson.loads(line)
        key, row, value = given["id"], given["row"], given["value"]
        came = datetime.fromisoformat(given["at"]).timestamp()
    except (KeyError, TypeError) as error:
        raise ValueError(f"no outcome: {error}") from error
    if not (isinstance(key, str) and isinstance(row, int) and (isinstance(value, str) or _is_number(value))):
        raise ValueError("no outcome: expected an id, the number of a row, and a number or a text")
    return key, row, value if isinstance(value, str) else float(value), came


def outcome_fits(value: float | str, task: str) -> bool:
    """Whether this may have come true of what a model of the task answers."""
    return isinstance(value, str) == (task == "multiclass") and (task != "binary" or value in (0, 1))


def _is_answer(value: Any, contract: Contract | None) -> bool:
    """Whether a model may have answered this: a share, a share for each class, or a number."""
    if contract is None:
        return _is_number(value)
    if contract.classes:
        return isinstance(value, list) and len(value) == len(contract.classes) and all(map(_is_share, value))
    return _is_number(value) if contract.threshold is None else _is_share(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def _each_range(files: Sequence[Part], work: Callable[[Iterator[bytes]], Read], what: str) -> list[Read]:
    """Do ``work`` on the lines of each range of each file; what it returns, in order."""
    ranges = [(path, start, size) for path, size in files for start in range(0, size, RANGE_BYTES)]
    guard = threading.Lock()
    with track(what, len(ranges)) as advance:

        def step(path: Path, start: int, size: int) -> Read:
            done = work(_lines(path, start, min(start + RANGE_BYTES, size), size))
            with guard:
                advance()
            return done

        return list(dask.compute(*(dask.delayed(step, pure=False)(*one) for one in ranges)))


def _lines(path: Path, start: int, end: int, size: int) -> Iterator[bytes]:
    """The lines that begin from ``start`` on and before ``end``, each as far as the file counts."""
    with path.open("rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        while file.tell() < end:
            yield file.readline(size - file.tell())
