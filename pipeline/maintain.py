"""Whether a new run is asked for, and why: its age, what the newest days showed, or somebody who asks.

A reason counts only while no version has answered it: the newest one is the one that drifts or fell, and a request is
younger than it.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bundle.monitoring import MAINTAINED, MONITORING, REPORT, REQUESTS, DayReport, Maintained, RunRequest, VersionDay
from pipeline import dates

if TYPE_CHECKING:  # it brings NumPy, and whoever has nothing to do need not wait for it
    from bundle.manifest import Manifest

DONE, BROKEN = "done", "broken"
RECENT_REPORTS = 30
"""The newest reports that are looked at."""


@dataclass(frozen=True)
class Waiting:
    """A request in its file."""

    path: Path
    request: RunRequest


@dataclass(frozen=True)
class Before:
    """What there was when Maintain began.

    Attributes:
        newest: the newest version that can be read, or None.
        waiting: the requests, the earliest first.
        broken: files that are no requests, with what is wrong with each.
    """

    newest: "Manifest | None"
    waiting: tuple[Waiting, ...]
    broken: dict[Path, str]


def look(data: Path, model: str, versions: list[Path]) -> Before:
    """What there is now; ``versions`` are the published folders, newest first."""
    waiting, broken = [], {}
    for path in sorted((data / REQUESTS / model).glob("[!.]*.json")):
        try:
            request = RunRequest.model_validate_json(path.read_bytes())
        except ValidationError as error:
            broken[path] = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            continue
        if request.model == model:
            waiting.append(Waiting(path, request))
        else:
            broken[path] = f"model: it asks for {request.model!r}"
    return Before(newest(versions), tuple(sorted(waiting, key=lambda one: one.request.at)), broken)


def newest(versions: list[Path]) -> "Manifest | None":
    """The first version that can be read."""
    from bundle import manifest

    for folder in versions:
        try:
            return manifest.read(folder)
        except manifest.BrokenVersion:
            continue
    return None


def reasons(data: Path, model: str, every_days: int, before: Before, now: datetime) -> list[str]:
    """Why a new run is asked for, a sentence each; empty where nothing asks for one."""
    if before.newest is None:
        return [f"No version of {model} is published yet."]
    version, made = before.newest.version, datetime.fromisoformat(before.newest.made)
    found = []
    if every_days and now - made >= timedelta(days=every_days):
        found.append(
            f"Version {version} was made {(now - made).days} days ago, and one is due every {every_days} days."
        )
    found += seen(reports(data, model), version)
    found += [
        _plain(
            f"{one.request.by} asked on {one.request.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC "
            f"({one.request.source}): {one.request.reason}"
        )
        for one in before.waiting
        if one.request.at > made
    ]
    return found


def seen(reports: Iterator[DayReport], version: int) -> list[str]:
    """What the newest day that was judged says against a version: first of drift, then of its metrics."""
    judged = [(report.day, one) for report in reports for one in report.versions if one.version == version]
    drift = [_drifted(day, one) for day, one in judged if one.drift]
    realised = [_fallen(day, one) for day, one in judged if one.realised]
    return [sentence for newest_first in (drift, realised) for sentence in next(iter(newest_first), [])]


def reports(data: Path, model: str) -> Iterator[DayReport]:
    """The newest reports of days that were over, the newest first."""
    folders = (path for path in (data / MONITORING / model).glob("*") if dates.is_day(path.name))
    for folder in islice(sorted(folders, reverse=True), RECENT_REPORTS):
        try:
            report = DayReport.model_validate_json((folder / REPORT).read_bytes())
        except (FileNotFoundError, ValidationError):
            continue
        if dates.is_over(report.day, report.made):
            yield report


def record(data: Path, done: Maintained) -> None:
    """Leave what was done, whole at any moment."""
    path = data / MAINTAINED / f"{done.model}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".aside")
    aside.write_text(done.model_dump_json(indent=1) + "\n")
    aside.replace(path)


def set_aside(paths: list[Path], folder: str) -> None:
    """Move request files into a folder beside them."""
    for path in paths:
        (path.parent / folder).mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # whoever asked has taken it back
            path.replace(path.parent / folder / path.name)


def _drifted(day: str, one: VersionDay) -> list[str]:
    names = [drift.name for drift in one.drift if drift.drifted]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (
        [f"On {day} version {one.version} met other data than it learned from: {', '.join(names[:5])}{more}."]
        if names
        else []
    )


def _fallen(day: str, one: VersionDay) -> list[str]:
    names = [metric.metric for metric in one.realised if metric.fallen]
    return [f"On {day} version {one.version} did worse than is required of it: {', '.join(names)}."] if names else []


def _plain(text: str) -> str:
    """What somebody wrote, on one line and without what moves a terminal's cursor."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
