"""Baseline: what any model is measured against: the prior (or the mean), and gradient boosting.

The latter is scikit-learn's with its defaults, and sees the rows as the network does.
"""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from pipeline import arrays, encoding
from pipeline.arrays import Arrays
from pipeline.encoding import RESERVED, Encoding, Target
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
ROWS_AT_ONCE = 1 << 18


def train(job: Job) -> Outcome:
    """Write a file for each of the task's ``BASELINES``: its answer to each hold-out row, float64.

    That is the probability of yes, [rows]; that of each class, [rows, classes]; or the number, [rows].
    """
    encoded = job.inputs["encoded"]
    known = encoding.read(encoded)
    training, validation, test = (arrays.read(encoded / name) for name in ("train", "validation", "test"))
    plain, _ = BASELINES[known.target.task]
    guess, told = without_features(known.target)
    most = CELLS // len(known.features)
    drawn = training.sample(most, job.problem.seed)
    with track("gradient boosting", None):
        boosted, iterations = boost(drawn, validation.sample(most, job.problem.seed), test, known, job.problem.seed)
    np.save(job.output / f"{plain}.npy", np.repeat(guess, len(test), axis=0))
    np.save(job.output / "gradient_boosting.npy", boosted)
    return Outcome(
        rows_in=len(training),
        rows_out=len(test),
        notes=[f"{plain}: {told}", f"gradient boosting: {iterations} iterations{_drawn(drawn, training)}"],
    )


def without_features(target: Target) -> tuple[npt.NDArray[np.float64], str]:
    """The answer for want of any feature, to one row; and in words what it says."""
    if target.task == "binary":
        return np.array(target.shares), f"{target.shares[0]:.4f} of the training rows are yes"
    if target.task == "regression":
        return np.array([target.mean]), f"the training rows have {target.mean:.6g} on average"
    most = int(np.argmax(target.shares))
    return np.array([target.shares]), f"{target.shares[most]:.4f} of the training rows are {target.classes[most]}"


def boost(
    training: Arrays, validation: Arrays, test: Arrays, known: Encoding, seed: int
) -> tuple[npt.NDArray[np.float64], int]:
    """Gradient boosting's answer to each test row, and its iterations; validation stops it."""
    sizes = [len(category.vocabulary) for category in known.categories]
    categorical = [False] * len(known.numbers) + [size + RESERVED <= MAX_CATEGORIES for size in sizes]
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
    answer = model.predict if regression else model.predict_proba
    starts = range(0, len(test), ROWS_AT_ONCE)
    answers = np.concatenate([answer(_table(test.take(slice(start, start + ROWS_AT_ONCE)))) for start in starts])
    if known.target.task == "binary":
        answers = answers[:, 1]
    return answers.astype("float64"), int(model.n_iter_)


def _drawn(some: Arrays, every: Arrays) -> str:
    return f", from {len(some):,} of {len(every):,} rows, drawn at random" if len(some) < len(every) else ""


def _table(encoded: Arrays) -> npt.NDArray[np.float32]:
    return np.hstack([encoded.numbers, encoded.categories.astype("float32")])
