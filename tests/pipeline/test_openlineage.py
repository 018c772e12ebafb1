"""Every event is one that the standard allows and says what the receipts say; no collector can harm a run."""

import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipeline import receipts
from tests.project import SAMPLE
from tests.sample import SOURCES

SCHEMAS = [json.loads(path.read_text()) for path in (Path(__file__).parent / "openlineage_spec").rglob("*.json")]
REGISTRY = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in SCHEMAS)


def told(project) -> list[list[dict]]:
    """The events of each run."""
    files = sorted((project.folder / "data" / "lineage").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in files]


def check(schema: str, value: dict) -> None:
    Draft202012Validator({"$ref": schema}, registry=REGISTRY).validate(value)


def check_event(event: dict) -> None:
    """Hold an event against the published schemas, and each of its facets against its own."""
    check(event["schemaURL"], event)
    check("https://openlineage.io/spec/2-0-2/OpenLineage.json", event)
    assert uuid.UUID(event["run"]["runId"])
    things = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    for thing in things:
        for kind in ("facets", "inputFacets", "outputFacets"):
            for name, facet in thing.get(kind, {}).items():
                assert urlparse(facet["_producer"]).scheme
                check(facet["_schemaURL"], facet)
                [document] = [one for one in SCHEMAS if facet["_schemaURL"].startswith(one["$id"])]
                assert name in document["properties"]


def test_it_works(project):
    project.luigi("Twice", *SAMPLE)
    [events] = told(project)
    for event in events:
        check_event(event)
    kinds = [(event["eventType"], event["job"]["name"]) for event in events]
    counted = [f"sample.Count.{source}" for source in ("airports", "planes")]
    assert sorted(kinds) == sorted(
        (kind, job) for kind in ("START", "COMPLETE") for job in (*counted, "sample.Total", "sample.Twice")
    )
    assert kinds[-2:] == [("START", "sample.Twice"), ("COMPLETE", "sample.Twice")]
    total = next(
        event for event in events if event["job"]["name"] == "sample.Total" and event["eventType"] == "COMPLETE"
    )
    receipt = receipts.read(project.made("total"))
    assert total["run"]["facets"]["parent"]["run"]["runId"] == receipt.run
    assert total["run"]["runId"] == str(uuid.uuid5(uuid.UUID(receipt.run), "sample.Total"))
    data = project.folder / "data" / "sample"
    assert [one["name"] for one in total["inputs"]] == [
        str(data / "count" / "airports"),
        str(data / "count" / "planes"),
    ]
    [output] = total["outputs"]
    assert (output["namespace"], output["name"]) == ("file", str(data / "total"))
    assert output["facets"]["version"]["datasetVersion"] == receipt.content
    assert output["outputFacets"]["outputStatistics"]["size"] == len("4782")
    read = next(event["inputs"] for event in events if event["job"]["name"] == "sample.Count.planes")
    assert read[0]["name"] == str(project.folder / "planes.csv")
    count = receipts.read(project.made("count/planes"))
    assert read[0]["facets"]["version"]["datasetVersion"] == count.made_from["raw"].content
    made = next(one for one in total["inputs"] if one["name"].endswith("planes"))
    assert made["facets"]["version"]["datasetVersion"] == count.content
    assert made["inputFacets"]["inputStatistics"]["rowCount"] == 1


@pytest.mark.slow
def test_a_table_is_told_with_its_columns(project):
    project.luigi("Clean", *SAMPLE, "--source", "planes", module="pipeline")
    [events] = told(project)
    for event in events:
        check_event(event)
    [output] = events[-1]["outputs"]
    assert output["facets"]["schema"]["fields"][:2] == [
        {"name": "tailnum", "type": "string"},
        {"name": "year", "type": "double"},
    ]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3322
    place = events[-1]["job"]["facets"]["sourceCodeLocation"]
    assert place["path"] == "pipeline/clean.py"
    assert Path(urlparse(place["url"]).path).is_file()


@pytest.mark.slow
def test_every_stage_of_a_whole_run_is_told(first_run):
    made, _ = first_run
    [events] = told(made)
    for event in events:
        check_event(event)
    receipt = receipts.read(made.version)
    assert receipt is not None
    behind = [*receipts.read_chain(made.version), receipt]
    completed = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    described = {f"sample.Describe.{source}" for source in SOURCES}
    assert set(completed) == {".".join(filter(None, ("sample", one.stage, one.source))) for one in behind} | described
    for one in behind:
        event = completed[".".join(filter(None, ("sample", one.stage, one.source)))]
        versions = [dataset["facets"]["version"]["datasetVersion"] for dataset in event["inputs"]]
        assert versions == [made_from.content for _, made_from in sorted(one.made_from.items())]
        assert event["outputs"][0]["facets"]["version"]["datasetVersion"] == one.content


@pytest.mark.slow
def test_a_worker_that_dies_is_told(project):
    project.luigi("Dying", *SAMPLE, "--workers", "2", code=30)
    [[started, failed]] = told(project)
    check_event(failed)
    assert (started["eventType"], failed["eventType"]) == ("START", "FAIL")
    assert started["run"]["runId"] == failed["run"]["runId"]
    assert "died unexpectedly" in failed["run"]["facets"]["errorMessage"]["message"]


@pytest.mark.slow
def test_a_failure_is_told_and_another_try_is_another_run(project):
    again = ("--worker-keep-alive", "--scheduler-retry-delay", "1", "--worker-wait-interval", "0.2")
    project.luigi("Failing", *SAMPLE, *again)
    [events] = told(project)
    for event in events:
        check_event(event)
    assert [event["eventType"] for event in events] == ["START", "FAIL", "START", "COMPLETE"]
    first, failed, second, completed = [event["run"]["runId"] for event in events]
    assert first == failed != second == completed
    assert events[1]["run"]["facets"]["errorMessage"]["message"] == "the first time it fails"


def test_a_run_with_nothing_to_do_tells_nothing_and_imports_nothing_of_it(project):
    project.luigi("Twice", *SAMPLE)
    code = (
        "import sys\nfrom luigi.cmdline import luigi_run\n"
        "try:\n    luigi_run(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'pipeline.openlineage', 'pipeline.collector'} & set(sys.modules)"
    )
    project.call(
        sys.executable, "-c", code, "--module", "stages", "Twice", *SAMPLE, OPENLINEAGE_URL="http://127.0.0.1:9"
    )
    assert len(told(project)) == 1


def test_several_workers_write_whole_lines(project):
    project.luigi("Many", *SAMPLE, "--workers", "4")
    [events] = told(project)
    for event in events:
        check_event(event)
    assert len({event["run"]["runId"] for event in events}) == len(events) / 2 == 24


FULL = """
import resource, sys
from pathlib import Path
from pipeline import openlineage
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10,) * 2)
try:
    openlineage._append(path, "x" * 100)
except OSError as error:
    print(error)
"""


def test_a_line_that_the_disk_does_not_take_whole_is_not_there_at_all(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"eventType": "START"}\n')
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert "only a part" in done.stdout
    assert path.read_text() == '{"eventType": "START"}\n'


def test_a_disk_that_refuses_the_events_fails_no_run(project):
    (project.folder / "data").mkdir()
    (project.folder / "data" / "lineage").touch()
    done = project.luigi("Total", *SAMPLE)
    assert "must take the lineage events" in done.stderr
    assert project.made("total")


class Collector(ThreadingHTTPServer):
    """A collector that keeps what it takes; ``answer`` may be late or unkind."""

    def __init__(self, status: int = 201, delay: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.status, self.delay = status, delay
        self.taken: list[tuple[str, str | None, dict]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers["Authorization"], json.loads(body)))
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collecting(**how):
    with Collector(**how) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        yield collector
        collector.shutdown()


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_collector_gets_every_event_in_order(project, workers):
    with collecting() as collector:
        there = {"OPENLINEAGE_URL": collector.url, "OPENLINEAGE_API_KEY": "secret", "OPENLINEAGE_NAMESPACE": "ours"}
        project.luigi("Twice", *SAMPLE, "--workers", workers, **there)
    [events] = told(project)
    assert [event for _, _, event in collector.taken] == events
    assert {(path, key) for path, key, _ in collector.taken} == {("/api/v1/lineage", "Bearer secret")}
    assert {event["job"]["namespace"] for event in events} == {"ours"}


def warnings(done) -> list[str]:
    return [line for line in done.stderr.splitlines() if "OPENLINEAGE_URL must be" in line]


def delayed(project, *more, **environment) -> tuple[float, list[str]]:
    """How long after its last event a run ends, in seconds, and what it says of the collector."""
    done = project.luigi("Twice", *SAMPLE, *more, **environment)
    ended = datetime.now(UTC)
    events = told(project)[-1]
    assert len(events) == 8
    return (ended - datetime.fromisoformat(events[-1]["eventTime"])).total_seconds(), warnings(done)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_black_hole_costs_no_more_than_the_patience_at_the_end(project, workers):
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        seconds, said = delayed(project, "--workers", workers, OPENLINEAGE_URL=url)
    assert seconds < 4
    assert len(said) == 1
    assert "not all was sent" in said[0] or "timed out" in said[0]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"status": 500}, "it answered 500"),
        pytest.param({"status": 302}, "it answered 302", marks=pytest.mark.slow),
        pytest.param({"delay": 1.5}, "not all was sent", marks=pytest.mark.slow),
    ],
)
def test_a_collector_that_fails_is_left_alone_with_one_warning(project, how, why):
    with collecting(**how) as collector:
        seconds, [said] = delayed(project, OPENLINEAGE_URL=collector.url)
    assert why in said
    assert seconds < 4
    if "status" in how:
        assert len(collector.taken) == 1


@pytest.mark.slow
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "no address", "ftp://127.0.0.1", "http://nowhere.invalid"])
def test_an_address_where_nobody_listens_is_told_once(project, url):
    seconds, [said] = delayed(project, OPENLINEAGE_URL=url)
    assert "data/lineage/" in said
    assert seconds < 4
