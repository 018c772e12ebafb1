"""Rows that show a fault in any column: made so that each value worth asking of a column is asked, beside every other.

All columns are varied at once, each through its own values in its own order, so that the number of rows is that of the
values of one column and does not grow with the number of columns: an each-used covering array (Grindal, Offutt and
Andler 2005, "Combination testing strategies"), with each value used at least twice, where a column has not so many
levels that once must do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bundle.contract import MAX_TEXT, Contract, Input
from pipeline.encoding import Encoding
from pipeline.preprocessing import Derive

ROWS, FEWEST_ROWS = 256, 64
CELLS = 1 << 14
"""Rows times columns, about: of a wide table there are fewer rows."""
MOST_LEVELS = 10_000
MOST_CELLS = 1 << 19
"""Rows times columns and answers, where a column has that many levels."""
UNSEEN = "never seen"

Row = Mapping[str, Any]
Known = Mapping[str, Sequence[Any]]


def known(encoding: Encoding, derive: Derive) -> Known:
    """What a model knows of each raw column: its levels, the most frequent first, or its least and largest number."""
    found: dict[str, list[Any]] = {one.name: [one.edges[0], one.edges[-1]] for one in encoding.numbers}
    found |= {one.name: list(one.vocabulary) for one in encoding.categories}
    for column, levels in derive.looked_up():
        found[column] = [*found.get(column, ()), *levels]
    return found


def covering(rows: Sequence[Row], contract: Contract, known: Known) -> list[dict[str, Any]]:
    """Rows of the values that ``rows`` have or the model knows: the extremes and what lies between, or the levels.

    Each column is also missing in some of them and, where it is a category, of a level that nobody saw. The same rows
    give the same. There are as many more as one column has levels; a text is told in none of those.
    """
    random = np.random.default_rng(0)
    count = min(ROWS, max(FEWEST_ROWS, CELLS // max(1, len(contract.inputs))))
    cells = len(contract.inputs) + sum(one.size or 1 for one in contract.outputs)
    most = max(count, min(MOST_LEVELS, MOST_CELLS // cells))
    values = {
        one.name: asked(one, [row.get(one.name) for row in rows], known.get(one.name, ()), count // 2, most)
        for one in contract.inputs
    }
    longest = max([count, *map(len, values.values())])
    columns = {}
    for one in contract.inputs:
        here, length = values[one.name], count if one.type == "text" else longest
        used = [here[place] for place in random.permutation(np.arange(length) % len(here))]
        columns[one.name] = used + [None] * (longest - length)
    return [{name: used[row] for name, used in columns.items()} for row in range(longest)]


def asked(column: Input, seen: Sequence[Any], known: Sequence[Any], few: int, most: int) -> list[Any]:
    """The values to ask of a column: none, one that nobody saw, and those that were seen or that the model knows.

    They are no more than ``few``, but for the levels that the model knows: with these they are no more than ``most``.
    """
    counted = Counter(value for value in seen if value is not None)
    if column.type in ("category", "text", "boolean"):
        others = [None] if column.type == "boolean" else [None, UNSEEN]
        common = [level for level, _ in counted.most_common(few - len(others))]
        short = [level for level in known if len(level) <= MAX_TEXT]
        return [*dict.fromkeys([*others, *common, *short])][: most + len(others)]
    ordered = sorted({*counted, *known})
    places = np.unique(np.linspace(0, len(ordered) - 1, min(few - 1, len(ordered))).round().astype(int))
    return [None, *(ordered[place] for place in places)]
