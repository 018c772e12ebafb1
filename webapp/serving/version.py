"""A version that answers: the loaded model, and every reply about it that is known before it is asked for.

``python -m webapp.serving.version FOLDER NAME NUMBER SHA256`` loads one as serving does, and says why it can't.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle import digest, manifest, version
from bundle.contract import Columns, Contract, columns_of
from bundle.model import COMPILED, Answers

FORMS = {"litert": COMPILED, "savedmodel": "saved_model.pb"}


class WrongBundle(ValueError):  # noqa: N818 - named for what was found
    """A version folder that is not the one that was approved."""


class Served:
    """A loaded version and what must be said about it.

    Attributes:
        header: the version's number, as the header of every reply has it.
        made: when it was made.
        types: the type of each answer, by name.
    """

    def __init__(self, folder: Path, name: str, number: int, sha256: str) -> None:
        """Load the version in ``folder``, whose manifest must have the digest that was approved.

        Raises:
            WrongBundle: the manifest is another one; and all that ``bundle.version.load`` raises.
        """
        found = digest.of_file(folder / manifest.NAME)
        if found != sha256:
            raise WrongBundle(
                f"The manifest of {name} {number} must be the one that was approved ({sha256[:12]}), got {found[:12]}. "
                "Publish a new version and approve that."
            )
        loaded = version.load(folder)
        described = (loaded.manifest.name, loaded.manifest.version)
        if described != (name, number):
            raise WrongBundle(f"{folder} must hold {name} {number}, and its manifest speaks of {described}.")
        self.folder = folder
        self.name = name
        self.number = number
        self.sha256 = sha256
        self.header = str(number).encode()
        self.made = datetime.fromisoformat(loaded.manifest.made)
        self.contract: Contract = loaded.manifest.contract
        self.outputs = [output.name for output in self.contract.outputs]
        self._needed = (manifest.NAME, FORMS[loaded.manifest.runtime])
        self._predict = loaded.model.predict
        self._missing = columns_of([{}, {}], self.contract)
        self.types: dict[str, npt.DTypeLike] = {name: made.dtype for name, made in self.warm().items()}

    def warm(self) -> Answers:
        """Answer two rows of nothing on the thread that calls, so that its first request finds all in place."""
        return self._predict(self._missing)

    def predict(self, columns: Columns) -> Answers:
        """The answers to each row.

        Raises:
            FloatingPointError: the model gave what is no finite number, which no client may see.
        """
        answers = self._predict(columns)
        for name, made in answers.items():
            if made.dtype.kind == "f" and not np.isfinite(made).all():
                raise FloatingPointError(f"{self.name} {self.number} must give a finite {name}, and did not.")
        return answers

    def missing_files(self) -> list[str]:
        """The files of the version that were there when it was loaded, and are not now."""
        return [name for name in self._needed if not (self.folder / name).exists()]


def by_row(answers: Answers, names: list[str]) -> list[dict[str, Any]]:
    """Named answers as one object for each row; numbers stay of their own type, and so are told in few digits."""
    return [dict(zip(names, row, strict=True)) for row in zip(*(answers[name] for name in names), strict=True)]


def main(folder: str, name: str, number: str, sha256: str) -> None:
    """Load a version; its fault, whatever it is, is the last line to stderr, and the exit status 1."""
    try:
        Served(Path(folder), name, int(number), sha256)
    except Exception as error:  # a broken version may raise anything
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main(*sys.argv[1:])
