"""The page of a source whose data was refused."""

from pathlib import Path


def refuse(folder: Path, broken: list[str]) -> Path:
    """Leave what is wrong in ``folder``; where it is."""
    page = folder / "refused.txt"
    page.write_text("\n".join(broken) + "\n")
    return page
