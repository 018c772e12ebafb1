"""A published version, checked and loaded: every file's digest, then the golden rows, before it may answer anyone."""

from dataclasses import dataclass
from pathlib import Path

from bundle import golden, manifest
from bundle.manifest import Manifest
from bundle.model import Model


@dataclass(frozen=True)
class Version:
    """A version that gave the right answer to every golden row."""

    manifest: Manifest
    model: Model


def load(folder: Path) -> Version:
    """Load the version in ``folder``.

    Raises:
        BrokenVersion: a file is missing or not the one that was published.
        ForbiddenOperation: the model's graph does more than compute and look up.
        WrongAnswer: a golden row got another answer than it must get.
    """
    described = manifest.read(folder)
    manifest.verify(folder, described)
    model = Model(folder, described.contract, described.runtime)
    golden.read(folder).replay(model)
    return Version(described, model)
