"""Where the published versions are: ``models/<name>/<number>`` of the data folder."""

from pathlib import Path

MODELS = "models"
MANIFEST = "assets.extra/manifest.json"
"""Of a version; what reads more of it than a word imports ``bundle.manifest``."""


def of(data: Path, model: str) -> list[Path]:
    """The folders of a model's versions, the lowest number first."""
    found = [path for path in (data / MODELS / model).glob("*") if path.name.isdecimal()]
    return sorted(found, key=lambda path: int(path.name))


def every(data: Path) -> list[Path]:
    """Every version, by model and number."""
    return [version for model in sorted((data / MODELS).glob("*")) for version in of(data, model.name)]
