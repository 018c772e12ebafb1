"""The page about a source that was refused: what stopped the run, which rows broke which rules, what is missing."""

from pathlib import Path

import jinja2

from pipeline.violations import WORDS, Violations

REFUSED = "refused.html"
TEMPLATES = Path(__file__).parent / "templates"


def write(path: Path, source: str, described: Violations, broken: list[str]) -> Path:
    """Write the page; ``broken`` says what stopped the run. It needs nothing beside itself."""
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = templates.get_template("quality.html.j2")
    path.write_text(page.render(source=source, described=described, broken=broken, words=WORDS), encoding="utf-8")
    return path
