"""The encoded splits: arrays on disk, read through the page cache and not into memory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Arrays:
    """One encoded split. The hold-out's target is empty: only Evaluate reads its answers.

    Attributes:
        numbers: float32 [rows, numbers], NaN where missing.
        categories: int32 [rows, categories].
        target: float32 [rows]: 1 for yes and 0 for no, a class's place among those of the encoding, or the number.
    """

    numbers: npt.NDArray[np.float32]
    categories: npt.NDArray[np.int32]
    target: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: npt.NDArray[np.integer[Any]] | slice) -> "Arrays":
        """The given rows."""
        target = self.target[rows] if len(self.target) else self.target
        return Arrays(self.numbers[rows], self.categories[rows], target)

    def sample(self, rows: int, seed: int) -> "Arrays":
        """At most ``rows`` rows, drawn at random and in their order."""
        if len(self) <= rows:
            return self
        drawn = np.random.default_rng(seed).choice(len(self), rows, replace=False)
        return self.take(np.sort(drawn))


def read(folder: Path) -> Arrays:
    """The arrays that Encode left in ``folder``."""
    target = folder / "target.npy"
    return Arrays(
        np.load(folder / "numbers.npy", mmap_mode="r", allow_pickle=False),
        np.load(folder / "categories.npy", mmap_mode="r", allow_pickle=False),
        np.load(target, mmap_mode="r", allow_pickle=False) if target.exists() else np.empty(0, np.float32),
    )


def create(folder: Path, rows: int, numbers: int, categories: int, *, answers: bool) -> None:
    """Empty arrays on disk in ``folder``, to be filled part by part."""
    folder.mkdir()

    def empty(name: str, kind: str, shape: tuple[int, ...]) -> None:
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, shape)

    empty("numbers", "float32", (rows, numbers))
    empty("categories", "int32", (rows, categories))
    if answers:
        empty("target", "float32", (rows,))


def put(rows: Arrays, folder: Path, start: int) -> None:
    """Write rows into the arrays in ``folder``, from row ``start`` on.

    It writes these bytes and no others, for another process may be writing those beside them.
    """
    for name in ("numbers", "categories", "target"):
        values = np.ascontiguousarray(getattr(rows, name))
        if values.size:
            with (folder / f"{name}.npy").open("r+b") as file:
                np.lib.format.read_magic(file)
                np.lib.format.read_array_header_1_0(file)
                file.seek(start * values[0].nbytes, os.SEEK_CUR)
                file.write(values.data)
