"""The threshold between yes and no: the probability from which on to say yes, chosen on validation."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.problem import Decision

OF_BASELINES = "thresholds.json"
"""Where Baseline leaves that of each."""


def best(probabilities: npt.NDArray[Any], target: npt.NDArray[np.float32], decision: Decision) -> float:
    """The probability from which to say yes that is best on these rows; of the type that probabilities have.

    Where that is to say yes to none of them, it is above them all, and not below the probability that makes a yes worth
    its cost (Elkan 2001, "The Foundations of Cost-Sensitive Learning").
    """
    exact = probabilities.dtype.type
    false_yes, false_no = decision.false_yes or 1.0, decision.false_no or 1.0
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    last_of_equal = np.append(np.diff(ordered) != 0, True)
    none = max(np.nextafter(ordered[0], exact(2)), exact(false_yes / (false_yes + false_no)))
    candidates = np.append(none, ordered[last_of_equal])
    said_yes = np.append(0, np.arange(1, len(order) + 1)[last_of_equal])
    hits = np.append(0, np.cumsum(target[order])[last_of_equal])
    if decision.false_yes or decision.best == "accuracy":
        scores = -false_yes * (said_yes - hits) - false_no * (target.sum() - hits)
    else:
        scores = 2 * hits / (said_yes + target.sum())
    return float(candidates[np.argmax(scores)])
