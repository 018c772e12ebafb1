"""How long it takes to ask where a version or an answer came from, and what a raw file touched.

    python -m bench.lineage [DATA] [--peer PYTHON]

Builds a data folder beside: the newest version of DATA (default: data) 1,000 times, every tenth made from another raw
file, each approved; and 1,000,000 answers in the log, on 30 days. Prints the time of whole processes, the median of
several. ``--peer`` names a Python that has MLflow: asked for the same in the same run, of as many runs in its store.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bundle import decisions, golden, identity
from bundle.decisions import Decided
from bundle.monitoring import SERVED
from pipeline import published, receipts

REPOSITORY = Path(__file__).parents[1]
VERSIONS, ANSWERS, DAYS, BLOCK = 1_000, 1_000_000, 30, 10_000
TIMES = 7
MOST = 1.0
"""Seconds that a question may take."""


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=REPOSITORY / "data")
    parser.add_argument("--peer")
    options = parser.parse_args()
    if not published.models(options.data):
        sys.exit(f"{options.data} must have a published version, and has none: make run")
    with tempfile.TemporaryDirectory() as aside:
        data = Path(aside) / "data"
        model, sha256 = versions(options.data, data)
        answer = answers(data, model)
        print(f"{VERSIONS:,} versions of {model}, {ANSWERS:,} answers on {DAYS} days\n")
        ask = [sys.executable, "-m", "pipeline"]
        tell("trace a version", [*ask, "trace", f"{model}/{VERSIONS}", "--data", str(data)])
        tell("trace an answer", [*ask, "trace", answer, "--data", str(data)])
        tell("impact of a raw file", [*ask, "impact", sha256, "--data", str(data)])
        tell("impact, as JSON", [*ask, "impact", sha256, "--json", "--data", str(data)])
        if options.peer:
            peer = [options.peer, "bench/peers/mlflow_runs.py", f"sqlite:///{aside}/runs.sqlite3"]
            subprocess.run([*peer, "build", str(VERSIONS), sha256], cwd=REPOSITORY, check=True, capture_output=True)
            tell("MLflow: runs of a raw file", [*peer, "search", str(VERSIONS), sha256], peer=True)


def tell(what: str, command: list[str], *, peer: bool = False) -> None:
    """Print how long a command takes by the clock, and of it how long on a processor."""
    taken, worked = [], []
    for _ in range(TIMES):
        started, before = time.perf_counter(), processor()
        subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
        worked.append(processor() - before)
    limit = "" if peer else f"   (at most {MOST:.2f})"
    print(f"{what:32} {statistics.median(taken):8.2f} s, {statistics.median(worked):.2f} s on a processor{limit}")


def processor() -> float:
    """Seconds that programs which were started have worked."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def versions(source: Path, data: Path) -> tuple[str, str]:
    """Publish the newest version many times, approve each; the model, and the SHA-256 of a raw file of most."""
    model = published.models(source)[0]
    newest = published.folder(source, model, published.versions(source, model)[-1])
    manifest = orjson.loads((newest / published.MANIFEST).read_bytes())
    raw = manifest["raw"][0]
    chain = (newest / receipts.CHAIN).read_bytes()
    decided = []
    for number in range(1, VERSIONS + 1):
        folder = published.folder(data, model, number)
        (folder / "assets.extra").mkdir(parents=True)
        other = f"{number:064x}" if number % 10 == 0 else raw["sha256"]
        told = {**manifest, "version": number, "raw": [{**raw, "sha256": other}, *manifest["raw"][1:]]}
        (folder / published.MANIFEST).write_text(json.dumps(told, indent=1))
        (folder / receipts.CHAIN).write_bytes(chain.replace(raw["sha256"].encode(), other.encode()))
        shutil.copy(newest / receipts.NAME, folder / receipts.NAME)
        decided.append(decision(model, number))
    path = decisions.place(data, model)
    path.parent.mkdir()
    path.write_text("".join(f"{one.model_dump_json()}\n" for one in decided))
    labels = {"pointer": {"labels": {"live": VERSIONS, "previous": VERSIONS - 1}}}
    (data / published.SERVING).mkdir()
    (data / published.SERVING / f"{model}.json").write_text(json.dumps(labels))
    golden_rows = newest / golden.NAME
    shutil.copy(golden_rows, published.folder(data, model, VERSIONS) / golden.NAME)
    return model, raw["sha256"]


def decision(model: str, number: int) -> Decided:
    """An approval as the registry tells it."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    digest, reason = f"{number:064x}", "Better on every slice, and no worse anywhere."
    return Decided(
        sequence=number,
        verb="approve",
        model=model,
        version=number,
        digest=digest,
        by="ada",
        at=at,
        reason=reason,
        hash=digest,
    )


def answers(data: Path, model: str) -> str:
    """Log answers of one row each, as the server does; the id of the last one."""
    told = golden.read(published.folder(data, model, VERSIONS))
    inputs = _repeated({name: [row[name] for row in told.rows] for name in told.rows[0]})
    outputs = _repeated({name: list(given) for name, given in told.answers.items()})
    first = datetime(2026, 11, 1, tzinfo=UTC)
    identities: list[str] = []
    for number in range(ANSWERS // BLOCK):
        at = first + timedelta(days=number % DAYS)
        identities = [identity.make(int(at.timestamp() * 1000) + row) for row in range(BLOCK)]
        moments = [at.isoformat()] * BLOCK
        block = {
            "version": VERSIONS,
            "ids": identities,
            "at": moments,
            "answered": moments,
            "rows": [1] * BLOCK,
            "inputs": inputs,
            "answers": outputs,
        }
        path = data / SERVED / model / f"{at:%Y-%m-%d}" / "server-1.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(orjson.dumps(block, option=orjson.OPT_APPEND_NEWLINE))
    return identities[-1]


def _repeated(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: (values * (BLOCK // len(values) + 1))[:BLOCK] for name, values in columns.items()}


if __name__ == "__main__":
    main()
