"""How amounts are written that are no plain numbers: with a unit or a currency, with spaces or apostrophes in them."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

import pyarrow as pa

from pipeline import reading
from pipeline.inference.seen import AMOUNT

LETTERS = {letter for large in reading.MAGNITUDES for letter in (large, large.lower())}


class Amounts(NamedTuple):
    """What the values have in common, and how often each number comes without what most have around it and in it."""

    unit: str
    thousands: str
    magnitude: bool
    numbers: Counter[str]


def signed(texts: Collection[str]) -> dict[str, str]:
    """By each text the same with a hyphen before its number, where that is negative in another way."""
    return dict(zip(texts, reading.signed(pa.array(texts, pa.string())).to_pylist(), strict=True))


def common(values: Mapping[str, int]) -> Amounts:
    """What stands before most of the numbers, or else most often after them; and what between thousands."""
    found = {text: match for text, one in signed(values).items() if (match := re.match(AMOUNT, one, re.ASCII))}
    before = _most({text: match["before"] or "" for text, match in found.items()}, values)
    after, thousands = (
        _most({text: match[part] for text, match in found.items() if match[part]}, values) for part in ("after", "mark")
    )
    magnitude = _tells_magnitudes({match["after"] for match in found.values()})
    usual = {"before": before, "mark": thousands} | ({} if magnitude else {"after": after})
    numbers = Counter[str]()
    for text, times in values.items():
        match = found.get(text)
        if match and all(match[part] in (None, most) for part, most in usual.items()):
            exponent = reading.MAGNITUDES[match["after"].strip().upper()] if magnitude and match["after"] else ""
            numbers[(match["sign"] or "") + match["number"].replace(thousands, "") + exponent] += times
        else:
            numbers[text] += times
    return Amounts(before or ("" if magnitude else after.strip(" ")), thousands, magnitude, numbers)


def _tells_magnitudes(after: Collection[str | None]) -> bool:
    """Whether what stands after numbers is for thousands and millions: several letters, or K or M after some.

    One after every number is a unit, and a B after some may be that of house numbers.
    """
    letters = {one.strip() for one in after if one}
    several = len(set(map(str.upper, letters))) > 1
    return letters <= LETTERS and (several or (None in after and letters in ({"K"}, {"M"})))


def _most(parts: Mapping[str, str], values: Mapping[str, int]) -> str:
    often = Counter[str]()
    for text, part in parts.items():
        often[part] += values[text]
    return max(often, key=lambda part: often[part], default="")
