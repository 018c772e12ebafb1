"""Compare: ask the live version for its answers to today's hold-out, and hold the candidate's against them, row by row.

Where rows are split by chance, a live version may have learned from some of today's hold-out, and looks better than it
is: a mistake on the safe side.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bundle import digest, manifest, version
from bundle.contract import Contract
from bundle.golden import WrongAnswer
from bundle.manifest import BrokenVersion, Manifest
from bundle.operations import ForbiddenOperation
from pipeline import expressions, holdout, ledger, plain, published, receipts, tables
from pipeline.errors import StageError
from pipeline.job import Job, Outcome
from pipeline.metrics import REPLICATES, Figure, Scored, differences, doubts, drawn
from pipeline.slices import Rows, by_slice

NAME = "live.json"


def compare(job: Job) -> Outcome:
    """Write ``live.json``: the paired differences from the live version, of all rows and by slice; ``{}`` without one.

    A difference is the candidate's metric less the live version's. ``why`` says, where there are none, what keeps the
    live version from answering today's rows.

    Raises:
        StageError: the live version is not there, or not as it was decided about.
    """
    live = job.part.get("live")
    if live is None:
        plain.write(job.output / NAME, {})
        return Outcome()
    other = load(job, live)
    mine = holdout.contract(job.inputs["model"])
    why = unfit(job, mine, other.manifest)
    told: dict[str, Any] = {**live, "why": why}
    if not why:
        ledger.record(job.data, holdout.seal(job.inputs["split"]), job.final.name, trained(job, live))
        told |= against(job, mine, other)
    plain.write(job.output / NAME, told)
    named = f"the live version {live['version']}"
    note = f"not compared with {named}: {why}" if why else f"compared with {named}"
    return Outcome(rows_in=told.get("rows"), notes=[note])


def load(job: Job, live: dict[str, Any]) -> version.Version:
    """The live version, which must be the one that was decided about.

    Raises:
        StageError: it is not.
    """
    folder = published.folder(job.data, job.problem.name, live["version"])
    try:
        if digest.of_file(folder / manifest.NAME) != live["digest"]:
            raise BrokenVersion("its manifest is not the one that was decided about")
        return version.load(folder)
    except (OSError, BrokenVersion, ForbiddenOperation, WrongAnswer) as error:
        raise StageError(
            f"{folder} must be as it was when it went live, for a new version is compared with it, but {error}. "
            "Put it back, or let another version go live."
        ) from None


def trained(job: Job, live: dict[str, Any]) -> str:
    """The content of the model of the live version, by which the ledger knows it."""
    chain = receipts.read_chain(published.folder(job.data, job.problem.name, live["version"]))
    return next(one.content for one in chain if one.stage == "Train")


def unfit(job: Job, mine: Contract, live: Manifest) -> str:
    """Why the live version can't answer today's rows; empty where it can."""
    theirs = live.contract
    if not expressions.alike(live.problem, job.problem.target):
        return f"it answers {live.problem}, and not {job.problem.target}"
    if (theirs.task, theirs.classes) != (mine.task, mine.classes):
        return "it gives other kinds of answers"
    there = {one.name: kind(one.type) for one in pq.read_schema(tables.parts(job.inputs["split"] / "test")[0])}
    wanted = {one.name: "category" if one.type == "boolean" else one.type for one in theirs.inputs}
    other = [f"{name} ({of})" for name, of in wanted.items() if there.get(name) != of]
    return f"today's rows have no {', '.join(other)}" if other else ""


def against(job: Job, mine: Contract, live: version.Version) -> dict[str, Any]:
    """The paired differences, of all rows and of each slice."""
    names = list(job.problem.slices)
    read = holdout.answer(live.model, job.inputs["split"] / "test", names, job.problem.split)
    answers = np.load(job.inputs["evaluation"] / holdout.ANSWERS, allow_pickle=False)

    def pair(rows: Rows | slice) -> list[Scored]:
        both = ((mine, answers), (live.manifest.contract, read.predicted))
        return [read.scored(contract, predicted, rows) for contract, predicted in both]

    def of_slice(rows: Rows) -> dict[str, Any]:
        return differ(pair(rows), job.problem.seed)

    everyone = pair(slice(None))
    whole = apart(everyone, job.problem.seed, "bootstrap")
    return {
        "rows": len(answers),
        "against": {name: figure.as_dict() for name, figure in whole.items()},
        "doubts": doubts(everyone[0], apart=True),
        "slices": {name: by_slice(read.told[name], of_slice) for name in names},
    }


def differ(pair: list[Scored], seed: int) -> dict[str, Any]:
    """How the models of a pair differ on a slice; what it is too small to tell is None."""
    metrics = {name: figure.told for name, figure in apart(pair, seed).items()}
    return {"metrics": metrics, "doubts": doubts(pair[0], apart=True)}


def apart(pair: list[Scored], seed: int, what: str | None = None) -> dict[str, Figure]:
    """The metrics of the first less those of the second, which are weighted alike."""
    return differences(pair, drawn(pair, seed, REPLICATES, what))


def kind(of: pa.DataType) -> str:
    """What a column of a table is to a model."""
    if pa.types.is_timestamp(of):
        return "time"
    return "number" if pa.types.is_floating(of) else "category"
