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


class Mean(BaseModel):
    """What training answers with each level of a category, as a number that the network takes like any other.

    Of a yes-or-no answer and of a number there is one, of classes one for each that levels differ in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    number: Number
    by_code: tuple[float, ...]


class Category(BaseModel):
    """A category: its known levels, the most frequent first.

    Attributes:
        embedded: so many of the first levels the network embeds, and to it the others are unknown; None: all.
        means: what training answers with each level, where not all are embedded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    vocabulary: tuple[str, ...]
    embedded: int | None = None
    means: tuple[Mean, ...] = ()

    @property
    def codes(self) -> int:
        """How many codes the network may see."""
        return RESERVED + (len(self.vocabulary) if self.embedded is None else self.embedded)


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

    @property
    def taken(self) -> list[Number]:
        """The numbers that the network takes: those that are features, and the means of categories."""
        return [*self.numbers, *(mean.number for category in self.categories for mean in category.means)]


def read(folder: Path) -> Encoding:
    """The encoding that Encode left in ``folder``."""
    return Encoding.model_validate_json((folder / NAME).read_bytes())


def write(encoding: Encoding, folder: Path) -> None:
    """Leave the encoding in ``folder``."""
    (folder / NAME).write_text(encoding.model_dump_json(indent=1) + "\n")
