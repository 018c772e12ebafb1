"""Where a search for hyperparameters works: a folder of its own, beside the results and outside of them.

It is called after the key of the result that the search will make, the digest of all that can change it: data, space,
settings and code. So a search that was ended goes on in it, and no other search ever does. It stays as long as that
result is needed: TensorBoard reads it.
"""

from pathlib import Path

NAME = "searches"
TENSORBOARD = "tensorboard"


def folder(data: Path, problem: str, key: str) -> Path:
    """The folder of the search whose result has this key."""
    return data / NAME / problem / key


def every(data: Path, problem: str) -> list[Path]:
    """The folders of the problem's searches."""
    return sorted((data / NAME / problem).glob("[!.]*"))
