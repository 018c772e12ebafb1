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

from pipeline import tables, violations
from pipeline.cells import Fault
from pipeline.problem import Source
from pipeline.violations import Violation

Digests = npt.NDArray[np.uint64]
MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""The constants of SplitMix64 (Steele, Lea and Flood 2014)."""
DUPLICATE = "a row equals an earlier one"


@dataclass(frozen=True)
class Keys:
    """The rows of a part by their keys.

    Attributes:
        digests: one for each row.
        spans: the least and the largest value of each column of the key that has an order.
        contradicted: whether rows of this part have the same key.
    """

    digests: Digests
    spans: dict[str, tuple[Any, Any]]
    contradicted: bool


def digests(table: pa.Table, names: tuple[str, ...] | list[str]) -> Digests:
    """A number of 64 bits for each row: the same for rows that are equal in the named columns."""
    found = np.zeros(table.num_rows, np.uint64)
    for name in names:
        found = _mixed(found * MIX[0] + _numbers(table[name].combine_chunks()))
    return found


def inside(table: pa.Table, source: Source) -> tuple[npt.NDArray[np.bool_], Keys]:
    """Which rows of a part equal an earlier one of it in every column, and the keys of all others."""
    duplicate = np.zeros(table.num_rows, bool)
    if source.duplicates == "keep":
        return duplicate, Keys(np.empty(0, np.uint64), {}, False)
    every = digests(table, source.key or table.column_names)
    rows = _repeated(every)
    contradicted = False
    if len(rows):
        candidates = pd.DataFrame({"key": every[rows], "all": digests(table.take(rows), table.column_names)})
        again = candidates.duplicated().to_numpy()
        duplicate[rows[again]] = True
        contradicted = bool(candidates["key"][~again].duplicated().any())
    return duplicate, Keys(every[~duplicate], _spans(table, source.key), contradicted)


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
    every = np.concatenate([one.digests for one in keys])
    every.sort()
    repeated = np.unique(every[1:][every[1:] == every[:-1]])
    found = {part: np.flatnonzero(np.isin(one.digests, repeated)) for part, one in enumerate(keys) if len(repeated)}
    return {part: rows for part, rows in found.items() if len(rows)}


def _apart(keys: list[Keys]) -> bool:
    """Whether no key can be in two parts, for the parts lie one after the other in a column of the key."""
    for name in keys[0].spans if keys else ():
        spans = sorted(one.spans[name] for one in keys if one.spans.get(name) is not None)
        whole = len(spans) == sum(len(one.digests) > 0 for one in keys)
        if whole and all(before[1] < after[0] for before, after in pairwise(spans)):
            return True
    return False


def _spans(table: pa.Table, key: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for name in key:
        column = table[name]
        if column.null_count == 0 and len(column) and not pa.types.is_dictionary(column.type):
            extent = pc.min_max(column)
            found[name] = (extent["min"].as_py(), extent["max"].as_py())
    return found


def _described(rows: Path, part: int, places: npt.NDArray[np.int64], keys: Keys, source: Source) -> pd.DataFrame:
    """What tells the candidates of a part from each other."""
    table = tables.load(tables.part_path(rows, part)).take(places)
    described = {"part": part, "row": places, "key": keys.digests[places], "all": digests(table, table.column_names)}
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
        tables.set_aside(table.take(refused), [reason] * len(refused), aside, part)
    return told


def _repeated(digests: Digests) -> npt.NDArray[np.int64]:
    """The rows whose digest is there more than once, in order."""
    order = np.argsort(digests)
    ordered = digests[order]
    same = ordered[1:] == ordered[:-1]
    return np.unique(np.concatenate([order[:-1][same], order[1:][same]]))


def _numbers(column: pa.Array) -> Digests:
    """A number of 64 bits for each value."""
    if pa.types.is_string(column.type):
        column = column.dictionary_encode()
    if pa.types.is_dictionary(column.type):
        texts = column.dictionary.to_numpy(zero_copy_only=False).astype(object)
        known: Digests = np.append(pd.util.hash_array(texts, categorize=False), MIX[1]).astype(np.uint64)
        found: Digests = known[column.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)]
        return found
    if pa.types.is_floating(column.type):
        floats = column.to_numpy(zero_copy_only=False) + 0.0  # there is no -0
        return np.where(np.isnan(floats), MIX[1], floats.view(np.uint64))
    whole: npt.NDArray[np.int64] = column.cast(pa.int64()).fill_null(-(2**63)).to_numpy(zero_copy_only=False)
    return whole.view(np.uint64)


def _mixed(numbers: Digests) -> Digests:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * MIX[1]
    numbers = (numbers ^ (numbers >> np.uint64(27))) * MIX[2]
    return numbers ^ (numbers >> np.uint64(31))
