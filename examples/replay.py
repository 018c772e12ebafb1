"""Replay the days that a model was judged by, as if they were now: ask the server, and tell it what came true.

    python -m examples.replay [--url http://127.0.0.1:8000] [--problem flights] [--days 30]

Each row of the hold-out is asked under its own moment (``X-Plumbline-Time``), those of an hour together, and its
outcome is told under the answer's id. Then ``luigi --module pipeline Monitor`` has days to report on. Replayed twice,
a day has its rows twice.
"""

import argparse
import sys
from typing import Any

import pandas as pd
import requests

from bundle import manifest
from bundle.manifest import Manifest
from pipeline import config, problem, tables
from pipeline.progress import track

SECONDS = 30
"""The longest that a reply may take."""


def main() -> None:
    """Replay, and tell how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    session = requests.Session()
    session.trust_env = False  # the server is this machine's own
    described = live(session, options.url, options.problem)
    spec = problem.load(config.problem_file(options.problem))
    rows = hold_out(described, spec.split.time, options.days)
    columns = [column.name for column in described.contract.inputs]
    days = rows.groupby(rows[spec.split.time].dt.date)
    with track("replaying", len(days)) as advance:
        for day, some in days:
            for moment, together in some.groupby(spec.split.time):
                identity = ask(session, options.url, options.problem, records(together[columns]), moment)
                tell(session, options.url, options.problem, identity, together[tables.TARGET])
            advance(1, str(day))
    print(f"{len(days)} days, {len(rows):,} rows answered by {options.problem} {described.version}, outcomes told.")


def live(session: requests.Session, url: str, name: str) -> Manifest:
    """The manifest of the version that answers."""
    try:
        told = session.get(f"{url}/v1/models/{name}", timeout=SECONDS)
    except requests.ConnectionError:
        sys.exit(f"A server must answer at {url}, and none does. Start it in another terminal: make serve")
    if told.status_code == 404:
        sys.exit(f"A version of {name} must be approved, and none is. Approve one at {url}/admin/")
    told.raise_for_status()
    return manifest.read(config.data_folder() / "models" / name / told.headers["X-Plumbline-Version"])


def hold_out(described: Manifest, time: str, days: int) -> pd.DataFrame:
    """The first ``days`` of the rows that the version was judged by, by time."""
    key = next(step.key for step in described.lineage if step.stage == "Split")
    folder = config.data_folder() / described.name / "split" / key / "test"
    if not folder.is_dir():
        sys.exit(f"{folder} must have the rows that {described.name} {described.version} was judged by. Run: make run")
    rows = tables.whole(folder).sort_values(time, kind="stable")
    return rows[rows[time] < rows[time].min().normalize() + pd.Timedelta(days=days)]


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a client sends them: what is missing is null."""
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def ask(session: requests.Session, url: str, name: str, rows: list[dict[str, Any]], moment: pd.Timestamp) -> str:
    """Have the rows answered as of the moment; the answer's id."""
    about = {"X-Plumbline-Time": moment.isoformat()}
    reply = session.post(f"{url}/predict/{name}", json={"rows": rows}, headers=about, timeout=SECONDS)
    if not reply.ok:
        sys.exit(f"The server must answer, got {reply.status_code}: {reply.text[:300]}")
    return reply.headers["X-Prediction-Id"]


def tell(session: requests.Session, url: str, name: str, identity: str, target: pd.Series) -> None:
    """Tell what came true of each row of the answer."""
    outcomes = [{"id": identity, "row": row, "value": int(value)} for row, value in enumerate(target)]
    reply = session.post(f"{url}/outcomes/{name}", json={"outcomes": outcomes}, timeout=SECONDS)
    if not reply.ok:
        sys.exit(f"The server must take the outcomes, got {reply.status_code}: {reply.text[:300]}")


if __name__ == "__main__":
    main()
