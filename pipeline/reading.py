"""What a text says: a number, yes or no, a moment. An array of texts becomes one that is null where it says none."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bundle import moment
from pipeline import tables
from pipeline.problem import Column

NUMBER = f"^(?:{moment.NUMBER})$"
CLOCK = r"^(?P<sign>-?)(?P<h>\d{1,4}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d(?:[.,]\d+)?))?(?: ?(?P<half>[AaPp])[Mm])?$"
MINUS = "\u2212"
NEGATIVE = (r"^([^\d()+-]*)\(([^()+-]*\d[^()+-]*)\)([^\d()]*)$", r"^([^()+-]*\d[^()+-]*)-()()$")
OFFSET = rf"[T ].*(?:{moment.OFFSET})$"
MAGNITUDES = {"K": "e3", "M": "e6", "B": "e9"}
"""The exponent that a letter after a number is for."""
TRUE = pa.array(["1", "t", "true", "y", "yes"])
LAST_DAY = pd.Timestamp("9999-12-31")
"""Which may end in a year that pandas has not, in UTC."""
YEARS = (-62_135_596_800, 253_402_300_800)
"""When the year 1 begins, and 10,000, in seconds from 1970 on."""
FALSE = pa.array(["0", "f", "false", "n", "no"])

Flags = npt.NDArray[np.bool_]


def texts(values: pa.Array) -> pa.Array:
    """Values of any kind as text; null where they are bytes that are no UTF-8."""
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_text(one) for one in values.to_pylist()], pa.string())


def signed(texts: pa.Array) -> pa.Array:
    """Texts with a hyphen before the number that they hold, where it is negative in another way.

    In print it has a minus (U+2212), accountants put it into parentheses, and some systems put the sign behind it.
    """
    texts = pc.replace_substring(texts, MINUS, "-")
    for pattern in NEGATIVE:
        texts = pc.replace_substring_regex(texts, pattern, r"-\1\2\3")
    return texts


def numbers(texts: pa.Array, column: Column) -> pa.Array:
    """Numbers as the column writes them, also such as infinity that a column may not hold."""
    if column.clock:
        return seconds(texts)
    plain = _plain(texts, column)
    try:
        numbers = plain.cast(pa.float64())
        return pc.if_else(pc.is_nan(numbers), None, numbers)
    except pa.ArrowInvalid:  # one of them is no number
        plain = pc.replace_substring_regex(_plain(signed(texts), column), r"^\+", "")
        return pc.if_else(pc.match_substring_regex(plain, NUMBER), plain, None).cast(pa.float64())


def seconds(texts: pa.Array) -> pa.Array:
    """How many seconds the hours, minutes and seconds are that texts tell as a clock does; null where they don't."""
    told = pc.extract_regex(texts, CLOCK)
    sign, hours, minutes, last, half = (pc.struct_field(told, name) for name in ("sign", "h", "m", "s", "half"))
    hours = hours.cast(pa.float64())
    twelve = pc.not_equal(half, "")
    after_noon = pc.if_else(pc.is_in(half, pa.array(["p", "P"])), 12.0, 0.0)
    dial = pc.and_(pc.greater_equal(hours, 1), pc.less_equal(hours, 12))
    noon = pc.if_else(pc.equal(hours, 12), 0.0, hours)
    hours = pc.if_else(twelve, pc.if_else(dial, pc.add(noon, after_noon), None), hours)
    last = pc.if_else(pc.equal(last, ""), "0", pc.replace_substring(last, ",", ".")).cast(pa.float64())
    whole = pc.add(pc.add(pc.multiply(hours, 3600.0), pc.multiply(minutes.cast(pa.float64()), 60.0)), last)
    return pc.if_else(pc.equal(sign, "-"), pc.negate(whole), whole)


def _plain(texts: pa.Array, column: Column) -> pa.Array:
    """Numbers without their unit, with no mark but a point before their decimals and digits for their magnitude."""
    if column.unit:
        unit = re.escape(column.unit)
        texts = pc.replace_substring_regex(texts, rf"\s*{unit}$", "")
        texts = pc.replace_substring_regex(texts, rf"^([-+]?){unit}\s*", r"\1")
    if column.magnitude:
        for letter, exponent in MAGNITUDES.items():
            texts = pc.replace_substring_regex(texts, rf"(?i)(\d[.,]?)\s*{letter}$", rf"\1{exponent}")
    if column.thousands:
        mark, point = re.escape(column.thousands), re.escape(column.decimal)
        end = "(e[369])?" if column.magnitude else ""
        grouped = pc.match_substring_regex(texts, rf"^[+-]?\d{{1,3}}({mark}\d{{3}})+({point}\d*)?{end}$")
        texts = pc.if_else(grouped, pc.replace_substring(texts, column.thousands, ""), texts)
    if column.decimal != ".":
        strange = pc.match_substring(texts, ".")
        texts = pc.if_else(strange, None, pc.replace_substring(texts, column.decimal, "."))
    return texts


def booleans(texts: pa.Array) -> pa.Array:
    """The texts ``true`` and ``false``."""
    lower = pc.utf8_lower(texts)
    return pc.if_else(pc.is_in(lower, TRUE), "true", pc.if_else(pc.is_in(lower, FALSE), "false", None))


def times(texts: pa.Array, column: Column) -> tuple[pa.Array, Flags]:
    """Moments (UTC) in the column's format or ISO 8601, and which of them the clocks showed twice or skipped."""
    if column.format in moment.COUNTED:
        number = pc.match_substring_regex(texts, NUMBER)
        counted = _counted(pc.if_else(number, texts, None), column)
        others, unclear = times(pc.if_else(number, None, texts), column.model_copy(update={"format": None}))
        return pc.coalesce(counted, others), unclear
    if column.format:
        digits = pc.match_substring_regex(texts, r"\d")  # pandas knows what "today" is
        texts = _in_iso(pc.if_else(digits, texts, None), column.format)
    sound = pc.and_not(pc.match_substring_regex(texts, f"^(?:{moment.PATTERN})$"), pc.starts_with(texts, "0000"))
    texts = pc.if_else(sound, texts, None)  # Python has no year 0, and pandas one
    texts = pc.replace_substring(texts, ",", ".")  # ISO 8601 has both marks, and pandas one
    written = texts.to_pandas()
    if column.time_zone == "UTC":
        return _moments(tables.times(written)), np.zeros(len(texts), bool)
    naive = ~pc.match_substring_regex(texts, OFFSET).fill_null(False).to_numpy(zero_copy_only=False)
    local = pd.to_datetime(written.where(naive), format="ISO8601", errors="coerce").astype("datetime64[us]")
    there, unclear = _localized(local, column.time_zone)
    return _moments(tables.times(written.mask(naive)).where(~naive, there)), unclear


def moments(array: pa.Array, column: Column) -> tuple[pa.Array, Flags]:
    """Dates, timestamps and numbers as moments (UTC), and which of them the clocks showed twice or skipped.

    Those before the year 1 or after 9999 are null: Python has no such moment.
    """
    if not pa.types.is_temporal(array.type):
        return _counted(array, column), np.zeros(len(array), bool)
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    if array.type.unit != "ns":  # which holds no such year
        told = array.cast(pa.int64())
        first, end = (int(edge * tables.PER_SECOND[array.type.unit]) for edge in YEARS)
        low, high = pc.min_max(told).values()
        if low.is_valid and not first <= low.as_py() <= high.as_py() < end:
            array = pc.if_else(pc.and_(pc.greater_equal(told, first), pc.less(told, end)), array, None)
    array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    if array.type.tz or column.time_zone == "UTC":
        return array.cast(tables.TYPES["time"]), np.zeros(len(array), bool)
    local, unclear = _localized(array.to_pandas(), column.time_zone)
    return _moments(local), unclear


def _counted(numbers: pa.Array, column: Column) -> pa.Array:
    """The moments that numbers, or texts of such, count from 1970 on as the column's format says."""
    seconds = pc.divide(numbers.cast(pa.float64(), safe=False), float(moment.COUNTED[str(column.format)]))
    told = pc.and_(pc.greater_equal(seconds, YEARS[0]), pc.less(seconds, YEARS[1]))
    micros = pc.round(pc.multiply(pc.if_else(told, seconds, None), 1e6))
    return micros.cast(pa.int64()).cast(tables.TYPES["time"])


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _in_iso(texts: pa.Array, written: str) -> pa.Array:
    """In ISO 8601 the texts that are written so, and the others as they are."""
    read = pa.array(pd.to_datetime(texts.to_pandas(), format=written, errors="coerce", utc="%z" in written))
    iso = pc.strftime(read, f"%Y-%m-%dT%H:%M:%S{'Z' if '%z' in written else ''}")
    return pc.if_else(iso.is_valid(), iso, texts)


def _localized(local: pd.Series, zone: str) -> tuple[pd.Series, Flags]:
    """The moments of a local clock: where it was changed, the offset before the change holds (PEP 495, ``fold=0``)."""
    last = local >= LAST_DAY
    if last.any():
        plain, unclear = _localized(local.mask(last), zone)
        ends = local[last] - (ZoneInfo(zone).utcoffset(LAST_DAY) or timedelta())
        return plain.where(~last, ends.dt.tz_localize("UTC").reindex(local.index)), unclear
    plain = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    unclear = (plain.isna() & local.notna()).to_numpy()
    if unclear.any():
        clock = local[unclear]
        first = np.ones(len(clock), bool)
        before = clock.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_backward")
        offset = before.dt.tz_localize(None) - before.dt.tz_convert("UTC").dt.tz_localize(None)
        plain[unclear] = (clock - offset).dt.tz_localize("UTC").dt.as_unit("us")
    return plain, unclear


def _moments(series: pd.Series) -> Any:
    return pa.Array.from_pandas(series, type=tables.TYPES["time"])
