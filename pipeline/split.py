"""Split: part the rows, so that what judges the model is nothing that it learned from."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bundle.figure import counted
from bundle.manifest import Window
from pipeline import places, row_hash, tables
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.places import ASIDE, SPLITS, TEST, TRAIN
from pipeline.problem import Problem
from pipeline.row_hash import Hashes

WINDOWS = "windows.json"
SHOWN = 8
ANSWERS = {"1.0": "yes", "0.0": "no"}
COMPARED = 4_000_000
"""So many rows are looked at, about, for those that are alike in two splits: of more rows a share."""


@dataclass(frozen=True)
class Tally:
    """The rows of one split: how many, how often each answer comes, and the first and last time.

    Of a number to tell only its sum, its least and its largest value are kept.
    """

    rows: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    total: float = 0.0
    least: float = np.inf
    most: float = -np.inf
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.rows + other.rows,
            Counter(self.answers) + Counter(other.answers),
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
            min((one for one in (self.first, other.first) if one is not None), default=None),
            max((one for one in (self.last, other.last) if one is not None), default=None),
        )


def split(job: Job) -> Outcome:
    """Write each split as a table of its own, and ``windows.json``.

    A part whose rows all belong to one split is not written again: it is the same file under another name.
    """
    problem = job.problem
    files = tables.parts(job.inputs["features"] / "rows")
    as_of = job.part.get("as_of")
    deciding, rule = places.rule_of(problem, files, date.fromisoformat(as_of) if as_of else None)
    time, identity = problem.split.time, [*problem.identity(), tables.TARGET]
    columns = list(dict.fromkeys([*deciding, *([time] if time else []), tables.TARGET]))
    content, every = told_apart_by_key(problem), 1 + tables.rows(files) // COMPARED

    def work(number: int, path: Path) -> tuple[dict[int, Tally], Hashes, dict[int, Hashes]]:
        part = tables.load(path, columns)
        placed = rule(number, part)
        found = np.unique(placed)
        told = {int(place): tally(part.filter(placed == place), problem) for place in found}
        if len(found) == 1 and found[0] != ASIDE:
            _link(path, tables.part_path(job.output / SPLITS[found[0]], number))
        else:
            whole = tables.load(path)
            for place in found:
                _write(whole.filter(placed == place), int(place), job.output, number, problem)
        held_out = placed == TEST
        sealed = np.empty(0, np.uint64)
        if held_out.any():
            sealed = row_hash.of_rows(tables.load(path, identity).filter(held_out), identity)
        return told, sealed, contents(path, placed, content, every) if content else {}

    done = tables.over(files, work, "splitting")
    tallies = [sum((told[place] for told, _, _ in done if place in told), Tally()) for place in range(len(SPLITS) + 1)]
    check(dict(zip(SPLITS, tallies, strict=False)), problem)
    windows = [window(name, one, problem) for name, one in zip(SPLITS, tallies, strict=False)]
    windows[TEST] = windows[TEST].model_copy(update={"seal": seal([hashes for _, hashes, _ in done])})
    (job.output / WINDOWS).write_text(json.dumps([one.model_dump() for one in windows], indent=1) + "\n")
    aside = tallies[ASIDE].rows
    notes = [described(one) for one in windows]
    notes += [f"{counted(aside, 'row')} set aside: {_newcomer(problem)}"] if aside else []
    notes += copies([alike for _, _, alike in done], problem) if content else []
    rows = sum(one.rows for one in tallies)
    return Outcome(rows_in=rows, rows_out=rows - aside, notes=notes)


def told_apart_by_key(problem: Problem) -> list[str]:
    """What rows may have in common that lie in two splits, for their keys differ; empty where a split knows no such."""
    source, split = problem.sources[problem.table], problem.split
    if split.by == "time" or not source.key:
        return []
    apart = {*source.key, split.group}
    content = [name for name, column in source.columns.items() if column.known == "before" and name not in apart]
    return [*content, tables.TARGET] if content else []


def contents(path: Path, placed: places.Places, names: list[str], every: int) -> dict[int, Hashes]:
    """What the rows of training and of the hold-out have in these columns: of one in ``every``, by its hash."""
    hashes = row_hash.of_rows(tables.load(path, names), names)
    some = hashes % np.uint64(every) == 0
    return {place: hashes[some & (placed == place)] for place in (TRAIN, TEST)}


def copies(found: list[dict[int, Hashes]], problem: Problem) -> list[str]:
    """A line about the rows of the hold-out that training has, too, under another key."""
    train, test = (np.concatenate([one[place] for one in found]) for place in (TRAIN, TEST))
    share = float(np.isin(test, train).mean()) if len(test) else 0.0
    key = ", ".join(problem.sources[problem.table].key)
    return [f"{share:.2%} of the rows of test equal one of train in all but {key}"] if share else []


def tally(part: pa.Table, problem: Problem) -> Tally:
    """What the rows of a part that belong to one split come to."""
    target = part[tables.TARGET].combine_chunks()
    time = problem.split.time
    edges = pc.min_max(part[time]).as_py() if time else {}
    first, last = (
        pd.Timestamp(edges[one]).tz_convert(problem.split.time_zone) if edges.get(one) is not None else None
        for one in ("min", "max")
    )
    told = Tally(rows=part.num_rows, first=first, last=last)
    if problem.task == "regression":
        values = target.to_numpy(zero_copy_only=False).astype("float64")
        return replace(told, total=float(values.sum()), least=float(values.min()), most=float(values.max()))
    counted = {str(one["values"]): int(one["counts"]) for one in pc.value_counts(target).to_pylist()}
    return replace(told, answers={ANSWERS.get(answer, answer): rows for answer, rows in counted.items()})


def check(tallies: Mapping[str, Tally], problem: Problem) -> None:
    """Refuse splits that nothing can be learned from or judged by.

    Raises:
        DataError: a split has no rows, has but one answer, or lacks an answer that another has.
    """
    faults = [f"{name} has 0 rows" for name, one in tallies.items() if not one.rows]
    if problem.task == "regression":
        faults += [
            f"all {one.rows:,} rows of {name} have the answer {one.least:g}"
            for name, one in tallies.items()
            if one.rows and one.least == one.most
        ]
    elif not faults:
        faults = _lacking(tallies)
    if faults:
        shown = f"{'; '.join(faults[:SHOWN])}{f'; and {len(faults) - SHOWN} more' if len(faults) > SHOWN else ''}"
        raise DataError(
            f"The rows can't be split so that a model could learn and be evaluated: {shown}. Each split must have rows "
            f"of every answer. Look at target = {problem.target!r} and at [split]{_advice(problem)}."
        )


def _lacking(tallies: Mapping[str, Tally]) -> list[str]:
    every = sum((Counter(one.answers) for one in tallies.values()), Counter[str]())
    if len(every) == 1:
        return [f"all {every.total():,} rows have the answer {next(iter(every))}"]
    faults = []
    for answer, rows in sorted(every.items()):
        without = [name for name, one in tallies.items() if answer not in one.answers]
        if without:
            count = "1 row has" if rows == 1 else f"{rows:,} rows have"
            faults.append(f"{count} the answer {answer}, and {' and '.join(without)} none of them")
    return faults


def _advice(problem: Problem) -> str:
    split = problem.split
    if split.by == "time":
        return f": validation = {split.validation} and test = {split.test}"
    if problem.task != "regression" and not split.group and not getattr(split, "stratify", False):
        return "; by = 'random' with stratify = true shares each answer out"
    return ""


def window(name: str, one: Tally, problem: Problem) -> Window:
    """A split as the manifest tells it."""
    if problem.task == "regression":
        mean = float(f"{one.total / one.rows:.6g}")  # what parts the rows lay in changes the last digits of a sum
        target = {"mean": mean, "min": one.least, "max": one.most}
    else:
        target = {answer: float(rows) for answer, rows in sorted(one.answers.items())}
    return Window(
        split=name,
        rows=one.rows,
        positives=one.answers.get("yes", 0) if problem.task == "binary" else None,
        first=one.first.isoformat() if one.first is not None else None,
        last=one.last.isoformat() if one.last is not None else None,
        target=target,
    )


def described(one: Window) -> str:
    """A split in a line."""
    if one.positives is not None:
        answers = f"{one.positives / one.rows:.1%} yes"
    else:
        answers = f"mean {one.target['mean']:g}" if "mean" in one.target else f"{len(one.target)} answers"
    when = f", {one.first[:10]} to {one.last[:10]}" if one.first and one.last else ""
    return f"{one.split}: {one.rows:,} rows, {answers}{when}"


def seal(hashes: list[Hashes]) -> str:
    """The digest of the hold-out: of which rows it has, with their answers, whatever features they are given."""
    return hashlib.sha256(np.sort(np.concatenate(hashes)).astype("<u8").tobytes()).hexdigest()


def _write(rows: pa.Table, place: int, output: Path, number: int, problem: Problem) -> None:
    if place == ASIDE:
        tables.set_aside(rows, _newcomer(problem), output / "set_aside", number)
    else:
        tables.write(rows, output / SPLITS[place], number)


def _newcomer(problem: Problem) -> str:
    return f"{problem.split.group} is that of a row in an earlier split"


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    os.link(path, to)
