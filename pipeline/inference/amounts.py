"""How amounts are written that are no plain numbers: with a unit, and with spaces or apostrophes in them."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.inference.seen import AMOUNT


class Amounts(NamedTuple):
    """What the values have in common, and how often each number comes without what most have after it and in it."""

    before: str
    after: str
    thousands: str
    numbers: Counter[str]


def common(values: Mapping[str, int]) -> Amounts:
    """What stands before most of the numbers, if anything; and what most often after them and between thousands."""
    found = {text: match for text in values if (match := re.match(AMOUNT, text, re.ASCII))}
    before = _most({text: match["before"] or "" for text, match in found.items()}, values)
    after, thousands = (
        _most({text: match[part] for text, match in found.items() if match[part]}, values) for part in ("after", "mark")
    )
    numbers = Counter[str]()
    for text, times in values.items():
        match = found.get(text)
        fits = match and match["after"] in (None, after) and match["mark"] in (None, thousands)
        numbers[match["number"].replace(thousands, "") if match and fits else text] += times
    return Amounts(before, after.strip(" "), thousands, numbers)


def _most(parts: Mapping[str, str], values: Mapping[str, int]) -> str:
    often = Counter[str]()
    for text, part in parts.items():
        often[part] += values[text]
    return max(often, key=lambda part: often[part], default="")
