"""Working folders: what a stage goes on from after its run was ended, outside of the result that appears whole.

``work/<problem>/<stage>/[<source>/]<key>`` is called after the key of the result, the digest of all that can change it:
inputs, settings and code. So a stage that was ended goes on there, and nothing else ever does. It stays as long as the
result is needed, or may still be made.
"""

from pathlib import Path

NAME = "work"
REFUSED = "refused.html"
"""The page about rows that Clean refused, beside what it made of others."""
TENSORBOARD = "tensorboard"
"""What shows a stage's work while it goes on, in the folder of it."""


def folder(data: Path, result: Path) -> Path:
    """The working folder of a result, or of all results in a folder of ``data``."""
    return data / NAME / result.relative_to(data)
