"""How dates are written that are not in ISO 8601: in the format in which most of a column's values can be read."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from bundle import moment
from pipeline.inference.seen import MOMENT, WEEKDAY

DAY_FIRST, MONTH_FIRST = ("%d{0}%m{0}%Y", "%d{0}%m{0}%y"), ("%m{0}%d{0}%Y", "%m{0}%d{0}%y")
DATES = (
    *(date.format("/") for date in (*MONTH_FIRST, *DAY_FIRST)),
    *(date.format(mark) for mark in ".-" for date in (*DAY_FIRST, *MONTH_FIRST)),
    *(f"%Y{mark}%m{mark}%d" for mark in "/.-"),
    *(f"%d{mark}{month}{mark}{year}" for mark, month, year in product(" -", ("%b", "%B"), ("%Y", "%y"))),
    *(f"{month} %d{comma} %Y" for month, comma in product(("%b", "%B"), (",", ""))),
    *(f"%d. {month} %Y" for month in ("%b", "%B")),
    "%Y年%m月%d日",
)
"""Of two in which a value can be read, the one that is more often meant comes first."""
MONTHS = (
    *(f"{month}{year}" for year, month in product((" %Y", "-%Y", "/%Y", "-%y"), ("%b", "%B"))),
    "%m/%Y",
    "%m-%Y",
    "%Y/%m",
    "%Y年%m月",
)
"""Of a month without a day."""
ZONES = ("", "%z", " %z", " UTC", " GMT")
CLOCKS = (
    "",
    *(f" {clock}{zone}" for zone, clock in product(ZONES, ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f"))),
    *(f" {clock}{half}" for half, clock in product((" %p", "%p"), ("%I:%M", "%I:%M:%S"))),
)
OTHERS = ("%b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z")
"""How programs write moments: C's ``ctime``, and web servers."""
NUMBERS = {"%Y%m%d": r"\d{8}", "%Y%m%d.0": r"\d{8}\.0", "%Y%m": r"\d{6}", "%Y%m.0": r"\d{6}\.0"}
"""And days and months that are numbers, by how many digits they have."""
COUNTS = (datetime(1990, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp())
"""Between which seconds numbers may count them from 1970 on."""
TRIED = 5


def formats(values: Mapping[str, int]) -> dict[str, float]:
    """Formats by the share of the values (which are told with how often each comes) that are read in them.

    Values in ISO 8601 are read beside any. Only those that read the most, in the order of how often they are meant; of
    no value, none.
    """
    every = sum(values.values())
    others = {text: times for text, times in values.items() if not re.match(MOMENT, text)}
    texts, times = pd.Series(list(others), dtype="str"), np.array(list(others.values()), float)
    weekday = re.match(WEEKDAY, next(iter(others), ""), re.IGNORECASE)
    before = [f"{one}{weekday['mark']}" for one in ("%a", "%A")] if weekday else [""]
    whole = [*map("".join, product(DATES, CLOCKS)), *OTHERS, *MONTHS]
    few, marks = texts[:TRIED], [Counter(text) for text in texts[:TRIED]]
    known = [start + one for start, one in product(before, whole) if any(map(_literal(start + one).__le__, marks))]
    asked = [one for one in known if _read(few, one).any()]
    found = {one: 1 - float(times[~_read(texts, one)].sum() / every) for one in asked}
    most = max(found.values(), default=0.0)
    return {one: share for one, share in found.items() if share == most}


def shapes(values: Iterable[str]) -> set[str]:
    """How values look, whatever their digits and letters are."""
    return {re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "0", text)) for text in values}


def differing(values: Iterable[str], one: str, other: str) -> tuple[str, str, str] | None:
    """A value and the days that it is in either format, where they differ; None where they do for no value."""
    texts = pd.Series(list(values), dtype="str")
    days = [_moments(texts, written) for written in (one, other)]
    unlike = texts[days[0].notna() & days[1].notna() & (days[0] != days[1])]
    if unlike.empty:
        return None
    first, second = (str(found[unlike.index[0]].date()) for found in days)
    return str(unlike.iloc[0]), first, second


def numbered(values: Iterable[str]) -> str | None:
    """The format in which all of the values are days or months such as 20131103 or 201311; None where they are none."""
    texts = pd.Series(list(values), dtype="str")
    fit = (one for one, digits in NUMBERS.items() if texts.str.fullmatch(digits).all() and _read(texts, one).all())
    return next(fit, None)


def counted(low: float, high: float) -> str | None:
    """The format in which numbers in this range are times of our days; None where they are none."""
    fit = (one for one, each in moment.COUNTED.items() if COUNTS[0] * each <= low <= high <= COUNTS[1] * each)
    return next(fit, None)


def _literal(written: str) -> Counter[str]:
    """What a format has beside its directives, which a value has too that is written so."""
    return Counter(re.sub("%.", "", written))


def _read(texts: pd.Series, written: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = _moments(texts, written).notna().to_numpy()
    return found


def _moments(texts: pd.Series, written: str) -> pd.Series:
    return pd.to_datetime(texts, format=written, errors="coerce", utc="%z" in written)
