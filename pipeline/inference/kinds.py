"""What a column is: its type, the rules that go with it, and the evidence where there is doubt."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bundle import moment
from pipeline import problem, reading, tables
from pipeline.cells import LARGEST
from pipeline.inference import amounts, dates
from pipeline.inference.seen import ALSO_MISSING, FEW_WORDS, IN_MONTH, MARKED, PLAIN, Marks, Seen
from pipeline.problem.source import MISSING_TOKENS

Kind = Literal["number", "integer", "category", "boolean", "time", "text", "nothing"]
NUMERIC = ("number", "integer")
MOST = 0.98
"""The share of a column's values that must be of a type for the column to be of it."""
MANY = 50
"""Different numbers or times beside which a few words are missing values."""
NINES = r"^-?99+(\.[09]*)?$"
LEAST_OTHERS, OFTEN = 10, 0.01
"""Beside so many others a number is told that lies far from them and that this share of the rows has."""
LIST_MARKS = "|;,"
FEW_LISTS = 12
"""So many lists there are at least, and two or more for each word of them."""
SHORTEST = 3
"""The mean length of words from which on texts tell them apart."""
MOST_WORDS = 0.05
"""The share of a feature's rows above which words for "no value" are told."""
LARGEST_WHOLE = 2.0**53
"""Up to which a float tells every whole number from the next."""
DAY_NAME = re.compile(r"date|day|month|period|yyyymm|(^|_)(dt|ym)($|_)", re.IGNORECASE)
TIME_NAME = re.compile(r"date|day|time|created|updated|stamp|epoch|unix|(^|_)(dt|at|ts)($|_)", re.IGNORECASE)
BIRTH = re.compile(r"birth|dob", re.IGNORECASE)
VERSION = re.compile(r"version|firmware|(^|_)ver($|_)", re.IGNORECASE)
"""Names of what looks like a date, such as 5.6.10, and is none."""
POSTAL = re.compile(r"zip|postal|post.?code|phone", re.IGNORECASE)
"""Names of what has digits in it, such as 123xx, and is no amount."""
BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})

TOLD = {
    Marks(".", ","): "a comma parts its thousands",
    Marks(","): "a comma stands before its decimals",
    Marks(",", "."): "a comma stands before its decimals, and a point parts its thousands",
}


@dataclass
class Column:
    """A column, and what was concluded of it.

    Attributes:
        kind: its type, or ``nothing`` where it has none that a model can use.
        rules: what the problem file says of it beside its type.
        why: why it is not what it could be taken for; empty where there is no doubt.
        unsure: what a person should look at.
    """

    seen: Seen
    kind: Kind
    rules: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    unsure: str = ""

    @property
    def name(self) -> str:
        """As the table calls it."""
        return self.seen.name

    @property
    def marked(self) -> bool:
        """Whether its numbers are written otherwise than plainly."""
        return not {"clock", "decimal", "magnitude", "thousands", "unit"}.isdisjoint(self.rules)

    @property
    def levels(self) -> dict[str, int]:
        """Its different values with how often each comes, the most frequent first; none where they are too many."""
        if "spelling" not in self.rules:
            return self.seen.levels
        levels = Counter[str]()
        for level, times in self.seen.levels.items():
            levels[level.lower()] += times
        return dict(levels.most_common())

    def numbers(self, values: pd.Series) -> npt.NDArray[np.float64]:
        """What its values say, which come as they are in the table; NaN where they say no number to compute with."""
        if self.seen.typed == "number":
            found = pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)
        else:
            read = reading.numbers(_texts(values), problem.Column(**self.rules))
            found = np.asarray(read.to_numpy(zero_copy_only=False), np.float64)
        return np.where(np.abs(found) <= LARGEST, found, np.nan)

    def texts(self, values: pd.Series) -> pa.Array:
        """The same as texts, null where there is none."""
        texts = _texts(values)
        texts = pc.if_else(pc.is_in(texts, pa.array([*MISSING_TOKENS, *ALSO_MISSING])), None, texts)
        return pc.utf8_lower(texts) if "spelling" in self.rules else texts

    def moments(self, values: pd.Series) -> pd.Series:
        """The same as moments (UTC); missing where they say none."""
        if self.seen.typed == "time":
            return pd.to_datetime(values, utc=True, errors="coerce")
        times, _ = reading.times(_texts(values), problem.Column(type="time", **self.rules))
        told: pd.Series = times.to_pandas()
        return told


def tell(seen: Seen, *, asked: bool = False) -> Column:
    """What a column is, by all of its values; ``asked`` where the target is made of it."""
    told: Column | None = None
    if not seen.present or seen.typed == "nested":
        told = Column(seen, "nothing", why="it is no plain value" if seen.typed == "nested" else "it has no value")
    elif seen.typed == "boolean":
        told = Column(seen, "category" if asked else "boolean")
    elif seen.typed == "time" or seen.moments >= MOST * seen.present:
        told = _time(seen)
    elif seen.typed == "number":
        told = _number(seen) if seen.numbers else Column(seen, "nothing", why="it has no number to compute with")
    elif max(seen.numbers, *seen.marked.values(), 0) >= MOST * seen.present:
        told = _number(seen, asked=asked) if seen.numbers >= max(seen.marked.values(), default=0) else _marked(seen)
    elif seen.dates >= MOST * seen.present and not VERSION.search(seen.name):
        told = _date(seen)
    elif seen.numbers + seen.amounts >= MOST * seen.present and not POSTAL.search(seen.name):
        told = _amount(seen)
    elif {level.lower() for level in seen.levels} in BOOLEANS and not asked:
        told = Column(seen, "boolean")
    told = told or _clock(seen) or (None if asked else _but_for_words(seen)) or _words(seen, asked=asked)
    told.unsure = "; ".join(filter(None, (told.unsure, _doubt(seen, told.kind, asked=asked))))
    return told


def number(seen: Seen) -> Column | None:
    """The column as a number, where more than half of its values are numbers; the others are then missing."""
    marked = max(seen.marked.values(), default=0)
    if seen.typed != "text" or max(seen.numbers, marked) <= seen.present / 2:
        return None
    return _number(seen, asked=True) if seen.numbers >= marked else _marked(seen)


def _doubt(seen: Seen, kind: Kind, *, asked: bool) -> str:
    """What its values may mean beside what they are taken for."""
    if kind in NUMERIC:
        return "; ".join(filter(None, (_negative(seen), _far(seen))))
    return _taken_for_none(seen, 0 if asked else MOST_WORDS) if kind in ("category", "boolean") else ""


def _taken_for_none(seen: Seen, least: float) -> str:
    """The words that mean "no value" and may be one, where more than a share of the rows says them."""
    said = {word: times for word, times in seen.tokens.items() if any(map(str.isalpha, word))}
    if sum(said.values()) <= least * seen.rows:
        return ""
    words = " and ".join(f"{times:,} rows say {word!r}" for word, times in Counter(said).most_common())
    return f"{words}, taken for no value; where it is one, write missing_tokens without it"


def _negative(seen: Seen) -> str:
    """How negative numbers are written, where that may mean something else."""
    signed = amounts.signed(sorted(text for text, _ in seen.values.values()))
    odd = (f"{text} is taken for {one}" for text, one in signed.items() if one != text.replace(reading.MINUS, "-"))
    return next(odd, "")


def _far(seen: Seen) -> str:
    """A code for no value: nines, or the one negative number, farther from all others than these from each other."""
    texts, times = zip(*seen.values.values(), strict=True)
    numbers = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy("float64")
    order = np.argsort(numbers)[: np.isfinite(numbers).sum()]
    if seen.halvings or len(order) <= LEAST_OTHERS:
        return ""
    for place, *others in (order, order[::-1]):
        nearest, farthest = numbers[others[0]], numbers[others[-1]]
        far = abs(nearest - numbers[place]) > abs(farthest - nearest)
        low, high = sorted((nearest, farthest))
        odd = re.match(NINES, texts[place]) or numbers[place] < 0 <= low
        if far and odd and times[place] >= max(OFTEN * seen.present, 2):
            return (
                f"{times[place]:,} rows have {texts[place]}, far from all others; where it means no value, write "
                f"range = [{low:.15g}, {high:.15g}] and outside = 'missing'"
            )
    return ""


def _number(seen: Seen, *, asked: bool = False) -> Column:
    strange = seen.present - seen.numbers
    texts = (text for text, _ in seen.values.values())
    if seen.whole and not strange and DAY_NAME.search(seen.name) and (written := dates.numbered(texts)):
        shown = "months, such as 201311" if "%d" not in written else "dates, such as 20131103"
        return Column(seen, "time", {"format": written}, unsure=f"its numbers are taken for {shown}")
    if not strange and TIME_NAME.search(seen.name) and (written := dates.counted(seen.low, seen.high)):
        first = f"{seen.low:.0f} is {moment.counted(seen.low, written):%Y-%m-%d %H:%M:%S}"
        return Column(
            seen, "time", {"format": written}, unsure=f"its numbers are taken for times (UTC), so that {first}"
        )
    if seen.padded and not (asked and len({len(text) for text, _ in seen.values.values()}) > 1):
        why = f"{seen.padded:,} of its numbers begin with a zero, so they are names"
        return Column(seen, "category", unsure=why)
    if seen.whole and max(-seen.low, seen.high) > LARGEST_WHOLE:
        return Column(
            seen, "category", unsure="its numbers are too large to be told apart as numbers, so they are names"
        )
    column = Column(seen, "integer" if seen.whole else "number")
    doubts = [f"numbers that begin with a zero ({seen.padded:,}) are numbers all the same"] if seen.padded else []
    if strange:
        column.rules = {"unreadable": "missing"}
        doubts.append(_taken_for_missing(strange, seen.no_number))
    column.unsure = "; ".join(doubts)
    return column


def _time(seen: Seen) -> Column | None:
    """A time in ISO 8601; None where its months, such as 2009-10 and 2010-11, are seasons."""
    values = dict(seen.values.values())
    if len(values) > 1 and all(re.match(IN_MONTH, text) and _next_year(text) for text in values):
        return None
    read, _ = reading.times(pa.array(values, pa.string()), problem.Column(type="time"))
    strange = [text for text, moment in zip(values, read, strict=True) if not moment.is_valid]
    if not strange:
        return Column(seen, "time", unsure=_first_days(next(iter(values))))
    examples = ", ".join(map(repr, sorted(strange, key=values.__getitem__, reverse=True)[:3]))
    unsure = f"some of its values are no times, and taken for missing: {examples}"
    return Column(seen, "time", {"unreadable": "missing"}, unsure=unsure)


def _next_year(text: str) -> bool:
    """Whether a text such as 2009-10 tells a year and the next one."""
    return (int(text[2:4]) + 1) % 100 == int(text[5:])


def _first_days(text: str, written: str = "") -> str:
    """What is told of a month that is taken for a moment."""
    in_month = "%d" not in written if written else re.match(IN_MONTH, text)
    return f"{text} is taken for the first day of its month" if in_month else ""


def _marked(seen: Seen) -> Column:
    """A number, written in the way in which most of its values can be read; of two such ways, in the simpler."""
    marks = max(MARKED, key=lambda one: seen.marked[one])
    texts = Counter(dict(seen.values.values())) | seen.no_number
    fit = {text for text, one in amounts.signed(texts).items() if re.match(MARKED[marks], one)}
    rules = {name: mark for name, mark in marks._asdict().items() if mark != getattr(PLAIN, name)}
    unsure = TOLD[marks]
    if marks.decimal == "." and seen.marked[marks] == seen.marked[Marks(",")]:
        value = next((text for text in texts if text in fit and "," in text), "1,234")
        unsure = (
            f"a comma is taken to part its thousands, so that {value} is {value.replace(',', '')}; "
            f"if it is {value.replace(',', '.')}, write decimal = ',' in the place of thousands = ','"
        )
    if strange := seen.present - seen.marked[marks]:
        rules["unreadable"] = "missing"
        strangers = {text: count for text, count in texts.items() if text not in fit}
        unsure += f"; {_taken_for_missing(strange, strangers)}"
    return Column(seen, "number", rules, unsure=unsure)


def _amount(seen: Seen) -> Column | None:
    """A number with a unit, or with a mark between its thousands that is no comma or point; None where it is none."""
    values = dict(seen.values.values())
    found = amounts.common(values)
    told = {"unit": found.unit, "thousands": found.thousands, "magnitude": found.magnitude}
    rules = {name: rule for name, rule in told.items() if rule}
    if not rules or (bare := tell(Seen.of_texts(seen.name, found.numbers))).kind not in NUMERIC:
        return None
    column = Column(seen, "number", bare.rules | rules)
    known = ~np.isnan(column.numbers(pd.Series(list(values))))
    if np.array(list(values.values()))[known].sum() < MOST * sum(values.values()):
        return None
    doubts = [f"{found.unit!r} is taken for its unit"] if found.unit else []
    doubts += [f"{found.thousands!r} parts its thousands"] if found.thousands else []
    doubts += ["a K, M or B after it is for thousands, millions or billions"] if found.magnitude else []
    column.unsure = "; ".join(filter(None, [*doubts, bare.unsure]))
    return column


def _clock(seen: Seen) -> Column | None:
    """A number of seconds, where its values are times of day or durations; None where they are not."""
    values = dict(seen.values.values())
    seconds = reading.seconds(pa.array(values, pa.string())).to_pylist()
    told = {text: number for text, number in zip(values, seconds, strict=True) if number is not None}
    share = sum(map(values.__getitem__, told)) / sum(values.values())
    if share < MOST:
        return None
    text = max(told, key=values.__getitem__)
    unsure = f"{text} is taken for hours and minutes, and counted in seconds: {told[text]:g}"
    return Column(seen, "number", {"clock": True} | ({"unreadable": "missing"} if share < 1 else {}), unsure=unsure)


def _but_for_words(seen: Seen) -> Column | None:
    """A number or a time of many values, where a few words among them are no such; None where it is none."""
    words = seen.bare
    others = {text: times for text, times in seen.values.values() if text not in words}
    if not 0 < len(words) <= FEW_WORDS or len(others) < MANY or words.total() >= seen.present / 2:
        return None
    bare = tell(Seen.of_texts(seen.name, others))
    if bare.kind not in (*NUMERIC, "time"):
        return None
    column = Column(seen, bare.kind, bare.rules | {"unreadable": "missing"})
    column.unsure = "; ".join(filter(None, (_taken_for_missing(words.total(), words, bare.kind), bare.unsure)))
    return column


def _taken_for_missing(strange: int, texts: Mapping[str, int], kind: Kind = "number") -> str:
    examples = ", ".join(repr(text) for text, _ in Counter(texts).most_common(3))
    what = "time" if kind == "time" else "number"
    told = f"1 value is no {what}" if strange == 1 else f"{strange:,} values are no {what}s"
    return f"{told} to compute with, and taken for missing: {examples}"


def _date(seen: Seen) -> Column:
    """A time, written in the way in which most of its values can be read."""
    values = dict(seen.values.values())
    found = dates.formats(values)
    share = max(found.values(), default=0.0)
    if share < MOST:
        how = "in several ways" if len(dates.shapes(values)) > 1 else "in a way that is not known"
        why = f"its dates, such as {next(iter(values))}, are written {how}"
        return Column(seen, "nothing", why=why, unsure=f"{why}; written as 2013-11-03 they can be used")
    written, *others = found
    column = Column(seen, "time", {"format": written} | ({"unreadable": "missing"} if share < 1 else {}))
    ahead = _ahead(column) if "%y" in written else ""
    if ahead and BIRTH.search(seen.name):
        column.kind, column.why = "nothing", ahead
    either = next(filter(None, (_either(values, written, other) for other in others)), "")
    column.unsure = "; ".join(filter(None, (ahead, either, _first_days(next(iter(values)), written))))
    return column


def _either(values: dict[str, int], written: str, other: str) -> str:
    """What is asked where a value is another day in another format."""
    if doubt := dates.differing(values, written, other):
        text, day, else_day = doubt
        return f"{text} is taken for {day}; if it is {else_day}, write format = '{other}'"
    return ""


def _ahead(column: Column) -> str:
    """Which days its years of two digits put after today; empty where there are none."""
    texts, times = zip(*column.seen.values.values(), strict=True)
    moments = column.moments(pd.Series(texts))
    late = (moments > datetime.now(UTC)).to_numpy()
    if not late.any():
        return ""
    share = np.asarray(times)[late].sum() / sum(times)
    text, day = texts[late.argmax()], moments[late].iloc[0].date()
    return f"its years of two digits put {share:.1%} of its days after today: {text} is taken for {day}"


def _words(seen: Seen, *, asked: bool) -> Column:
    numbers = seen.numbers / seen.present
    unsure = ""
    if 0.5 < numbers < MOST:
        examples = ", ".join(repr(value) for value, _ in seen.no_number.most_common(3))
        unsure = f"{numbers:.0%} of its values are numbers, others not: {examples}"
    values = dict(seen.values.values())
    others = seen.present - seen.numbers
    if others and seen.words / others >= 3 and seen.distinct > max(50, seen.present / 4):
        return Column(seen, "text", unsure=unsure)
    if not asked and (parts := _parts(values)):
        unsure = f"its values are lists of {len(parts)} words, such as {next(iter(values))!r}, and taken for text"
        return Column(seen, "text", unsure=unsure)
    rules = {"spelling": "lower"} if len({level.lower() for level in values}) < len(values) else {}
    if rules:
        unsure = "the same values are spelled in lower and upper case, and taken for the same"
    return Column(seen, "category", rules, unsure=unsure)


def _parts(values: Mapping[str, int]) -> set[str]:
    """What the values are lists of, where few words make many lists; nothing where they are no such lists."""
    for mark in LIST_MARKS:
        parts = {part.strip() for value in values for part in value.split(mark)}
        if FEW_LISTS <= 2 * len(parts) <= len(values) and np.mean(list(map(len, parts))) >= SHORTEST:
            return parts
    return set()


def tokens(columns: list[Seen]) -> list[str]:
    """Texts found that mean "no value", and that a problem file must name."""
    found = {token for seen in columns for token in seen.tokens}
    return [token for token in ALSO_MISSING if token in found]


def _texts(values: pd.Series) -> pa.Array:
    [column] = pa.Table.from_pandas(values.to_frame(), preserve_index=False).combine_chunks().columns
    return pc.utf8_trim_whitespace(tables.one_chunk(column).cast(pa.string()))
