"""What a column is: its type, the rules that go with it, and the evidence where there is doubt."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.inference.seen import ALSO_MISSING, Seen

Kind = Literal["number", "integer", "category", "boolean", "time", "text", "nothing"]
MOST = 0.98
"""The share of a column's values that must be of a type for the column to be of it."""
LARGEST_WHOLE = 2.0**53
"""Up to which a float tells every whole number from the next."""
BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})


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


def tell(seen: Seen) -> Column:
    """What a column is, by all of its values."""
    told: Column | None = None
    if not seen.present or seen.typed == "nested":
        told = Column(seen, "nothing", why="it is no plain value" if seen.typed == "nested" else "it has no value")
    elif seen.typed == "boolean":
        told = Column(seen, "boolean")
    elif seen.typed == "time" or seen.moments >= MOST * seen.present:
        told = Column(seen, "time")
    elif seen.numbers >= MOST * seen.present:
        told = _number(seen)
    elif seen.commas and seen.numbers + seen.commas >= MOST * seen.present:
        told = Column(seen, "number", {"decimal": ","}, unsure="a comma stands before its decimals")
    elif seen.dates >= MOST * seen.present:
        told = _date(seen)
    elif {level.lower() for level in seen.levels} in BOOLEANS:
        told = Column(seen, "boolean")
    return told or _words(seen)


def _number(seen: Seen) -> Column:
    strange = seen.present - seen.numbers
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
    examples = ", ".join(repr(value) for value, _ in seen.no_number.most_common(3))
    why = f"{strange:,} values are no numbers, and taken for missing: {examples}"
    return Column(seen, kind, {"unreadable": "missing"}, unsure=why)


def _date(seen: Seen) -> Column:
    example = next(iter(seen.values.values()))[0]
    why = f"its dates, such as {example}, are not ISO 8601 (2013-11-03): which part is the day?"
    return Column(seen, "nothing", why=why, unsure=f"{why} Write them so, and it can be used")


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
