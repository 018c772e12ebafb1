"""The page about the data of one source: which rules were broken, by which rows, and what is missing."""

from pathlib import Path

import jinja2

from pipeline.violations import WORDS, Violations

NAME = "data.html"
REFUSED = "refused.html"
TEMPLATES = Path(__file__).parent / "templates"


def write(path: Path, source: str, described: Violations, broken: list[str]) -> Path:
    """Write the page; ``broken`` says what stopped the run, if anything did. It needs nothing beside itself."""
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = templates.get_template("quality.html.j2")
    path.write_text(page.render(source=source, described=described, broken=broken, words=WORDS), encoding="utf-8")
    return path
