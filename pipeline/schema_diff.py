"""What changed between two snapshots of a source: which columns are gone or new, and which are of another kind."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher
from pathlib import Path

from pipeline import receipts
from pipeline.errors import DataError
from pipeline.receipts import Receipt
from pipeline.sources.columns import FOUND

ALIKE = 0.6
"""How alike two names are, by the share of their letters that agree, for one to look like the other renamed."""

Kinds = dict[str, str]
"""The kind of each column that a source has, by its name."""


def changes(before: Kinds, now: Kinds) -> list[str]:
    """Each change in a line: other kinds, renamed-looking columns, columns that are gone, new ones."""
    told = [
        f"{name!r} was {kind} and is {now[name]}" for name, kind in before.items() if name in now and kind != now[name]
    ]
    gone, new = [name for name in before if name not in now], [name for name in now if name not in before]
    for name in list(gone):
        likest = max(new, key=lambda other: _alike(name, other), default="")
        if likest and before[name] == now[likest] and _alike(name, likest) >= ALIKE:
            told.append(f"{name!r} is gone, and {likest!r} is new: it looks renamed")
            gone.remove(name)
            new.remove(likest)
    return [*told, *(f"{name!r} is gone" for name in gone), *(f"{name!r} is new" for name in new)]


@contextmanager
def told(home: Path, now: Kinds) -> Iterator[None]:
    """An error about the data tells also what changed since the newest snapshot in ``home``, by what fills ``now``."""
    try:
        yield
    except DataError as error:
        before = newest(home)
        changed = since(before[0], now) if before and now else []
        if not changed:
            raise
        raise DataError("\n".join([str(error), *changed])) from None


def since(snapshot: Path, now: Kinds) -> list[str]:
    """The lines that tell what changed since a snapshot that was landed; none where nothing did, or it is gone."""
    path = snapshot / FOUND
    found = changes(json.loads(path.read_text()), now) if path.exists() else []
    return ["The columns since the snapshot before:", *(f"  {one}" for one in found)] if found else []


def newest(home: Path) -> tuple[Path, Receipt] | None:
    """The result below ``home`` that was made last, with its receipt."""
    found = [(path.parent, receipts.read(path.parent)) for path in home.rglob(receipts.NAME)]
    there = [(folder, receipt) for folder, receipt in found if receipt and not folder.name.startswith(".")]
    return max(there, key=lambda one: one[1].started, default=None)


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, _folded(one), _folded(other), autojunk=False).ratio()


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
