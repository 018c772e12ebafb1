"""What the documentation shows is what happens: its commands run in order, its code runs, its output comes out.

Commands run in a copy of the repository, README first. A line of shown output must come out, whatever the numbers in
it; ``...`` stands for any lines.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sample import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"-?\d[\d,.]*")
COLOUR = re.compile(r"\x1b\[\d+m")


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def shape(line: str) -> str:
    """A line without its numbers, its colours and the width of its gaps."""
    return re.sub(r"\s+", " ", NUMBER.sub("0", COLOUR.sub("", line))).strip()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what is tracked, with our own environment in it."""
    folder = tmp_path_factory.mktemp("copy")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    return folder


@pytest.mark.slow
def test_the_commands_and_the_code_of_every_page_do_what_it_shows(copy):
    for page in PAGES:
        for block in blocks(page, "console"):
            command, _, shown = block.removeprefix("$ ").partition("\n")
            done = subprocess.run(["bash", "-c", command], cwd=copy, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{page.name}: {command}\n{done.stderr}"
            came = {shape(line) for line in done.stdout.splitlines()}
            for line in shown.splitlines():
                assert shape(line) in came or line.strip() == "...", (
                    f"{page.name}: {command} does not say {line!r}:\n{done.stdout}"
                )
        for block in blocks(page, "python"):
            done = subprocess.run([sys.executable, "-c", block], cwd=copy, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{page.name}:\n{block}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_every_key_of_the_problem_file_is_explained():
    from pipeline import problem

    text = (REPOSITORY / "docs" / "problem-file.md").read_text()
    parts = (problem.Source, problem.Column, problem.Split, problem.Screen, problem.Search, problem.Monitoring)
    for part in (problem.Problem, *parts, problem.Maintain):
        for key in part.model_fields:
            assert re.search(rf"`\[*(?:sources\.<name>\.)?{key}\W", text), key


def test_the_readme_stays_short():
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 150
