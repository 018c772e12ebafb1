"""The product with its defaults on a folder of data sets, as many as there are: quality, calibration, time, memory.

    python -m bench.quality --data FOLDER [--sets adult letter] [--peers results.json] [--out data/bench/quality]

A set is a folder with ``meta.json`` (``target``, ``task``, ``key``), ``train.csv.gz``, ``valid.csv.gz`` and
``test_features.csv.gz``; the labels of the test rows are in ``_labels/<set>.csv.gz``. For each set ``new`` writes the
problem file, and the only change to it is the split that the set gives. Then Luigi makes the model, and the test rows
are answered through ``bundle``, by the form that serves. Nothing is set by hand for any set.

``--peers`` is a file of ``{set: {"models": {name: {"primary": figure}}}}``, ``dummy`` among the names: it answers the
mean or the prior of training. A set's norm is (figure - dummy) / (best peer - dummy): 1 is level with the best peer of
that set. ``fit`` are the stages after Encode: tuning, training, export; the memory is the peak of all stages. ``--out``
gets a CSV a set: the key and what was predicted. A second table has everybody's norms. The time for one row is given
twice: of the compiled model alone, and as the server asks it, with checks and Python around it.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from ai_edge_litert.interpreter import Interpreter
from rich.console import Console
from rich.table import Table
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from bench.data import BIN, Cost, measured
from bundle.contract import Columns, Contract
from bundle.contract import tensors as tensors_of
from bundle.model import COMPILED, Graph, Model
from pipeline import holdout, tables
from tests.sample import REPOSITORY

PARTS = ("train", "valid", "test")
ORDER = "plumbline_order"
"""The column that tells a row's split: a day in the year of its part."""
YEARS = dict(zip(PARTS, (2000, 2001, 2002), strict=True))
BINS = 15
CALLS = 200
OURS = "plumbline"


@dataclass(frozen=True)
class Found:
    """What came of a set. ``figure`` is the AUC, the log loss of classes, or the RMSE."""

    figure: float
    log_loss: float | None
    ece: float | None
    fit: Cost
    memory: float
    compiled: float | None
    microseconds: float
    runtime: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "data" / "bench" / "quality")
    options = parser.parse_args()
    names = options.sets or sorted(path.parent.name for path in options.data.glob("*/train.csv.gz"))
    peers = json.loads(options.peers.read_text()) if options.peers else {}
    table = Table(box=None, pad_edge=False)
    for title in (
        "set",
        "metric",
        "figure",
        "norm",
        "best peer",
        "log loss",
        "ECE",
        "fit s",
        "CPU s",
        "MiB",
        "us compiled",
        "us a row",
    ):
        table.add_column(title, justify="right" if table.columns else "left")
    norms: dict[str, dict[str, float]] = {}
    for name in names:
        found = run(options.data / name, options.out.resolve())
        meta = json.loads((options.data / name / "meta.json").read_text())
        beside = normed(found.figure, peers[name]["models"], higher=meta["task"] == "binary") if name in peers else {}
        for one, norm in beside.items():
            norms.setdefault(one, {})[name] = norm
        print(f"{name}: {found}", file=sys.stderr)
        figures = (found.figure, beside.get(OURS), best(peers.get(name), beside), found.log_loss, found.ece)
        costs = (found.fit.wall, found.fit.processor, found.memory, found.compiled, found.microseconds)
        metric = {"binary": "AUC", "multiclass": "log loss", "regression": "RMSE"}[meta["task"]]
        told = [*map(shown, figures), *("" if cost is None else f"{cost:.0f}" for cost in costs)]
        table.add_row(name, metric, *told)
    Console(width=140).print(table)
    if norms:
        Console(width=140).print(standing(norms, names))


def standing(norms: dict[str, dict[str, float]], names: list[str]) -> Table:
    """The norm of each on the sets that it answered, the best on the mean of these first."""
    table = Table(box=None, pad_edge=False)
    for title in ("norm", "mean", "least", *names):
        table.add_column(title, justify="right" if table.columns else "left")
    for one, by_set in sorted(norms.items(), key=lambda item: -np.mean(list(item[1].values()))):
        every = list(by_set.values())
        figures = (np.mean(every), min(every), *(by_set.get(name) for name in names))
        table.add_row(one, *map(shown, figures), style="bold" if one == OURS else None)
    return table


def shown(figure: float | None) -> str:
    """Four digits after the point, or none of a large number."""
    return "" if figure is None else f"{figure:.4f}" if abs(figure) < 100 else f"{figure:,.0f}"


def normed(figure: float, peers: dict[str, Any], *, higher: bool) -> dict[str, float]:
    """How far the figure and each peer's are on the way from the dummy to the best single peer."""
    told = {name: one["primary"] for name, one in peers.items() if not name.startswith(("k_", "blend:"))}
    dummy = told.pop("dummy")
    best = max(told.values()) if higher else min(told.values())
    return {name: (one - dummy) / (best - dummy) for name, one in {**told, OURS: figure}.items()}


def best(peers: dict[str, Any] | None, norms: dict[str, float]) -> float | None:
    """The figure of the best single peer."""
    if not peers:
        return None
    leader = max((name for name in norms if name != OURS), key=norms.__getitem__)
    return float(peers["models"][leader]["primary"])


def run(folder: Path, out: Path) -> Found:
    """Make a model of the set and judge it by the test rows."""
    name, meta = folder.name, json.loads((folder / "meta.json").read_text())
    work = out / "runs" / name
    write(folder, work)
    costs = [measured(luigi(stage, name, work)) for stage in ("Encode", "Train")]
    [trained] = (work / "data" / name / "train").iterdir()
    contract = Contract.model_validate_json((trained / "contract.json").read_bytes())
    runtime = json.loads((trained / "parity.json").read_text())["runtime"]
    model = Model(trained / "model", contract, runtime)
    [split] = (work / "data" / name / "split").iterdir()
    names = list(dict.fromkeys([*(one.name for one in contract.inputs), meta["key"], tables.TARGET]))
    rows = pd.concat([tables.frame(file, names) for file in tables.parts(split / "test")], ignore_index=True)
    columns = holdout.columns(rows, contract)
    said = model.predict(columns)[contract.answer]
    keep(rows[meta["key"]], said, contract, out / f"{name}.csv")
    one = {column: values[:1] for column, values in columns.items()}
    tensors = {tensor: one[column] for column, tensor in tensors_of(contract).items()}
    compiled = alone(trained / "model" / COMPILED, tensors) if runtime == "litert" else None
    memory = max(cost.memory for cost in costs)
    through = latency(lambda: model.predict(one))
    return Found(*judged(rows[tables.TARGET], said, contract), costs[1], memory, compiled, through, runtime)


def luigi(stage: str, name: str, work: Path) -> list[str]:
    """The command that makes everything up to a stage."""
    where = ["--plumbline-data", str(work / "data"), "--plumbline-problems", str(work / "problems")]
    return [str(BIN / "luigi"), "--module", "pipeline", stage, "--problem", name, *where]


def write(folder: Path, out: Path) -> None:
    """The set as one table, and the problem file that ``new`` writes of it, with the split that the set gives."""
    meta = json.loads((folder / "meta.json").read_text())
    text = {"dtype": str, "keep_default_na": False}
    parts = {
        "train": pd.read_csv(folder / "train.csv.gz", **text),
        "valid": pd.read_csv(folder / "valid.csv.gz", **text),
        "test": pd.read_csv(folder / "test_features.csv.gz", **text).merge(
            pd.read_csv(folder.parent / "_labels" / f"{folder.name}.csv.gz", **text), on=meta["key"]
        ),
    }
    shutil.rmtree(out, ignore_errors=True)
    (out / "problems").mkdir(parents=True)
    table, file = out / f"{folder.name}.csv", out / "problems" / f"{folder.name}.toml"
    pd.concat([parts["train"], parts["valid"]]).to_csv(table, index=False)
    command = [sys.executable, "-m", "pipeline", "new", table, "--target", meta["target"], "--task", meta["task"]]
    subprocess.run([*command, "--problems", file.parent], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    pd.concat(part.assign(**{ORDER: f"{YEARS[name]}-06-01"}) for name, part in parts.items()).to_csv(table, index=False)
    file.write_text(as_given(file.read_text()))


def as_given(text: str) -> str:
    """The problem file with the split that the set gives."""
    days = f"validation = {YEARS['valid']}-01-01\ntest = {YEARS['test']}-01-01\n"
    text = re.sub(r"(?ms)^\[split\].*?\n\n", f'[split]\ntime = "{ORDER}"\n{days}\n', text)
    return text.rstrip("\n") + f'\n{ORDER} = {{type = "time", missing = "reject"}}\n'


def judged(
    answers: pd.Series, said: npt.NDArray[np.float64], contract: Contract
) -> tuple[float, float | None, float | None]:
    """The figure, the log loss, and the expected calibration error."""
    if contract.task == "regression":
        return float(root_mean_squared_error(answers, said)), None, None
    if contract.classes:
        true = pd.Index(contract.classes).get_indexer(pd.Index(answers))
        loss = float(log_loss(true, said, labels=range(len(contract.classes))))
        return loss, loss, calibration_error(said.argmax(axis=1) == true, said.max(axis=1))
    true = answers.to_numpy("float64")
    return float(roc_auc_score(true, said)), float(log_loss(true, said)), calibration_error(true, said)


def calibration_error(came: npt.NDArray[Any], said: npt.NDArray[np.float64]) -> float:
    """How far what came true is from what was said, on the mean over rows, in ``BINS`` bins of as many rows each."""
    order = np.lexsort((np.random.default_rng(0).random(len(said)), said))  # ties by chance
    bins = [rows for rows in np.array_split(order, BINS) if len(rows)]
    return float(sum(len(rows) * abs(came[rows].mean() - said[rows].mean()) for rows in bins) / len(said))


def alone(path: Path, tensors: Columns) -> float:
    """Microseconds of the compiled model for one row that it has been given, without what gives it the row."""
    graph = Graph(Interpreter(model_path=str(path), num_threads=1))
    for rows in (2, 1):  # a first call with one row fails in some graphs
        graph({name: np.repeat(values, rows) for name, values in tensors.items()})
    return latency(graph.interpreter.invoke)


def latency(call: Callable[[], Any]) -> float:
    """Microseconds of a call: the least mean of five series."""
    call()
    series = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        series.append((time.perf_counter() - started) / CALLS)
    return min(series) * 1e6


def keep(keys: pd.Series, said: npt.NDArray[np.float64], contract: Contract, path: Path) -> None:
    """Write what was predicted: one column, or one for each class."""
    frame = pd.DataFrame(said, columns=list(contract.classes) if contract.classes else ["pred"])
    frame.insert(0, "row_id", keys)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)


if __name__ == "__main__":
    main()
