"""Rows that repeat others: found by digests of their keys, inside a part and across parts.

A row that equals an earlier one in every column is a duplicate. Rows with the same key and other values contradict each
other. Duplicates inside a part are found while it is cleaned; what is left is looked for in all parts together, unless
a column of the key shows that no two parts can hold the same.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import row_hash, tables, values, violations
from pipeline.cells import Fault
from pipeline.problem import Source
from pipeline.reading import Flags
from pipeline.row_hash import Hashes
from pipeline.violations import Violation

DUPLICATE = "a row equals an earlier one"


@dataclass(frozen=True)
class Keys:
    """The rows of a part by their keys.

    Attributes:
        digests: one for each row.
        spans: the least and the largest value of each column of the key that has an order.
        contradicted: whether rows of this part have the same key.
    """

    digests: Hashes
    spans: dict[str, tuple[Any, Any]]
    contradicted: bool


def inside(table: pa.Table, whole: Flags, source: Source) -> tuple[Flags, Keys]:
    """Which ``whole`` rows of a part equal an earlier one in every column, and the keys of all other whole ones."""
    repeated, contradicted = np.zeros(table.num_rows, bool), False
    if source.duplicates == "keep":
        return repeated, Keys(np.empty(0, np.uint64), {}, contradicted)
    digests = row_hash.of_rows(table, source.key or table.column_names)
    places = np.flatnonzero(whole)
    rows = places[_repeated(digests[places])]
    if len(rows):
        every = row_hash.of_rows(table.take(rows), table.column_names)
        candidates = pd.DataFrame({"key": digests[rows], "all": every})
        again = candidates.duplicated().to_numpy()
        repeated[rows[again]] = True
        contradicted = bool(candidates["key"][~again].duplicated().any())
    left = whole & ~repeated
    return repeated, Keys(digests[left], _spans(table, source.key, left), contradicted)


def settle(keys: list[Keys], source: Source, rows: Path, aside: Path) -> list[Violation]:
    """Leave each key once in the parts of ``rows``: what goes is removed, or set aside with its reason."""
    candidates = _candidates(keys)
    if not candidates:
        return []
    found = pd.concat([_described(rows, part, places, keys[part], source) for part, places in candidates.items()])
    again = found.duplicated(["key", "all"]).to_numpy()
    left = found[~again]
    if source.repeats == "last":
        left = left.sort_values("time", kind="stable", na_position="first")
    keep: Any = source.repeats if source.repeats in ("first", "last") else False
    contradicts = left[left.duplicated("key", keep=keep)]
    told = []
    for part in candidates:
        removed = found.loc[again & (found["part"] == part).to_numpy(), "row"].to_numpy()
        refused = contradicts.loc[contradicts["part"] == part, "row"].to_numpy()
        if len(removed) or len(refused):
            told.append(_without(part, removed, np.sort(refused), source, rows, aside))
    return violations.together(told)


def duplicates(count: int, source: Source) -> list[Violation]:
    """Rows that equal others, as a violation."""
    return [Violation(rule=DUPLICATE, word=source.duplicates, count=count)] if count else []


def _candidates(keys: list[Keys]) -> dict[int, npt.NDArray[np.int64]]:
    """The rows whose key is there more than once, by part."""
    if _apart(keys):
        return {part: _repeated(one.digests) for part, one in enumerate(keys) if one.contradicted}
    repeated = _twice(np.concatenate([one.digests for one in keys]))
    found = {part: _among(one.digests, repeated) for part, one in enumerate(keys)}
    return {part: rows for part, rows in found.items() if len(rows)}


def _apart(keys: list[Keys]) -> bool:
    """Whether no key can be in two parts, for the parts lie one after the other in a column of the key."""
    for name in keys[0].spans if keys else ():
        spans = sorted(one.spans[name] for one in keys if one.spans.get(name) is not None)
        whole = len(spans) == sum(len(one.digests) > 0 for one in keys)
        if whole and all(before[1] < after[0] for before, after in pairwise(spans)):
            return True
    return False


def _spans(table: pa.Table, key: tuple[str, ...], rows: Flags) -> dict[str, tuple[Any, Any]]:
    found = {}
    for name in key:
        if not pa.types.is_dictionary(table[name].type):
            column = table[name].filter(pa.array(rows)) if table[name].null_count else table[name]
            if column.null_count == 0 and rows.any():
                extent = pc.min_max(column)
                found[name] = (extent["min"].as_py(), extent["max"].as_py())
    return found


def _described(rows: Path, part: int, places: npt.NDArray[np.int64], keys: Keys, source: Source) -> pd.DataFrame:
    """What tells the candidates of a part from each other."""
    table = tables.load(tables.part_path(rows, part)).take(places)
    described = {
        "part": part,
        "row": places,
        "key": keys.digests[places],
        "all": row_hash.of_rows(table, table.column_names),
    }
    if source.time:
        described["time"] = table[source.time].cast(pa.int64()).to_pandas()
    return pd.DataFrame(described)


def _without(
    part: int, removed: npt.NDArray[Any], refused: npt.NDArray[Any], source: Source, rows: Path, aside: Path
) -> list[Violation]:
    """Write a part anew without some of its rows."""
    table = tables.load(tables.part_path(rows, part))
    kept, contradicting = np.ones(len(table), bool), np.zeros(len(table), bool)
    kept[removed] = kept[refused] = False
    contradicting[refused] = True
    tables.write(table.filter(pa.array(kept)), rows, part)
    told = duplicates(len(removed), source)
    if len(refused):
        reason = f"repeats the key {', '.join(source.key)} with other values"
        fault = Fault(reason, source.repeats, contradicting, tuple(source.key))
        told.append(violations.sampled(fault, table, source.key))
        tables.set_aside(violations.as_text(table.take(refused)), [reason] * len(refused), aside, part)
    return told


def _repeated(digests: Hashes) -> npt.NDArray[np.int64]:
    """The rows whose digest is there more than once, in order."""
    return _among(digests, _twice(digests))


def _twice(digests: Hashes) -> Hashes:
    """The digests that are there more than once."""
    ordered = np.sort(digests)
    again: Hashes = ordered[1:][ordered[1:] == ordered[:-1]]
    return again[values.starts(again)]


def _among(digests: Hashes, some: Hashes) -> npt.NDArray[np.int64]:
    """The rows whose digest is one of ``some``, in order."""
    if not len(some):
        return np.empty(0, np.int64)
    return np.flatnonzero(pc.is_in(pa.array(digests), pa.array(some)).to_numpy(zero_copy_only=False))
