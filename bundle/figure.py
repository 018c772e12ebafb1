"""A figure as a person reads it, alike in every place that tells it."""

UNKNOWN = "\N{EN DASH}"
LARGE, SMALL = 100, 0.1
"""From here on a figure has five digits and not so many behind the point, and below it three that tell something."""


def shown(value: float | None, digits: int = 4, sign: str = "") -> str:
    """A figure with so many digits behind the point; ``sign`` is "+" where a positive one has a sign too."""
    if value is None:
        return UNKNOWN
    if abs(value) >= LARGE:
        return f"{value:{sign},.5g}"
    return f"{value:{sign}#.3g}" if 0 < abs(value) < SMALL else f"{value:{sign}.{digits}f}"


def counted(count: int, noun: str) -> str:
    """So many of a thing: "1 row", "2,000 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
