"""What an interval says about a limit: whether more than chance misses it, of one figure or of the worst of many."""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

LEVEL = 0.95
"""That of every interval."""
CHANCE = (1 - LEVEL) / 2
"""A figure misses a limit where so much chance at most would do the same."""

MIN_ROWS = 200
"""A slice of fewer rows is not called worse than all rows: where all of a few rows are wrong, that is mostly chance."""
HARM_ROWS = 50
"""A slice of fewer rows is not held against the live version unasked: its interval is hardly one."""

Interval = Mapping[str, float | None]
"""A figure as ``{"value", "low", "high"}``, an edge None where it can't be told."""


def chance(figure: Interval, limit: float, *, at_most: bool) -> float | None:
    """The one-sided p-value of a figure that misses the limit, from its interval (Altman and Bland 2011).

    It is below ``CHANCE`` only where the whole interval misses the limit, for of unequal sides the longer one counts;
    None where the figure can't be told.
    """
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return None
    beyond = value - limit if at_most else limit - value
    error = max(high - value, value - low) / NormalDist().inv_cdf(1 - CHANCE)
    if not error:
        return 0.0 if beyond > 0 else 1.0
    return math.erfc(beyond / error / math.sqrt(2)) / 2


def holm(chances: Sequence[float]) -> list[float]:
    """The p-values of several tests, raised so that the chance of any false alarm among all stays what it is for one.

    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
    """
    raised, most = [0.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        most = max(most, min(1.0, chances[place] * (len(chances) - rank)))
        raised[place] = most
    return raised
