"""Groups: rows that are not independent of each other, such as those of one customer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """The group of each row.

    Attributes:
        column: the column by whose values rows belong together.
        numbers: those of the groups, from 0 on without a gap, [rows].
    """

    column: str
    numbers: Rows

    @classmethod
    def by(cls, column: str, values: npt.ArrayLike) -> "Groups":
        """Rows whose ``values`` are the same belong together."""
        return cls(column, np.unique(np.asarray(values), return_inverse=True)[1])

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.numbers.max(initial=-1)) + 1

    def of(self, rows: Rows | slice) -> "Groups":
        """Those of some rows."""
        return Groups.by(self.column, self.numbers[rows])
