"""What a column is: its type, the rules that go with it, and the evidence where there is doubt."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import problem, reading
from pipeline.inference import dates
from pipeline.inference.seen import ALSO_MISSING, MARKED, PLAIN, Marks, Seen

Kind = Literal["number", "integer", "category", "boolean", "time", "text", "nothing"]
MOST = 0.98
"""The share of a column's values that must be of a type for the column to be of it."""
LARGEST_WHOLE = 2.0**53
"""Up to which a float tells every whole number from the next."""
DAY_NAME = re.compile(r"date|day|(^|_)dt($|_)", re.IGNORECASE)
BIRTH = re.compile(r"birth|dob", re.IGNORECASE)
VERSION = re.compile(r"version|firmware|(^|_)ver($|_)", re.IGNORECASE)
"""Names of what looks like a date, such as 5.6.10, and is none."""
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
        return not {"decimal", "thousands"}.isdisjoint(self.rules)

    def numbers(self, texts: Iterable[str | None]) -> npt.NDArray[np.float64]:
        """What texts say that are its values; NaN where they say no number."""
        read = reading.numbers(pa.array(texts, pa.string(), from_pandas=True), problem.Column(**self.rules))
        return np.asarray(read.to_numpy(zero_copy_only=False), np.float64)

    def moments(self, values: pd.Series) -> pd.Series:
        """The moments (UTC) of its values, which come as they are in the table; missing where they say none."""
        if self.seen.typed == "time":
            return pd.to_datetime(values, utc=True, errors="coerce")
        texts = pc.utf8_trim_whitespace(pa.array(values, from_pandas=True).cast(pa.string()))
        times, _ = reading.times(texts, problem.Column(type="time", **self.rules))
        told: pd.Series = times.to_pandas()
        return told


def tell(seen: Seen) -> Column:
    """What a column is, by all of its values."""
    told: Column | None = None
    if not seen.present or seen.typed == "nested":
        told = Column(seen, "nothing", why="it is no plain value" if seen.typed == "nested" else "it has no value")
    elif seen.typed == "boolean":
        told = Column(seen, "boolean")
    elif seen.typed == "time" or seen.moments >= MOST * seen.present:
        told = Column(seen, "time")
    elif seen.typed == "number":
        told = _number(seen) if seen.numbers else Column(seen, "nothing", why="it has no number to compute with")
    elif max(seen.numbers, *seen.marked.values(), 0) >= MOST * seen.present:
        told = _number(seen) if seen.numbers >= max(seen.marked.values(), default=0) else _marked(seen)
    elif seen.dates >= MOST * seen.present and not VERSION.search(seen.name):
        told = _date(seen)
    elif {level.lower() for level in seen.levels} in BOOLEANS:
        told = Column(seen, "boolean")
    return told or _words(seen)


def _number(seen: Seen) -> Column:
    strange = seen.present - seen.numbers
    texts = (text for text, _ in seen.values.values())
    if seen.whole and not strange and DAY_NAME.search(seen.name) and (written := dates.numbered(texts)):
        return Column(seen, "time", {"format": written}, unsure="its numbers are taken for dates, such as 20131103")
    if seen.padded:
        why = f"{seen.padded:,} of its numbers begin with a zero, so they are names"
        return Column(seen, "category", unsure=why)
    if seen.whole and max(-seen.low, seen.high) > LARGEST_WHOLE:
        return Column(
            seen, "category", unsure="its numbers are too large to be told apart as numbers, so they are names"
        )
    kind: Kind = "integer" if seen.whole else "number"
    if not strange:
        return Column(seen, kind)
    return Column(seen, kind, {"unreadable": "missing"}, unsure=_taken_for_missing(strange, seen.no_number))


def _marked(seen: Seen) -> Column:
    """A number, written in the way in which most of its values can be read; of two such ways, in the simpler."""
    marks = max(MARKED, key=lambda one: seen.marked[one])
    texts = Counter(dict(seen.values.values())) | seen.no_number
    fit = {text for text in texts if re.match(MARKED[marks], text)}
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


def _taken_for_missing(strange: int, texts: Mapping[str, int]) -> str:
    examples = ", ".join(repr(text) for text, _ in Counter(texts).most_common(3))
    what = "1 value is no number" if strange == 1 else f"{strange:,} values are no numbers"
    return f"{what} to compute with, and taken for missing: {examples}"


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
    column.unsure = "; ".join(filter(None, (ahead, either)))
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


def _words(seen: Seen) -> Column:
    numbers = seen.numbers / seen.present
    unsure = ""
    if 0.5 < numbers < MOST:
        examples = ", ".join(repr(value) for value, _ in seen.no_number.most_common(3))
        unsure = f"{numbers:.0%} of its values are numbers, others not: {examples}"
    others = seen.present - seen.numbers
    if others and seen.words / others >= 3 and seen.distinct > max(50, seen.present / 4):
        return Column(seen, "text", unsure=unsure)
    levels = seen.levels or dict(seen.values.values())
    rules = {"spelling": "lower"} if len({level.lower() for level in levels}) < len(levels) else {}
    if rules:
        unsure = "the same values are spelled in lower and upper case, and taken for the same"
    return Column(seen, "category", rules, unsure=unsure)


def tokens(columns: list[Seen]) -> list[str]:
    """Texts found that mean "no value", and that a problem file must name."""
    found = {token for seen in columns for token in seen.tokens}
    return [token for token in ALSO_MISSING if token in found]
