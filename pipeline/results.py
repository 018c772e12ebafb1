"""What a data folder holds: every folder that was made, and what was left aside.

A result is told by its name: ``<problem>/<stage>/[<source>/]<key>``, ``models/<name>/<version>`` and
``monitoring/<name>/<day>``. So one that lost its receipt is found too. What was served and decided is not looked at.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from bundle.monitoring import MAINTAINED, MONITORING, OUTCOMES, REQUESTS, SERVED
from pipeline import codestore, ledger, working
from pipeline.published import SERVING
from pipeline.versions import MODELS

KEY = re.compile(r"[0-9a-f]{64}")
ASIDE = re.compile(r"\..*\.(aside.*|part)")
NOT_MADE = {SERVED, OUTCOMES, REQUESTS, MAINTAINED, SERVING, "decisions", "lineage", ledger.FOLDER, working.NAME}
"""Folders of what the pipeline does not make, or makes line by line."""


def folders(data: Path) -> list[Path]:
    """Every result in ``data``: of stages, versions, days."""
    return [path for path in _walk(data) if not ASIDE.fullmatch(path.name)]


def left_aside(data: Path) -> list[Path]:
    """Files and folders that were not whole when their run was ended, or that were being removed."""
    return [path for path in _walk(data) if ASIDE.fullmatch(path.name)]


def size(path: Path) -> int:
    """The bytes of a file, or of every file of a folder."""
    if path.is_dir():
        return sum(Path(parent, name).lstat().st_size for parent, _, names in os.walk(path) for name in names)
    return path.lstat().st_size


def _walk(data: Path) -> Iterator[Path]:
    for parent, names, files in os.walk(data):
        here = Path(parent)
        inside = []
        for name in sorted(names):
            path = here / name
            if ASIDE.fullmatch(name) or _is_result(path, data):
                yield path
            elif not (here == data and name in NOT_MADE):
                inside.append(name)
        names[:] = inside
        yield from (here / name for name in sorted(files) if ASIDE.fullmatch(name))


def _is_result(path: Path, data: Path) -> bool:
    top, *rest = path.relative_to(data).parts
    if top in (MODELS, MONITORING):
        return len(rest) == 2 and (top == MONITORING or path.name.isdecimal())
    return top != codestore.NAME and bool(KEY.fullmatch(path.name))
