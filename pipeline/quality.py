"""The page about a source's data."""

from pathlib import Path

from pipeline.violations import Violations


def refuse(folder: Path, name: str, described: Violations, broken: list[str]) -> Path:
    """Leave the page of data that was refused in ``folder``; where it is."""
    page = folder / "refused.html"
    page.write_text("\n".join(broken))
    return page
