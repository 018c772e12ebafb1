"""What the training split taught about turning features into numbers, as plain values."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from pipeline.problem import Task

NAME = "encoding.json"
MISSING, UNKNOWN, RESERVED = 0, 1, 2
"""The codes of a category without a value, of one never (or hardly ever) seen in training, and how many these are."""


class Number(BaseModel):
    """A number: what to impute, how to scale, and whether to tell the network that it was missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    median: float
    scale: float
    """The width that becomes 1: the range between the quartiles."""
    missing: bool
    edges: tuple[float, ...]
    """Of the bins between which the network's piecewise-linear embedding bends, in ascending order, two or more."""
    clip: tuple[float, float] | None = None
    """What lower and higher numbers become, before anything else."""


class Category(BaseModel):
    """A category: its known levels, the most frequent first."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    vocabulary: tuple[str, ...]


class Target(BaseModel):
    """What training answers.

    Attributes:
        classes: the labels of a multiclass answer, sorted.
        shares: the share of each class; of a yes-or-no answer, that of yes.
        mean: of a number, its mean and
        scale: its standard deviation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    task: Task
    classes: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    mean: float | None = None
    scale: float | None = None

    def encoded(self, answers: pd.Series) -> npt.NDArray[np.float32]:
        """1 or 0, the place of the class among ``classes`` (-1 for one that training has not), or the number."""
        if self.task != "multiclass":
            return answers.to_numpy("float32")
        return pd.Index(self.classes, dtype=object).get_indexer(pd.Index(answers, dtype=object)).astype("float32")


class Encoding(BaseModel):
    """The answer, and the features that the model keeps, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    target: Target
    numbers: tuple[Number, ...]
    categories: tuple[Category, ...]

    @property
    def features(self) -> list[str]:
        """The names of the features that the model keeps."""
        return [number.name for number in self.numbers] + [category.name for category in self.categories]


def read(folder: Path) -> Encoding:
    """The encoding that Encode left in ``folder``."""
    return Encoding.model_validate_json((folder / NAME).read_bytes())


def write(encoding: Encoding, folder: Path) -> None:
    """Leave the encoding in ``folder``."""
    (folder / NAME).write_text(encoding.model_dump_json(indent=1) + "\n")
