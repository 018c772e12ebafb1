"""The columns that are wanted of a source, beside those that it has."""

from collections.abc import Iterable

from pipeline.errors import DataError
from pipeline.problem import nearest

FOUND = "columns.json"
"""The file beside what was landed, with the kind of each column that the source has."""
TEXT = "text"
"""The kind of a column whose values are text, and get their type later."""
SHOWN = 8
"""So many columns are named that the problem file does not name."""
LONGEST = 100
"""Characters of a name that are shown."""


class Columns:
    """What is wanted, and what was found.

    Attributes:
        wanted: all that the first part of the source has, if not given.
        found: the kind of each column of the source by its name, also of those that nobody wants.
    """

    def __init__(self, wanted: Iterable[str] | None = None) -> None:
        self.wanted = list(wanted or ())
        self._all = wanted is None
        self.found: dict[str, str] = {}

    def take(self, found: dict[str, str], where: str) -> None:
        """Take up the columns of a part of the source.

        Raises:
            DataError: one that is wanted is not among them.
        """
        if self._all and not self.found:
            self.wanted = list(found)
        missing = [f"{name!r} is missing{nearest(name, found)}" for name in self.wanted if name not in found]
        others = [name for name in found if name not in self.wanted]
        self.found.update({name: kind for name, kind in found.items() if name not in self.found})
        if missing:
            lines = [f"{where} must have the columns of the problem file:", *missing]
            lines += [f"columns that the problem file does not name: {_listed(others)}"] if others else []
            raise DataError("\n  ".join(lines))


def _listed(names: list[str]) -> str:
    """The first of some names, none of them long, and how many more there are."""
    shown = ", ".join(name[:LONGEST] for name in names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN:,} more" if len(names) > SHOWN else shown
