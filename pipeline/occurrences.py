"""Which of its equals each row is, the first, the second and so on, where equal rows are things of their own.

Equal rows can stand for each other. So it does not matter which of them is called the first, and how many of them a
rule takes depends neither on their order nor on the parts that they lie in.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import row_hash, tables, values
from pipeline.row_hash import Hashes

Counts = npt.NDArray[np.int64]
Hashing = Callable[[int, pa.Table], Hashes]
"""What gives each row of a part (its number, and its columns) 64 bits."""
STEP = np.uint64(0xD1B54A32D192ED03)
"""What the numbers of an occurrence and of the next one differ by, before they are mixed."""


def told_apart(files: Sequence[Path], names: Sequence[str], seed: int = 0) -> Hashing:
    """The hash of a row's values for the first of equal rows, and for each other one another number.

    Eight bytes for each row that is like no other of its part are held in memory until all parts were looked at.
    """

    def look(_: int, path: Path) -> tuple[Hashes, Counts]:
        return np.unique(row_hash.of_rows(tables.load(path, list(names)), names, seed), return_counts=True)

    earlier = _earlier(tables.over(files, look, "looking for equal rows"))

    def hashes(number: int, part: pa.Table) -> Hashes:
        hashed = row_hash.of_rows(part, names, seed)
        nth = _within(hashed)
        seen, times = earlier[number]
        if len(seen):
            at = np.searchsorted(seen, hashed).clip(max=len(seen) - 1)
            nth += np.where(seen[at] == hashed, times[at], 0)
        return np.where(nth > 0, row_hash.mixed(hashed + nth.astype(np.uint64) * STEP), hashed)

    return hashes


def _earlier(looked: list[tuple[Hashes, Counts]]) -> list[tuple[Hashes, Counts]]:
    """For each part the hashes that parts before it have, in order, and how often these have them."""
    hashes, counts = (np.concatenate(found) for found in zip(*looked, strict=True))
    order = np.argsort(hashes, kind="stable")  # those of one hash stay in the order of their parts
    starts = values.starts(hashes[order])
    before = np.cumsum(counts[order]) - counts[order]
    before -= np.repeat(before[starts], np.diff(starts, append=len(order)))
    times = np.empty_like(before)
    times[order] = before
    ends = np.cumsum([len(found) for found, _ in looked])[:-1]
    parts = zip(np.split(hashes, ends), np.split(times, ends), strict=True)
    return [(found[often > 0], often[often > 0]) for found, often in parts]


def _within(hashed: Hashes) -> Counts:
    """How many rows before each one of a part are equal to it."""
    order = np.argsort(hashed, kind="stable")
    starts = values.starts(hashed[order])
    nth = np.empty(len(hashed), np.int64)
    nth[order] = np.arange(len(hashed)) - np.repeat(starts, np.diff(starts, append=len(hashed)))
    return nth
