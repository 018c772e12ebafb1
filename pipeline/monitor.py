"""Monitor: hold a served day against the reference of the versions that answered, and against what came true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from bundle import manifest, model, profile
from bundle.contract import Contract
from bundle.figure import counted
from bundle.manifest import BrokenVersion, Manifest
from bundle.monitoring import PAGE, REPORT, DayReport, Drift, Realised, VersionDay
from bundle.operations import ForbiddenOperation
from bundle.profile import Bins, Profile
from pipeline import dates, day_page, days, drift, served
from pipeline.drift import Rule
from pipeline.job import Job, Outcome
from pipeline.metrics import REPLICATES, estimates, replicates, scored
from pipeline.problem import Monitoring
from pipeline.progress import track
from pipeline.served import KEY, Tally, Watched

EXTRA = "assets.extra"


@dataclass(frozen=True)
class Answering:
    """A version that answered: what is known of it, and what to hold its rows against."""

    manifest: Manifest
    references: tuple[tuple[Bins, tuple[float, ...]], ...]
    watched: Watched
    worst: dict[str, float]
    """What each metric came to on the worst single days of the hold-out."""


def monitor(job: Job) -> Outcome:
    """Write ``report.json`` and ``report.html`` of the day that the job is called after."""
    files, day, rule = days.read(job.output), job.source, job.problem.monitoring
    numbers = {int(name.removeprefix("version ")): path for name, path in job.inputs.items() if " " in name}
    answering, broken = {}, {}
    for number, folder in numbers.items():
        try:
            answering[number] = load(folder)
        except (BrokenVersion, ForbiddenOperation) as error:
            broken[number] = str(error)
    outcomes, broken_outcomes = served.outcomes(files.parts(job.inputs["outcomes"], "outcomes"))
    watched = {number: one.watched for number, one in answering.items()}
    log = served.log(files.parts(job.inputs["served"], "served"), watched, outcomes)
    versions = [
        version_day(number, tally, answering.get(number), rule, job.problem.seed, broken.get(number, ""))
        for number, tally in sorted(log.versions.items())
    ]
    made = datetime.now(UTC)
    known = sum(one.outcomes for one in versions)
    aside, unfit = (sum(getattr(tally, what) for tally in log.versions.values()) for what in ("aside", "unfit"))
    report = DayReport(
        model=job.problem.name,
        day=day,
        made=made,
        rows=sum(one.rows for one in versions),
        outcomes=known,
        unknown_outcomes=len(outcomes) - known - unfit,
        versions=tuple(versions),
        drifted=any(one.drifted for version in versions for one in version.drift),
        fallen=any(one.fallen for version in versions for one in version.realised),
        findings=(
            *(sentence for version in versions for sentence in findings(version)),
            *faults(log.broken, broken_outcomes, aside, unfit, len(outcomes) - known - unfit, broken),
        ),
    )
    (job.output / REPORT).write_text(report.model_dump_json(indent=1) + "\n")
    with track("drawing the page", None):
        page = day_page.render(report, job.problem.title, rule, over=dates.is_over(day, made))
        (job.output / PAGE).write_text(page, encoding="utf-8")
    return Outcome(rows_in=report.rows, notes=list(report.findings))


def load(folder: Path) -> Answering:
    """What is known of the version in ``folder``, and how to make features of its rows.

    Raises:
        BrokenVersion: there is none, or it is not as it was published.
        ForbiddenOperation: the model's graph does more than compute and look up.
    """
    described = manifest.read(folder)
    manifest.verify(folder, described)
    try:
        reference = Profile.model_validate_json((folder / EXTRA / profile.NAME).read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise BrokenVersion(f"{folder} must have a reference that its days are held against: {error}") from None
    if reference.answer is None:  # made before a version kept what this needs
        return Answering(described, (), Watched(described.contract, (), dict), {})
    references: tuple[tuple[Bins, tuple[float, ...]], ...] = (
        *((one, one.training) for one in reference.features if one.kept),
        (reference.answer, reference.answer.hold_out),
    )
    bins = tuple(one for one, _ in references)
    try:
        features = model.features(folder, described.contract)
    except KeyError as error:
        raise BrokenVersion(f"The model in {folder} must have the signature {error}, and has not.") from None
    return Answering(described, references, Watched(described.contract, bins, features), reference.answer.worst)


def version_day(
    number: int, tally: Tally, answering: Answering | None, rule: Monitoring, seed: int, broken: str
) -> VersionDay:
    """What one version's rows of the day say."""
    rows = tally.rows - tally.aside
    known = pd.concat(tally.answered) if tally.answered else pd.DataFrame(columns=[*KEY, "answer", "value"])
    known = known.drop_duplicates(KEY)  # a line that was written again after a fault
    drifts: Sequence[Drift] = ()
    realised: Sequence[Realised] = ()
    notes = [broken] if broken else []
    if answering is not None:
        if not answering.references:
            notes.append("It was made before versions kept a reference for single days: drift is not judged.")
        elif rows < rule.min_rows:
            notes.append(f"{counted(rows, 'row')} of at least {rule.min_rows:,} (min_rows): drift is not judged.")
        else:
            drifts = drift.compare(answering.references, tally.counts, Rule(rule.max_psi, rule.level))
        if len(known) < rule.min_outcomes:
            some = f"{len(known):,} outcomes" if len(known) else "No outcomes"
            notes.append(f"{some} of at least {rule.min_outcomes:,} (min_outcomes): the metrics are not judged.")
        else:
            realised = measure(known, answering, seed)
    return VersionDay(
        version=number,
        requests=tally.requests,
        rows=tally.rows,
        outcomes=len(known),
        mean_answer=tally.answers / max(rows, 1),
        mean_outcome=came_true(known, answering.manifest.contract) if answering and len(known) else None,
        task=answering.manifest.contract.task if answering else "binary",
        drift=(*sorted(drifts[:-1], key=lambda one: (not one.drifted, -one.psi)), *drifts[-1:]),
        realised=tuple(realised),
        note=" ".join(notes),
    )


def came_true(known: pd.DataFrame, contract: Contract) -> float:
    """The mean of what came true; of labels, the share of those given that did."""
    if not contract.classes:
        return float(known["value"].astype("float64").mean())
    given = np.array(contract.classes, object)[np.stack(known["answer"].to_list()).argmax(axis=1)]
    return float((given == known["value"].to_numpy(object)).mean())


def measure(known: pd.DataFrame, answering: Answering, seed: int) -> list[Realised]:
    """The metrics of the rows whose outcome is known, beside those of the hold-out and what was required of them."""
    described = answering.manifest
    one = scored(described.contract, known["value"].to_numpy(), np.stack(known["answer"].to_list()))
    drawn = np.array([metrics for [metrics] in replicates([one], seed, REPLICATES)])
    found = []
    for metric, figure in estimates(one, drawn).items():
        if np.isfinite(figure.value):
            least, most = limits(described, metric)
            usual = answering.worst.get(metric)
            too_low = least is not None and figure.high < least and (usual is None or figure.value < usual)
            too_high = most is not None and figure.low > most and (usual is None or figure.value > usual)
            low, high = (float(edge) if np.isfinite(edge) else None for edge in (figure.low, figure.high))
            found.append(
                Realised(
                    metric=metric,
                    value=figure.value,
                    low=low,
                    high=high,
                    hold_out=described.metrics.get(metric, {}).get("value"),
                    minimum=least,
                    maximum=most,
                    usual=usual,
                    fallen=too_low or too_high,
                )
            )
    return sorted(found, key=lambda one: (not one.fallen, one.minimum is None and one.maximum is None))


def limits(described: Manifest, metric: str) -> tuple[float | None, float | None]:
    """The least and the most that the version's own requirements allow a metric."""
    clauses = [one for one in described.verdict.clauses if one.kind == "value" and one.metric == metric]
    least = max((one.threshold for one in clauses if not one.at_most), default=None)
    return least, min((one.threshold for one in clauses if one.at_most), default=None)


def findings(version: VersionDay) -> list[str]:
    """What a person should know of a version's day, a sentence each."""
    sentences = []
    for one in version.drift:
        if one.drifted:
            habit = "" if one.usual is None else f"; single days of the reference reach {one.usual:.2f}"
            sentences.append(f"{one.name} drifts in version {version.version}: PSI {one.psi:.2f}{habit}.")
    for two in version.realised:
        if two.fallen:
            low = two.minimum is not None and two.value < two.minimum
            limit = f"below {two.minimum:g}" if low else f"above {two.maximum:g}"
            interval = f"{two.low:.4f} to {two.high:.4f}"
            sentences.append(f"{two.metric} of version {version.version} is {two.value:.4f} ({interval}), {limit}.")
    return sentences


def faults(lines: int, outcomes: int, aside: int, unfit: int, unknown: int, broken: dict[int, str]) -> list[str]:
    """What could not be used, a sentence each."""
    told = (
        (lines, "line", "of the prediction log can't be read"),
        (outcomes, "line", "of the outcomes can't be read"),
        (aside, "row", "of the prediction log did not fit the contract"),
        (unfit, "outcome", "of another kind than the version answers"),
        (unknown, "outcome", "came for an answer that the log does not have"),
    )
    return [
        *(f"{counted(count, noun)} {what}, left out." for count, noun, what in told if count),
        *(f"Version {number} can't be looked at: {why}" for number, why in broken.items()),
    ]
