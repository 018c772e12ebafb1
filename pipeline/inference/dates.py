"""How dates are written that are not in ISO 8601: in the format in which most of a column's values can be read."""

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

DAY_FIRST, MONTH_FIRST = ("%d{0}%m{0}%Y", "%d{0}%m{0}%y"), ("%m{0}%d{0}%Y", "%m{0}%d{0}%y")
DATES = (
    *(date.format("/") for date in (*MONTH_FIRST, *DAY_FIRST)),
    *(date.format(mark) for mark in ".-" for date in (*DAY_FIRST, *MONTH_FIRST)),
    "%Y/%m/%d",
    "%Y.%m.%d",
    *(f"%d{mark}{month}{mark}{year}" for mark, month, year in product(" -", ("%b", "%B"), ("%Y", "%y"))),
    *(f"{month} %d{comma} %Y" for month, comma in product(("%b", "%B"), (",", ""))),
)
"""Of two in which a value can be read, the one that is more often meant comes first."""
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
NUMBER = "%Y%m%d"
TRIED = 5


def formats(values: Mapping[str, int]) -> dict[str, float]:
    """Formats by the share of the values (which are told with how often each comes) that are read in them.

    Only those that read the most, in the order of how often they are meant; of no value, none.
    """
    texts, times = pd.Series(list(values), dtype="str"), np.array(list(values.values()), float)
    asked = [date + clock for date, clock in product(DATES, CLOCKS) if _read(texts[:TRIED], date + clock).any()]
    found = {one: float(times[_read(texts, one)].sum() / times.sum()) for one in asked}
    most = max(found.values(), default=0.0)
    return {one: share for one, share in found.items() if share == most}


def differing(values: Iterable[str], one: str, other: str) -> tuple[str, str, str] | None:
    """A value and the days that it is in either format, where they differ; None where they do for no value."""
    texts = pd.Series(list(values), dtype="str")
    days = [pd.to_datetime(texts, format=written, errors="coerce") for written in (one, other)]
    unlike = texts[days[0].notna() & days[1].notna() & (days[0] != days[1])]
    if unlike.empty:
        return None
    first, second = (str(found[unlike.index[0]].date()) for found in days)
    return str(unlike.iloc[0]), first, second


def numbered(values: Iterable[str]) -> bool:
    """Whether all of the values are dates such as 20131103."""
    return bool(_read(pd.Series(list(values), dtype="str"), NUMBER).all())


def _read(texts: pd.Series, written: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pd.to_datetime(texts, format=written, errors="coerce").notna().to_numpy()
    return found
