"""What the documentation shows is what happens: its commands run in order, its code runs, its output comes out.

Commands run in a copy of the repository, README first. Shown output must come out, whatever its numbers and however it
is broken into lines; ``...`` and ``…`` stand for anything. A variable that one command sets is there for those after
it. The last pages speak of a running server: ``make serve`` runs beside them, with Ada who approves and Vera who looks.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sample import REPOSITORY

SERVED = [REPOSITORY / "docs" / f"{name}.md" for name in ("registry", "serving", "monitoring")]
PAGES = [REPOSITORY / "README.md", *sorted(set((REPOSITORY / "docs").glob("*.md")) - set(SERVED)), *SERVED]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"-?\d[\d,.]*")
ASSIGNED = re.compile(r"([A-Z]+)=")
PEOPLE = """
from django.contrib.auth.models import Group, User
for name, group in (("ada", "approver"), ("vera", "viewer")):
    User.objects.create_user(name, is_staff=True).groups.add(Group.objects.get(name=group))
"""
COLOUR = re.compile(r"\x1b\[\d+m")


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the output that is shown below it."""
    found: list[tuple[str, str]] = []
    whole = True
    for line in block.splitlines():
        command, shown = found[-1] if found else ("", "")
        if whole and line.startswith("$ "):
            found.append((line.removeprefix("$ "), ""))
        elif whole:
            found[-1] = (command, f"{shown}{line}\n")
        else:
            found[-1] = (f"{command}\n{line}", "")
        whole = is_whole(found[-1][0])
    return found


def is_whole(command: str) -> bool:
    """Whether no quotation is open at its end."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def shape(text: str) -> str:
    """A text without its numbers, its colours, its blanks and the lines of its tables."""
    return NUMBER.sub("0", re.sub(r"[\s─]", "", COLOUR.sub("", text)))


def says(came: str, shown: str) -> bool:
    """Whether the output has what is shown, in that order."""
    parts = re.split(r"\.\.\.|…", shown)
    return bool(re.search(".*".join(re.escape(shape(part)) for part in parts), shape(came), re.DOTALL))


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


def environment(**more: str) -> dict[str, str]:
    """A reader's environment: without what tests have set for the server."""
    ours = ("DJANGO", "PLUMBLINE", "DATABASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


@contextmanager
def serving(copy: Path) -> Iterator[dict[str, str]]:
    """The server of the copy beside the commands; what they find in their environment."""
    log = copy / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            ["make", "serve"],
            cwd=copy,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while not answers():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        manage = [sys.executable, "manage.py"]
        subprocess.check_output([*manage, "shell", "--command", PEOPLE], cwd=copy, env=environment())
        token = [*manage, "token", "--purpose", "api", "--name", "documentation"]
        tokens = {}
        for name in ("ada", "vera"):
            made = subprocess.check_output([*token, name], cwd=copy, env=environment(), text=True)
            tokens[name.upper()] = made.strip()
        yield tokens
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def answers() -> bool:
    """Whether a server answers where the pages ask for one."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:8000/v2/health/live", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def follow(page: Path, copy: Path, **more: str) -> None:
    """Do what the page says, and see what it shows."""
    given: list[str] = []
    for language, block in BLOCK.findall(page.read_text()):
        for command, shown in commands(block) if language == "console" else ():
            if command == "make serve":
                came = (copy / "server.log").read_text()
            else:
                assigned = ASSIGNED.match(command)
                value = [f'printf %s "${assigned[1]}"'] if assigned else []
                line = "\n".join([*given, command, *value])
                done = subprocess.run(
                    ["bash", "-c", line], cwd=copy, env=environment(**more), capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, f"{page.name}: {command}\n{done.stderr}"
                came = done.stdout
                if assigned:
                    given.append(f"{assigned[1]}={shlex.quote(came)}")
            assert says(came, shown), f"{page.name}: {command} does not say\n{shown}\nbut\n{came}"
        if language == "python":
            done = subprocess.run([sys.executable, "-c", block], cwd=copy, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{page.name}:\n{block}\n{done.stderr}"


@pytest.mark.slow
def test_the_commands_and_the_code_of_every_page_do_what_it_shows(copy):
    assert not answers(), "No other server may answer at port 8000, and one does."
    for page in PAGES:
        if page not in SERVED:
            follow(page, copy)
    with serving(copy) as people:
        for page in SERVED:
            follow(page, copy, **people)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_every_key_of_the_problem_file_is_explained():
    from pipeline import problem

    text = (REPOSITORY / "docs" / "problem-file.md").read_text()
    splits = (problem.ByTime, problem.ByHash, problem.ByRandom)
    parts = (problem.Source, problem.Column, *splits, problem.Screen, problem.Search, problem.Monitoring)
    for part in (problem.Problem, *parts, problem.Maintain):
        for key in part.model_fields:
            assert re.search(rf"`\[*(?:sources\.<name>\.)?{key}\W", text), key


def test_the_readme_stays_short():
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 150
