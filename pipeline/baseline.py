"""Baseline: what any model is measured against: the prior (or the mean), a linear model, and gradient boosting.

The last two are scikit-learn's with its defaults, and see the rows as the network does.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from pipeline import arrays, encoding, plain, threshold
from pipeline.arrays import Arrays
from pipeline.encoding import Encoding, Target
from pipeline.job import Job, Outcome
from pipeline.problem import BASELINES
from pipeline.progress import track

MAX_CATEGORIES = 255
"""More levels than this scikit-learn can't treat as categories; they go in as numbers, the most frequent first."""
ITERATIONS, TREES = 200, 4000
"""The most iterations, and the most trees: an iteration has one for each class."""
ROUNDS_WITHOUT_GAIN = 10
CELLS = 1 << 25
"""Rows times features that gradient boosting learns from, or stops by: of more, rows are drawn at random."""
LINEAR_CELLS = 1 << 22
"""Of the linear model, which many rows change little."""
STEPS = 100
"""The most that the linear model takes."""
CLIP = 5.0
"""How many widths from its median a number counts."""
ROWS_AT_ONCE = 1 << 18

Answer = Callable[[Arrays], npt.NDArray[np.float64]]
"""What a baseline that learned gives to rows."""


def train(job: Job) -> Outcome:
    """Write a file for each of the task's ``BASELINES``: its answer to each hold-out row, float64.

    That is the probability of yes, [rows]; that of each class, [rows, classes]; or the number, [rows]. Beside them
    ``thresholds.json``: from which probability on each says yes, chosen as that of the model is.
    """
    encoded = job.inputs["encoded"]
    known = encoding.read(encoded)
    training, validation, test = (arrays.read(encoded / name) for name in ("train", "validation", "test"))
    without = BASELINES[known.target.task][0]
    guess, told = without_features(known.target)
    seed, width = job.problem.seed, len(known.features)
    few, drawn = (training.sample(cells // width, seed) for cells in (LINEAR_CELLS, CELLS))
    with track("linear model", None):
        linear = line(few, known)
    with track("gradient boosting", None):
        boosted, iterations = boost(drawn, validation.sample(CELLS // width, seed), known, seed)
    learned: dict[str, Answer] = {
        without: lambda rows: np.repeat(guess, len(rows), axis=0),
        "linear": linear,
        "gradient_boosting": boosted,
    }
    thresholds = {}
    for name, answer in learned.items():
        np.save(job.output / f"{name}.npy", answer(test))
        if known.target.task == "binary":
            thresholds[name] = threshold.best(answer(validation), validation.target, job.problem.decision)
    plain.write(job.output / threshold.OF_BASELINES, thresholds)
    notes = [
        f"{without}: {told}",
        *_drawn("linear", few, training),
        f"gradient boosting: {iterations} iterations",
        *_drawn("gradient boosting", drawn, training),
    ]
    return Outcome(rows_in=len(training), rows_out=len(test), notes=notes)


def without_features(target: Target) -> tuple[npt.NDArray[np.float64], str]:
    """The answer for want of any feature, to one row; and in words what it says."""
    if target.task == "binary":
        return np.array(target.shares), f"{target.shares[0]:.4f} of the training rows are yes"
    if target.task == "regression":
        return np.array([target.mean]), f"the training rows have {target.mean:.6g} on average"
    most = int(np.argmax(target.shares))
    return np.array([target.shares]), f"{target.shares[most]:.4f} of the training rows are {target.classes[most]}"


def line(training: Arrays, known: Encoding) -> Answer:
    """A regularised linear model."""

    def table(encoded: Arrays) -> sparse.csr_array:
        return _dummies(encoded, known)

    several = len(np.unique(training.target)) > 1
    model = LogisticRegression(max_iter=STEPS) if several else DummyClassifier()
    if known.target.task == "regression":
        model = Ridge()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a floor may be a step short of its best
        model.fit(table(training), training.target)
    return partial(_answers, model, known.target, table)


def boost(training: Arrays, validation: Arrays, known: Encoding, seed: int) -> tuple[Answer, int]:
    """Gradient boosting, and its iterations; validation stops it."""
    categorical = [False] * len(known.taken) + [category.codes <= MAX_CATEGORIES for category in known.categories]
    regression = known.target.task == "regression"
    model = (HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier)(
        max_iter=min(ITERATIONS, TREES // max(1, len(known.target.classes))) or 1,
        early_stopping=True,
        n_iter_no_change=ROUNDS_WITHOUT_GAIN,
        categorical_features=categorical or None,
        random_state=seed,
    )
    seen = validation.take(np.flatnonzero(np.asarray(validation.target) >= 0)) if known.target.classes else validation
    model.fit(_table(training), training.target, X_val=_table(seen), y_val=seen.target)
    return partial(_answers, model, known.target, _table), int(model.n_iter_)


def _answers(model: Any, target: Target, table: Callable[[Arrays], Any], rows: Arrays) -> npt.NDArray[np.float64]:
    answer = model.predict if target.task == "regression" else model.predict_proba
    starts = range(0, len(rows), ROWS_AT_ONCE)
    told = np.concatenate([answer(table(rows.take(slice(start, start + ROWS_AT_ONCE)))) for start in starts])
    if target.task == "regression":
        return np.asarray(told, "float64")
    every = np.zeros((len(rows), len(target.classes) or 2))
    every[:, model.classes_.astype("int64")] = told  # rows that were drawn may lack a class
    return every if target.classes else every[:, 1]


def _drawn(name: str, some: Arrays, every: Arrays) -> list[str]:
    if len(some) == len(every):
        return []
    return [f"{name}: from {len(some):,} of {len(every):,} rows, drawn at random"]


def _table(encoded: Arrays) -> npt.NDArray[np.float32]:
    return np.hstack([encoded.numbers, encoded.categories.astype("float32")])


def _dummies(encoded: Arrays, known: Encoding) -> sparse.csr_array:
    """Scaled numbers, whether each is missing, and a column for each level of each category."""
    medians = np.array([number.median for number in known.taken], "float32")
    scales = np.array([number.scale for number in known.taken], "float32")
    scaled = (encoded.numbers - medians) / scales
    missing = np.isnan(scaled)
    sizes = [category.codes for category in known.categories]
    offsets = np.cumsum([0, *sizes[:-1]])
    rows, width = encoded.categories.shape
    ones = np.ones(rows * width, "float32")
    at = (ones, (encoded.categories + offsets).ravel(), np.arange(rows + 1) * width)
    levels = sparse.csr_array(at, shape=(rows, sum(sizes)))
    numbers = [np.clip(np.where(missing, 0, scaled), -CLIP, CLIP), missing.astype("float32")]
    return sparse.hstack([*map(sparse.csr_array, numbers), levels], format="csr", dtype="float32")
