"""What was seen of each column, and a sample of rows: one pass, in memory that does not grow with the table."""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import reading, tables
from pipeline.cells import LARGEST
from pipeline.problem.source import MISSING_TOKENS

ALSO_MISSING = ("?", ".", "--", "#N/A", "#NA", "<NA>", "n.a.", "N.A.", "na", "Null", "none", "NONE", "NAN", "(null)")
"""Texts that mean "no value" wherever they stand, beside those that a problem file takes for it anyway."""
MOST_VALUES, LEAST_VALUES = 4096, 256
"""Different values of a column that are kept: all, or where there are more, those whose hash is low."""
MOST_OF_ALL = 400_000
"""Values that are kept of all columns together."""
MOST_ROWS = 20_000
MOST_CELLS = 4_000_000
SHOWN = 5
FEW_WORDS = 3
"""So many words among many numbers are no reason to take these for names."""
NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
COMMA = NUMBER.replace(r"\.", ",")
PADDED = r"^[-+]?0\d"
IN_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
MOMENT = IN_MONTH + r"|^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)? ?(Z|[-+]\d{2}:?\d{2})?$"
MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
WEEKDAY = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*(?P<mark>,? )"
DATE = (
    rf"(?i)^({WEEKDAY})?(\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}|\d{{4}}[/.-]\d{{1,2}}[/.-]\d{{1,2}}"
    rf"|\d{{1,2}}\.?[ /-]{MONTH}[ /-]\d{{2,4}}|{MONTH} +\d{{1,2}}(,?|( [\d:]{{5,8}})?) \d{{4}}"
    rf"|\d{{4}}年\d{{1,2}}月\d{{1,2}}日)([ :].*)?$|{MOMENT}"
    rf"|^({MONTH}([ /-]\d{{4}}|-\d{{2}})|\d{{1,2}}[/-]\d{{4}}|\d{{4}}/\d{{1,2}}|\d{{4}}年\d{{1,2}}月)$"
)

CODES = "AUD|BRL|CAD|CHF|CNY|DKK|EUR|GBP|INR|JPY|NOK|NZD|PLN|SEK|USD"
SPACE, CURLY = "[ \u00a0\u202f]", "\u2019"
AMOUNT = (
    rf"^((?P<sign>-)?(?P<before>[A-Z]{{0,2}}[$€£¥₹₽₩₺₴₫₪฿]|{CODES}|Rs\.?) ?)?"
    rf"(?P<number>[-+]?(\d{{1,3}}((?P<mark>{SPACE}|['{CURLY}])\d{{3}})+([.,]\d*)?|\d[\d.,]*|[.,]\d+))"
    rf"(?P<after>{SPACE}*[^\d\s.,:/+'@_-]\D{{0,7}})?$"
)
"""A number with what may stand before and after it."""


class Marks(NamedTuple):
    """What stands before a number's decimals, and what parts its thousands."""

    decimal: str
    thousands: str | None = None


PLAIN = Marks(".")
MARKED = {
    Marks(".", ","): rf"{NUMBER}|^[-+]?[1-9]\d{{0,2}}(,\d{{3}})+(\.\d*)?$",
    Marks(","): COMMA,
    Marks(",", "."): rf"{COMMA}|^[-+]?[1-9]\d{{0,2}}(\.\d{{3}})+(,\d*)?$",
}
"""How else numbers are written. Thousands don't begin with a zero: 0,125 is less than one."""


@dataclass
class Seen:
    """What was seen of one column. Of text, ``numbers`` and ``moments`` count the values that can be read as such."""

    name: str
    most: int = MOST_VALUES
    typed: str = "text"
    """``text``, or what the source says of itself: ``number``, ``boolean``, ``time`` or ``nested``."""
    rows: int = 0
    missing: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    whole: bool = True
    low: float = np.inf
    high: float = -np.inf
    padded: int = 0
    marked: Counter[Marks] = field(default_factory=Counter)
    """How many values are numbers if they are written so."""
    moments: int = 0
    dates: int = 0
    """Moments, and dates in other ways."""
    no_number: Counter[str] = field(default_factory=Counter)
    bare: Counter[str] = field(default_factory=Counter)
    """Texts without a digit with how often each comes, or any ``FEW_WORDS`` and one of them, where there are more."""
    amounts: int = 0
    """Texts that are no numbers but for a unit, or spaces between the digits."""
    characters: int = 0
    words: int = 0
    """Those of texts with a letter."""
    values: dict[int, tuple[str, int]] = field(default_factory=dict)
    """By hash: a value and how often it came, of all values or of a share of them that chance chose."""
    halvings: int = 0

    @classmethod
    def of_texts(cls, name: str, values: Mapping[str, int]) -> "Seen":
        """What is seen of texts that are told with how often each comes."""
        seen = cls(name, rows=sum(values.values()))
        seen._add_text(pa.array(list(values), pa.string()), np.array(list(values.values()), np.int64))
        return seen

    @property
    def present(self) -> int:
        """How many values there are."""
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        """How many different values there are: exact to ``most``, then an estimate within some 3 %.

        Distinct sampling (Gibbons 2001): the values whose hash is below a limit, which halves when they are too many.
        """
        return min(len(self.values) << self.halvings, self.present)

    @property
    def unique(self) -> bool:
        """Whether no value comes twice: among all, or among the thousands that were chosen."""
        return self.present > 0 and all(count == 1 for _, count in self.values.values())

    @property
    def levels(self) -> dict[str, int]:
        """Every value with how often it came, the most frequent first; none where there are too many to be kept."""
        if self.halvings:
            return {}
        return dict(sorted(self.values.values(), key=lambda item: (-item[1], item[0])))

    def add(self, column: pa.ChunkedArray) -> None:
        """Take up the values of a batch."""
        self.rows += len(column)
        column = column.combine_chunks()
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = _kind(column.type)
        if kind in ("nothing", "nested"):
            self._pass_over(column, kind)
            return
        counted = column.value_counts()
        values, times = counted.field("values"), np.asarray(counted.field("counts"), np.int64)
        if kind == "text":
            texts = reading.texts(values)
            if texts.null_count > values.null_count:
                self._pass_over(column, "nested")
            else:
                self._add_text(texts, times)
        else:
            self.typed = kind
            self._add_typed(values, times)

    def _pass_over(self, column: pa.Array, kind: str) -> None:
        self.typed = kind if kind == "nested" else self.typed
        self.missing += len(column)

    def _add_typed(self, values: pa.Array, times: npt.NDArray[np.int64]) -> None:
        absent = np.asarray(values.is_null(nan_is_null=True))
        self.missing += int(times[absent].sum())
        values, times = values.filter(pa.array(~absent)), times[~absent]
        if self.typed == "number":
            texts = values.cast(pa.string(), safe=False)
            is_number = self._add_numbers(np.asarray(values.cast(pa.float64(), safe=False)), times)
            self._show(texts.filter(pa.array(~is_number)), times[~is_number])
        self._keep(values.cast(pa.string(), safe=False), times)

    def _add_text(self, values: pa.Array, times: npt.NDArray[np.int64]) -> None:
        values = pc.utf8_trim_whitespace(values)
        absent = np.asarray(pc.is_in(values, pa.array([*MISSING_TOKENS, *ALSO_MISSING]))) | np.asarray(values.is_null())
        for token, count in zip(values.filter(pa.array(absent)).to_pylist(), times[absent], strict=True):
            self.tokens[token or ""] += int(count)
        self.missing += int(times[absent].sum())
        values, times = values.filter(pa.array(~absent)), times[~absent]
        signed = values
        try:
            numbers = np.asarray(values.cast(pa.float64()))
        except pa.ArrowInvalid:
            signed = reading.signed(values)
            numbers = np.asarray(pc.if_else(pc.match_substring_regex(signed, NUMBER), signed, "nan").cast(pa.float64()))
        is_number = self._add_numbers(numbers, times)
        if is_number.any():
            self.padded += int(times[is_number & _matches(signed, PADDED)].sum())
        for marks, pattern in MARKED.items():
            self.marked[marks] += int(times[_matches(signed, pattern) & ~(np.abs(numbers) > LARGEST)].sum())
        if not is_number.all():
            self.amounts += int(times[~is_number & _matches(signed, AMOUNT)].sum())
            self._add_words(values.filter(pa.array(~is_number)), times[~is_number])
        self._keep(values, times)

    def _add_numbers(self, numbers: npt.NDArray[Any], times: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Take up those that a model can compute with, and say which they are."""
        is_number: npt.NDArray[np.bool_] = np.abs(numbers) <= LARGEST
        fit = numbers[is_number]
        self.numbers += int(times[is_number].sum())
        if len(fit):
            self.whole = self.whole and bool((fit % 1 == 0).all())
            self.low, self.high = min(self.low, float(fit.min())), max(self.high, float(fit.max()))
        return is_number

    def _add_words(self, values: pa.Array, times: npt.NDArray[np.int64]) -> None:
        self.moments += int(times[_matches(values, MOMENT)].sum())
        self.dates += int(times[_matches(values, DATE)].sum())
        self.characters += int((np.asarray(pc.utf8_length(values)) * times).sum())
        words = np.asarray(pc.count_substring(values, " ")) + 1
        self.words += int((words * times)[_matches(values, r"\pL")].sum())
        if len(self.bare) <= FEW_WORDS:
            bare = ~_matches(values, r"\d")
            some = values.filter(pa.array(bare))[: FEW_WORDS + 1].to_pylist()
            self.bare.update(dict(zip(some, times[bare].tolist(), strict=False)))
        self._show(values, times)

    def _show(self, values: pa.Array, times: npt.NDArray[np.int64]) -> None:
        room = max(SHOWN - len(self.no_number), 0)
        for value, count in zip(values[:room].to_pylist(), times[:room], strict=True):
            self.no_number[value] += int(count)

    def _keep(self, values: pa.Array, times: npt.NDArray[np.int64]) -> None:
        texts = values.to_numpy(zero_copy_only=False)
        hashes = pd.util.hash_array(np.asarray(texts, object), categorize=False)
        chosen = hashes < np.uint64(2 ** (64 - self.halvings) - 1)
        for key, text, count in zip(hashes[chosen].tolist(), texts[chosen], times[chosen].tolist(), strict=True):
            before = self.values.get(key)
            self.values[key] = (text, count + (before[1] if before else 0))
        while len(self.values) > self.most:
            self.halvings += 1
            limit = 2 ** (64 - self.halvings) - 1
            self.values = {key: value for key, value in self.values.items() if key < limit}


class Sample:
    """Rows drawn at random, each as likely as any other."""

    def __init__(self, columns: int) -> None:
        self._most = min(MOST_ROWS, MOST_CELLS // max(columns, 1))
        self._random = np.random.default_rng(0)
        self._kept: list[tuple[npt.NDArray[np.float64], pa.Table]] = []
        self._limit = 1.0

    def add(self, batch: pa.Table) -> None:
        """Draw from a batch."""
        self._take(self._random.random(batch.num_rows), batch)
        while sum(len(draws) for draws, _ in self._kept) > self._most:
            self._limit /= 2
            kept, self._kept = self._kept, []
            for draws, rows in kept:
                self._take(draws, rows)

    def rows(self) -> pd.DataFrame:
        """The rows, in the order of the table."""
        table = pa.concat_tables([rows for _, rows in self._kept]).combine_chunks()
        for place, one in enumerate(table.schema):
            if tables.is_bytes(one.type):
                table = table.set_column(place, one.name, reading.texts(tables.one_chunk(table[one.name])))
        rows: pd.DataFrame = table.to_pandas()
        return rows

    def _take(self, draws: npt.NDArray[np.float64], rows: pa.Table) -> None:
        chosen = draws < self._limit
        if chosen.any() or not self._kept:
            self._kept.append((draws[chosen], rows.filter(pa.array(chosen))))


def look(batches: Iterable[pa.Table], names: list[str]) -> tuple[list[Seen], pd.DataFrame]:
    """What was seen of each column, and a sample of the rows."""
    most = min(MOST_VALUES, max(LEAST_VALUES, MOST_OF_ALL // max(len(names), 1)))
    seen, sample = [Seen(name, most) for name in names], Sample(len(names))
    with ThreadPoolExecutor() as columns:
        for batch in batches:
            for _ in columns.map(lambda one, batch=batch: one.add(batch[one.name]), seen):
                pass
            sample.add(batch)
    return seen, sample.rows()


def _kind(of: pa.DataType) -> str:
    """What a column says of itself; ``nothing``, where it holds none but missing values."""
    kinds = {
        "nothing": (pa.types.is_null,),
        "text": (pa.types.is_string, pa.types.is_large_string, tables.is_bytes),
        "boolean": (pa.types.is_boolean,),
        "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
        "time": (pa.types.is_timestamp, pa.types.is_date),
    }
    return next((kind for kind, tests in kinds.items() if any(test(of) for test in tests)), "nested")


def _matches(values: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.match_substring_regex(values, pattern))
