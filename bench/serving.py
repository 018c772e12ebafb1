"""Our server beside FastAPI and Django REST framework: the same model, the same rows, the same load, in one sitting.

    python bench/serving.py [--rounds 2] [--seconds 5]

Needs a published version in ``data/models/flights`` and ``wrk`` (apt-get install wrk). Prints for each server the
requests a second and the CPU time of one request at 8 connections, with 1 row and with 100; the time from its start to
its first answer; and the memory of all its processes (PSS). Each figure is the median of the rounds, in which the
servers take turns.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bundle import digest, golden, manifest
from webapp import pointer
from webapp.pointer import Pointer

REPOSITORY = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PORT = 8790
SECRET = "only for the benchmark"  # noqa: S105 - nothing but the benchmark's own pointer is signed
ROWS = (1, 100)
CONNECTIONS = 8


@dataclass(frozen=True)
class Server:
    """How to start a server, and where it answers."""

    name: str
    command: tuple[str, ...]
    path: str
    form: str = "litert"
    app: str = "webapp.asgi:application"


UVICORN = ("uvicorn", "bench.peers.fastapi_app:app", "--workers=2", f"--port={PORT}", "--log-level=warning")
SERVERS = (
    Server("plumbline, 2 workers", ("gunicorn",), "/v1/models/flights:predict"),
    Server(
        "the same, without the registry",
        ("gunicorn",),
        "/v1/models/flights:predict",
        app="webapp.serving.asgi:application(None)",
    ),
    Server("FastAPI, 2 workers, LiteRT", (*UVICORN, "--no-access-log"), "/predict"),
    Server("FastAPI, 2 workers, SavedModel", (*UVICORN, "--no-access-log"), "/predict", "savedmodel"),
    Server(
        "DRF, 2 workers, LiteRT",
        (
            "gunicorn",
            "--config=/dev/null",
            "--workers=2",
            "--no-control-socket",
            "--log-level=warning",
            f"--bind=127.0.0.1:{PORT}",
            "bench.peers.drf_app:application",
        ),
        "/predict",
    ),
)


@dataclass(frozen=True)
class Figures:
    """What was measured of a server in a round."""

    start: float
    memory: float
    rate: dict[int, float]
    cpu: dict[int, float]


def main() -> None:
    """Measure every server in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk must be installed to make the load, and is not. Install it: apt-get install wrk")
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        environment = prepare(folder)
        seen: dict[str, list[Figures]] = {server.name: [] for server in SERVERS}
        for _ in range(options.rounds):
            for server in SERVERS:
                seen[server.name].append(measure(server, environment, folder, options.seconds))
    show(seen)


def prepare(folder: Path) -> dict[str, str]:
    """A data folder with the newest version approved, a body of each size, and the environment that names them."""
    published = REPOSITORY / "data" / "models" / "flights"
    number = max(int(path.name) for path in published.iterdir())
    rows = golden.read(published / str(number)).rows
    for count in ROWS:
        body = {"instances": [rows[at % len(rows)] for at in range(count)]}
        (folder / f"{count}.json").write_text(json.dumps(body))
        script = (
            f'wrk.method = "POST"; local f = io.open("{folder}/{count}.json"); wrk.body = f:read("*a"); f:close()\n'
        )
        script += 'wrk.headers["Content-Type"] = "application/json"\n'
        (folder / f"{count}.lua").write_text(script)
    (folder / "models").symlink_to(REPOSITORY / "data" / "models")
    decided = Pointer(
        name="flights",
        live=number,
        served={number: digest.of_file(published / str(number) / manifest.NAME)},
        labels={},
        decided_by="the benchmark",
        reason="to be measured",
        decided_at="2026-01-01T00:00:00+00:00",
        sequence=1,
    )
    pointer.write(folder / "serving", decided, SECRET)
    ours = {"PLUMBLINE_DATA": str(folder), "PLUMBLINE_SECRET": SECRET, "PLUMBLINE_BIND": f"127.0.0.1:{PORT}"}
    ours["DJANGO_SECRET_KEY"] = SECRET
    environment = os.environ | ours | {"BENCH_VERSION": str(published / str(number)), "PYTHONPATH": str(REPOSITORY)}
    migrate = [sys.executable, str(REPOSITORY / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(migrate, env=environment, check=True)
    return environment


def measure(server: Server, environment: dict[str, str], folder: Path, seconds: int) -> Figures:
    """Start the server, load it, and end it."""
    url = f"http://127.0.0.1:{PORT}{server.path}"
    started = time.perf_counter()
    with (folder / "log").open("ab") as log:
        command = [str(BIN / server.command[0]), *server.command[1:]]
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment | {"BENCH_FORM": server.form, "PLUMBLINE_APP": server.app},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        answer = first_answer(url, (folder / "1.json").read_bytes(), process)
        start = time.perf_counter() - started
        if "predictions" not in answer:
            sys.exit(f"{server.name} must answer with predictions, got {answer}.")
        rate, cpu = {}, {}
        for count in ROWS:
            load(url, folder / f"{count}.lua", 1)
            before = cpu_seconds(process.pid)
            requests, took = load(url, folder / f"{count}.lua", seconds)
            rate[count] = requests / took
            cpu[count] = (cpu_seconds(process.pid) - before) / requests * 1000
        return Figures(start, sum(map(memory, tree(process.pid))), rate, cpu)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def first_answer(url: str, body: bytes, process: subprocess.Popen[bytes]) -> dict[str, object]:
    """What the server answers as soon as it answers."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - ours
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - ours
                found: dict[str, object] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            sys.exit(f"{url} must answer, got {error.code}: {error.read()!r:.300}")
        except OSError:
            time.sleep(0.01)
    sys.exit(f"{url} must answer within 60 s, and did not.")


def load(url: str, script: Path, seconds: int) -> tuple[int, float]:
    """The requests that were answered, and in how many seconds."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        sys.exit(f"Every request to {url} must be answered, and some were not:\n{told}")
    line = next(line for line in told.splitlines() if "requests in" in line)
    requests, _, _, took, *_ = line.replace(",", "").split()
    return int(requests), float(took.removesuffix("s"))


def tree(pid: int) -> list[int]:
    """A process and all that came from it."""
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return [pid, *(found for child in children for found in tree(child))]


def cpu_seconds(pid: int) -> float:
    """What a server's processes have used."""
    ticks = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """The proportional set size of a process in MiB."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(told.partition("\nPss:")[2].split()[0]) / 1024


def show(seen: dict[str, list[Figures]]) -> None:
    """Print the medians, and how many times the peers' requests a second ours are."""
    ours = next(iter(seen.values()))
    print(f"{'':32}{'1 row':>25}{'100 rows':>25}{'start':>9}{'PSS':>9}")
    print(f"{'':32}" + f"{'req/s':>8}{'ours':>7}{'CPU ms':>10}" * 2 + f"{'s':>9}{'MiB':>9}")
    for name, rounds in seen.items():
        line = f"{name:32}"
        for rows in ROWS:
            rate = statistics.median(one.rate[rows] for one in rounds)
            times = statistics.median(one.rate[rows] for one in ours) / rate
            line += f"{rate:8.0f}{times:6.1f}x{statistics.median(one.cpu[rows] for one in rounds):10.2f}"
        start, pss = (statistics.median(getattr(one, field) for one in rounds) for field in ("start", "memory"))
        print(f"{line}{start:9.2f}{pss:9.0f}")


if __name__ == "__main__":
    main()
