"""Rows that show a fault in any column: made so that each value worth asking of a column is asked, beside every other.

All columns are varied at once, each through its own values in its own order, so that the number of rows is that of the
values of one column and does not grow with the number of columns: an each-used covering array (Grindal, Offutt and
Andler 2005, "Combination testing strategies"), with each value used at least twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bundle.contract import Contract, Input

ROWS, FEWEST_ROWS = 256, 64
CELLS = 1 << 14
"""Rows times columns, about: of a wide table there are fewer rows."""
UNSEEN = "never seen"

Row = Mapping[str, Any]


def covering(rows: Sequence[Row], contract: Contract) -> list[dict[str, Any]]:
    """Rows of the values that ``rows`` have: in each column the extremes and what lies between, or the common levels.

    Each column is also missing in some of them and, where it is a category, of a level that nobody saw. The same rows
    give the same.
    """
    count = min(ROWS, max(FEWEST_ROWS, CELLS // max(1, len(contract.inputs))))
    random = np.random.default_rng(0)
    columns = {}
    for one in contract.inputs:
        values = asked(one, [row.get(one.name) for row in rows], count // 2)
        columns[one.name] = [values[place] for place in random.permutation(np.arange(count) % len(values))]
    return [{name: values[row] for name, values in columns.items()} for row in range(count)]


def asked(column: Input, seen: Sequence[Any], most: int) -> list[Any]:
    """The values to ask of a column, at most that many: none, one that nobody saw, and those that were seen."""
    counted = Counter(value for value in seen if value is not None)
    if column.type in ("category", "text", "boolean"):
        unseen = [] if column.type == "boolean" else [UNSEEN]
        return [None, *unseen, *(level for level, _ in counted.most_common(most - 1 - len(unseen)))]
    ordered = sorted(counted)
    places = np.unique(np.linspace(0, len(ordered) - 1, min(most - 1, len(ordered))).round().astype(int))
    return [None, *(ordered[place] for place in places)]
