"""Publish: put the model, its evidence and its history into one version folder that can be checked and read alone."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bundle import manifest as manifests
from bundle import profile, version
from bundle.contract import Contract
from bundle.digest import of_json
from bundle.manifest import HoldOut, Manifest, Raw, Step, Verdict, Window
from bundle.profile import AnswerProfile, Profile
from pipeline import card, receipts, report
from pipeline.job import Job, Outcome
from pipeline.progress import track
from pipeline.receipts import Receipt
from pipeline.report import ReportFacts

EXTRA = "assets.extra"
LATENCY = "latency_ms"


def publish(job: Job) -> Outcome:
    """Fill a version folder: the SavedModel, and in ``assets.extra/`` all that Plumbline knows of it."""
    inputs, folder = job.inputs, job.output
    number = int(job.final.name)
    shutil.copytree(inputs["model"] / "model", folder, dirs_exist_ok=True)
    (folder / EXTRA / profile.NAME).write_text(reference(inputs).model_dump_json(indent=1) + "\n")
    chain = receipts.read_chain(folder)
    evaluation = _json(inputs["evaluation"] / "evaluation.json") | {"live": _json(inputs["compared"] / "live.json")}
    verdict = Verdict.model_validate(with_latency(_json(inputs["verdict"] / "verdict.json"), chain))
    steps, raw = history(chain)
    read = hold_out(chain)
    windows = _json(inputs["split"] / "windows.json")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    facts = ReportFacts(
        title=job.problem.title,
        name=job.problem.name,
        version=number,
        made=made,
        key=steps[-1].key,
        verdict=verdict.model_dump(),
        evaluation=evaluation,
        notes=job.problem.notes.model_dump(),
        windows=windows,
        hold_out=read.model_dump(),
        profile=_json(inputs["encoded"] / profile.NAME),
        trials=with_seconds(_json(inputs["tuned"] / "trials.json"), chain),
        history=_json(inputs["model"] / "history.json"),
        stages=[_stage(step) for step in steps],
        lineage=[step.model_dump(mode="json", include={"stage", "source", "key", "content", "code"}) for step in steps],
        sources=[one.model_dump(mode="json") for one in raw],
    )
    with track("drawing the report", None):
        (folder / EXTRA / "report.html").write_text(report.render(facts), encoding="utf-8")
    (folder / EXTRA / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    described = Manifest(
        name=job.problem.name,
        version=number,
        title=job.problem.title,
        problem=job.problem.target,
        made=made,
        made_by=job.made_by,
        contract=Contract.model_validate_json((inputs["model"] / "contract.json").read_bytes()),
        runtime=_json(inputs["model"] / "parity.json")["runtime"],
        verdict=verdict,
        metrics=evaluation["metrics"],
        windows=tuple(Window.model_validate(one) for one in windows),
        hold_out=read,
        lineage=tuple(steps),
        raw=tuple(raw),
        files={},
    )
    told = card.render(described, job.problem.notes, evaluation, facts.profile, facts.trials, facts.history)
    (folder / EXTRA / card.NAME).write_text(told, encoding="utf-8")
    described = described.model_copy(update={"files": manifests.file_digests(folder)})
    described.write(folder)
    version.load(folder)
    return Outcome(rows_in=evaluation["rows"], notes=[f"version {number}"])


def reference(inputs: dict[str, Path]) -> Profile:
    """What the features and the answers of days to come are compared with."""
    features = Profile.model_validate_json((inputs["encoded"] / profile.NAME).read_bytes())
    answer = AnswerProfile.model_validate_json((inputs["evaluation"] / "answers.json").read_bytes())
    return features.model_copy(update={"answer": answer})


def hold_out(chain: list[Receipt]) -> HoldOut:
    """How often the hold-out was read, which is told by the receipt of the stage that read it."""
    measured = next(receipt.measured for receipt in chain if receipt.stage == "Evaluate")
    return HoldOut(reads=int(measured["reads"]), models=int(measured["models"]))


def with_seconds(tuned: dict[str, Any], chain: list[Receipt]) -> dict[str, Any]:
    """The trials, each with how long it took, which is told by the receipt of the stage that made them."""
    seconds = next(receipt.measured for receipt in chain if receipt.stage == "Tune")
    return {**tuned, "trials": [{**trial, "seconds": seconds.get(trial["id"])} for trial in tuned["trials"]]}


def with_latency(verdict: dict[str, Any], chain: list[Receipt]) -> dict[str, Any]:
    """The verdict with the milliseconds of an answer, which are told by the receipt of the stage that measured them."""
    measured = next(receipt.measured for receipt in chain if receipt.stage == "Evaluate")
    took = {edge: measured[f"{LATENCY} {edge}"] for edge in ("value", "low", "high")}
    return {**verdict, "clauses": [one | took if one["metric"] == LATENCY else one for one in verdict["clauses"]]}


def history(chain: list[Receipt]) -> tuple[list[Step], list[Raw]]:
    """Every stage behind the version, each after what it was made from; and the raw files at their beginning."""
    raw = dict.fromkeys(
        Raw(source=receipt.source, path=made.path, sha256=made.content)
        for receipt in chain
        for made in receipt.made_from.values()
        if made.key is None
    )
    return [_step(receipt) for receipt in chain], list(raw)


def _step(receipt: Receipt) -> Step:
    return Step(
        stage=receipt.stage,
        source=receipt.source,
        key=receipt.key,
        content=receipt.content,
        code=of_json([receipt.code, receipt.libraries]),
        made_from={name: made.content for name, made in receipt.made_from.items()},
        started=receipt.started,
        seconds=receipt.seconds,
        rows_in=receipt.rows_in,
        rows_out=receipt.rows_out,
        notes=tuple(receipt.notes),
    )


def _stage(step: Step) -> dict[str, Any]:
    return step.model_dump(mode="json", include={"stage", "source", "rows_in", "rows_out", "seconds", "notes"})


def _json(path: Path) -> Any:
    return json.loads(path.read_text())
