"""Short texts as numbers: what training says together lies close together.

A text is the bag of all runs of three and of four of its bytes, in small letters, each hashed to one of ``BUCKETS``.
Runs that are rare in training weigh more (tf-idf), and the bag is projected onto the directions in which those of
training differ most: latent semantic analysis (Deerwester and others 1990) of hashed runs (Weinberger and others 2009,
"Feature Hashing for Large Scale Multitask Learning"). Nothing has to be split into words, any language and any
misspelling has runs in common with others; on columns of tables it does as well as language models do (Grinsztajn and
others 2023, "Vectorizing string entries for data processing on tables"). The hash is a sum of a random number for each
byte and place (tabulation hashing, Zobrist 1970), so that a graph of gathers and sums computes it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
from scipy.sparse import coo_array
from scipy.sparse.linalg import svds

from bundle.text import letters
from pipeline import seen, tables
from pipeline.problem import TEXT_PARTS, Problem
from pipeline.tables import Part

FOLDER = "texts"
LENGTH = 256
"""So many bytes of a text are looked at."""
RUNS = (3, 4)
BUCKETS = 8192
"""For the runs of each length."""
NOTHING = len(RUNS) * BUCKETS
"""Stands for the runs that a short text does not have."""
SAMPLE = 20_000
"""Texts of training that the directions are learned from, drawn at random where there are more."""
SEED = 0
"""Of the hash, and of what is drawn."""
AT_ONCE = 512
FAINT = 1e-6
"""A direction in which texts differ by less, as a part of the first, is none."""

SQUARE, PART = 2.0**-15, 2.0**-18
"""The units of weights: sums of whole numbers are the same in any order, and these do not overflow."""

Weights = npt.NDArray[np.int32]
"""[NOTHING + 1, 1 + TEXT_PARTS]: of each bucket the square of its weight, and its part in each direction."""


class Text:
    """Texts as numbers."""

    def __init__(self, weights: Weights) -> None:
        self.weights = tf.constant(weights)
        self.hashes = [tf.constant(one) for one in _hashes()]

    def __reduce__(self) -> tuple[Any, ...]:  # so that Dask may send it to workers
        return Text, (self.weights.numpy(),)

    def __call__(self, texts: Any) -> Any:
        """float32 [rows, TEXT_PARTS], all zeros for a text that is missing or unlike any of training.

        ``texts`` are strings [rows], or their first bytes, uint8 [rows, bytes].
        """
        summed = tf.cast(tf.reduce_sum(tf.gather(self.weights, self.buckets(texts)), axis=1), tf.float32)
        return summed[:, 1:] * PART / tf.sqrt(tf.maximum(summed[:, :1], 1.0) * SQUARE)

    def buckets(self, texts: Any) -> Any:
        """The bucket of each run of a text, int32 [rows, runs]."""
        given = texts if texts.dtype == tf.uint8 else tf.io.decode_raw(texts, tf.uint8, fixed_length=LENGTH)
        codes = tf.cast(given, tf.int32)
        found = []
        for place, run in enumerate(RUNS):
            ends = codes.shape[1] - run + 1
            hashed = tf.add_n([tf.gather(self.hashes[at], codes[:, at : at + ends]) for at in range(run)])
            bucket = tf.math.floormod(hashed, BUCKETS) + place * BUCKETS
            found.append(tf.where(codes[:, run - 1 :] > 0, bucket, NOTHING))
        return tf.concat(found, axis=1)


def _hashes() -> npt.NDArray[np.int32]:
    """A random number for each place in a run and byte, the same for small and capital letters of ASCII."""
    numbers = np.random.default_rng(SEED).integers(0, BUCKETS, (max(RUNS), 256), np.int32)
    small = np.arange(ord("a"), ord("z") + 1)
    numbers[:, small - 32] = numbers[:, small]
    return numbers


class Reader:
    """Parts of the table of features, with the numbers that texts become."""

    def __init__(self, problem: Problem, weights: Mapping[str, Weights]) -> None:
        self.home = problem.texts
        self.texts = {name: Text(one) for name, one in weights.items()}

    def load(self, part: Part, names: Sequence[str]) -> pa.Table:
        """The named columns of a part, texts dictionary-encoded; numbers of a text are computed."""
        wanted = {self.home[name] for name in names if name in self.home}
        plain = [name for name in names if name not in self.home]
        table = tables.load(part, [*dict.fromkeys([*plain, *sorted(wanted)])], encoded=True)
        for name in sorted(wanted):
            numbers = self._numbers(name, seen.coded(table[name]))
            for place, column in enumerate(feature for feature, of in self.home.items() if of == name):
                if column in names:
                    table = table.append_column(column, pa.array(numbers[:, place]))
        return table.select(names)

    def _numbers(self, name: str, column: Any) -> npt.NDArray[np.float32]:
        """float32 [rows, TEXT_PARTS]; each text is looked at once, and beside others about as long."""
        texts = [text.encode() for text in [*column.dictionary.to_pylist(), ""]]
        found = np.zeros((len(texts), TEXT_PARTS), np.float32)
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), AT_ONCE):
            some = order[start : start + AT_ONCE]
            found[some] = self.texts[name](tf.constant(_fitting([texts[place] for place in some]))).numpy()
        return found[seen.codes(column)]


def _fitting(texts: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """The letters of the longest, up to ``LENGTH``."""
    return letters(texts, min(LENGTH, max(RUNS[-1], *(len(text) for text in texts))))


def learn(problem: Problem, train: Path) -> tuple[dict[str, Weights], list[str]]:
    """The weights of each text that is a feature, from the training split in ``train``; and what is to be told."""
    names = sorted(set(problem.texts.values()))
    if not names:
        return {}, []
    starts = tables.starts(train)
    rows = starts[-1]
    chosen = np.sort(np.random.default_rng(SEED).choice(rows, min(SAMPLE, rows), replace=False))

    def work(number: int, part: Part) -> pa.Table:
        here = chosen[slice(*np.searchsorted(chosen, starts[number : number + 2]))] - starts[number]
        return tables.load(part, names).take(pa.array(here))

    drawn = pa.concat_tables(tables.over(tables.slices(train), work, "reading texts"))
    told = [f"what texts have in common is learned from {SAMPLE:,} of {rows:,} rows"] if rows > SAMPLE else []
    return {name: weights(drawn[name].drop_null().to_pylist()) for name in names}, told


def weights(texts: Sequence[str]) -> Weights:
    """The weights of the runs that ``texts`` are made of; all others weigh nothing."""
    counted = _counted([text.encode() for text in texts])
    held = np.bincount(counted.coords[1], minlength=NOTHING)
    rare = np.where(held > 0, np.log((1 + len(texts)) / (1 + held)) + 1, 0.0)
    made = np.zeros((NOTHING + 1, 1 + TEXT_PARTS), np.int32)
    made[:-1, 0] = np.rint(rare**2 / SQUARE)
    directions = min(TEXT_PARTS, len(texts) - 1)
    if directions > 0 and counted.nnz:
        lengths = np.sqrt(np.maximum(counted @ rare**2, FAINT))
        bags = (counted.multiply(rare[None, :]).multiply(1 / lengths[:, None])).tocsr()
        _, sizes, found = svds(bags, directions, v0=np.ones(min(bags.shape)), solver="arpack")
        clear = sizes > FAINT * sizes.max()
        found = np.where(clear[:, None], found, 0)[np.argsort(-sizes, kind="stable")]
        made[:-1, 1 : 1 + directions] = np.rint(rare[:, None] * found.T / PART)
    return made


def _counted(texts: Sequence[bytes]) -> Any:
    """How often each text has a run of each bucket: a sparse array [texts, NOTHING]."""
    text, rows, columns = Text(np.zeros((1, 1), np.int32)), [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for start in range(0, len(texts), AT_ONCE):
        found = text.buckets(tf.constant(_fitting(texts[start : start + AT_ONCE]))).numpy()
        row, place = np.nonzero(found != NOTHING)
        rows.append(row + start)
        columns.append(found[row, place])
    where = (np.concatenate(rows), np.concatenate(columns))
    counted = coo_array((np.ones(len(where[0])), where), shape=(len(texts), NOTHING))
    counted.sum_duplicates()
    return counted


def write(weights: Mapping[str, Weights], folder: Path) -> None:
    """Leave the weights in ``folder``, for the model to have them inside."""
    if weights:
        (folder / FOLDER).mkdir()
    for place, name in enumerate(sorted(weights)):
        np.save(folder / FOLDER / f"{place}.npy", weights[name])


def read(folder: Path, problem: Problem) -> dict[str, Weights]:
    """The weights that Encode left in ``folder``, by the name of the text."""
    names = sorted(set(problem.texts.values()))
    return {name: np.load(folder / FOLDER / f"{place}.npy", allow_pickle=False) for place, name in enumerate(names)}
