"""Baseline: what any model is measured against. The prior, and scikit-learn's gradient boosting with its defaults."""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from pipeline import arrays, encoding
from pipeline.arrays import Arrays
from pipeline.encoding import RESERVED, Encoding
from pipeline.job import Job, Outcome
from pipeline.progress import track

MAX_CATEGORIES = 255
"""More levels than this scikit-learn can't treat as categories; they go in as numbers, the most frequent first."""
ITERATIONS = 200
ROUNDS_WITHOUT_GAIN = 10


def train(job: Job) -> Outcome:
    """Write ``prior.npy`` and ``gradient_boosting.npy``: the probability of yes for each hold-out row, float64."""
    encoded = job.inputs["encoded"]
    training, validation, test = (arrays.read(encoded / name) for name in ("train", "validation", "test"))
    prior = float(np.mean(training.target, dtype="float64"))
    with track("gradient boosting", None):
        boosted, iterations = boost(training, validation, test, encoding.read(encoded), job.problem.seed)
    np.save(job.output / "prior.npy", np.full(len(test), prior))
    np.save(job.output / "gradient_boosting.npy", boosted)
    notes = [f"prior: {prior:.4f} of the training rows are yes", f"gradient boosting: {iterations} iterations"]
    return Outcome(rows_in=len(training), rows_out=len(test), notes=notes)


def boost(
    training: Arrays, validation: Arrays, test: Arrays, known: Encoding, seed: int
) -> tuple[npt.NDArray[np.float64], int]:
    """Gradient boosting's probability of yes for each test row, and its iterations; validation stops it."""
    sizes = [len(category.vocabulary) for category in known.categories]
    categorical = [False] * len(known.numbers) + [size + RESERVED <= MAX_CATEGORIES for size in sizes]
    model = HistGradientBoostingClassifier(
        max_iter=ITERATIONS,
        early_stopping=True,
        n_iter_no_change=ROUNDS_WITHOUT_GAIN,
        categorical_features=categorical or None,
        random_state=seed,
    )
    model.fit(_table(training), training.target, X_val=_table(validation), y_val=validation.target)
    return model.predict_proba(_table(test))[:, 1].astype("float64"), int(model.n_iter_)


def _table(encoded: Arrays) -> npt.NDArray[np.float32]:
    return np.hstack([encoded.numbers, encoded.categories.astype("float32")])
