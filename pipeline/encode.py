"""Encode: learn from the training split how features become numbers, screen for drift, and encode every split."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from bundle import profile
from bundle.profile import Counts, FeatureProfile, Profile
from pipeline import arrays, drift, encoding, tables
from pipeline.drift import Days
from pipeline.encoding import Category, Encoding, Number, Target
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.problem import Screen, Task

MIN_COUNT = 5
"""A level that training saw less often is treated as unknown, so that the unknown has something to learn from."""
MAX_LEVELS = 100_000


@dataclass
class Seen:
    """What was seen of one feature: each value with how often it came, and how many were missing."""

    numbers: Counts = field(default_factory=lambda: (np.empty(0), np.empty(0, np.int64)))
    levels: Counter[str] = field(default_factory=Counter)
    missing: int = 0

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return int(self.numbers[1].sum()) + self.levels.total() + self.missing


def encode(job: Job) -> Outcome:
    """Write ``encoding.json``, ``profile.json``, and each split's arrays: ``numbers``, ``categories``, ``target``.

    The hold-out gets no ``target``: nothing before Evaluate reads its answers.
    """
    problem, split = job.problem, job.inputs["split"]
    kinds = problem.kinds()
    train = count(tables.read(split / "train", list(kinds)), kinds, "profiling train")
    validation = count(tables.read(split / "validation", list(kinds)), kinds, "profiling validation")
    screened = [screen(name, kind, train[name], validation[name], problem.screen) for name, kind in kinds.items()]
    profiles = calibrate(screened, [split / "train", split / "validation"], problem.split.time)
    target = learn_target(tables.read(split / "train", [tables.TARGET]), problem.task)
    learned = learn([one for one in profiles if one.kept], train, target)
    encoding.write(learned, job.output)
    reference = Profile(max_psi=problem.screen.max_psi, features=tuple(profiles))
    (job.output / profile.NAME).write_text(reference.model_dump_json(indent=1) + "\n")
    rows = 0
    for name in ("train", "validation", "test"):
        rows += _encode_split(split / name, learned, job.output / name, answers=name != "test")
    notes = [f"{one.name} is left out: {one.reason}" for one in profiles if not one.kept]
    return Outcome(rows_in=rows, rows_out=rows, notes=notes)


def count(table: dd.DataFrame, kinds: Mapping[str, str], what: str) -> dict[str, Seen]:
    """What each feature holds over all parts, exactly, by counts that are merged."""

    def work(_: int, part: pd.DataFrame) -> dict[str, Seen]:
        return {name: _seen(part[name], kind) for name, kind in kinds.items()}

    counted = tables.each_part(table, work, what)
    return {name: reduce(_merge, (part[name] for part in counted)) for name in kinds}


def screen(name: str, kind: str, train: Seen, validation: Seen, rule: Screen) -> FeatureProfile:
    """The profile of one feature, and whether the model may use it."""
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    if kind == "number":
        edges = profile.decile_edges(train.numbers)
        shares = [profile.number_shares(seen.numbers, seen.missing, edges) for seen in (train, validation)]
        distinct = len(train.numbers[0])
    else:
        levels = tuple(level for level, _ in _ranked(train.levels)[: profile.LEVELS])
        counts = [{**seen.levels, "": seen.missing} for seen in (train, validation)]
        shares = [profile.category_shares(one, levels) for one in counts]
        distinct = len(train.levels)
    moved = profile.psi(*shares)
    reason = ""
    if distinct < 2:
        reason = "it has one value in training" if distinct else "it has no value in training"
    elif moved > rule.max_psi and rule.drifting == "leave out":
        reason = f"it drifts from training to validation: PSI {moved:.2f}, above {rule.max_psi:g}"
    return FeatureProfile(
        name=name,
        kind="number" if kind == "number" else "category",
        edges=edges,
        levels=levels,
        rows=train.rows,
        training=shares[0],
        validation=shares[1],
        psi=moved,
        missing=shares[0][-1],
        kept=not reason,
        reason=reason,
    )


def calibrate(profiles: list[FeatureProfile], tables_of_days: list[Path], time: str | None) -> list[FeatureProfile]:
    """The profiles with what is usual for a single day, from all days of the given tables."""
    columns = list(dict.fromkeys([*([time] if time else []), *(one.name for one in profiles)]))
    by_day = [_by_day(profiles, table, columns, time) for table in tables_of_days]
    merged = [drift.merge(days) for days in zip(*by_day, strict=True)]
    return [
        one.model_copy(update={"usual": drift.usual(one.training, days)})
        for one, days in zip(profiles, merged, strict=True)
    ]


def _by_day(profiles: list[FeatureProfile], table: Path, columns: list[str], time: str | None) -> list[Days]:
    starts = _starts(table)

    def work(number: int, part: pd.DataFrame) -> list[Days]:
        days = drift.days_of(part, time, starts[number], starts[-1])
        return [drift.count_by_day(one, part[one.name].to_numpy(), days) for one in profiles]

    counted = tables.each_part(tables.read(table, columns), work, f"days of {table.name}")
    return [drift.merge(days) for days in zip(*counted, strict=True)]


def _starts(table: Path) -> list[int]:
    """The number of each part's first row, and last that of all rows."""
    return [0, *accumulate(pq.read_metadata(path).num_rows for path in tables.parts(table))]


def learn_target(train: dd.DataFrame, task: Task) -> Target:
    """What training answers."""
    kind = "category" if task == "multiclass" else "number"
    seen = count(train, {tables.TARGET: kind}, "profiling the target")[tables.TARGET]
    if task == "multiclass":
        classes = tuple(sorted(seen.levels))
        return Target(task=task, classes=classes, shares=tuple(seen.levels[one] / seen.rows for one in classes))
    values, times = seen.numbers
    mean = float(np.average(values, weights=times))
    if task == "binary":
        return Target(task=task, shares=(mean,))
    return Target(task=task, mean=mean, scale=float(np.sqrt(np.average((values - mean) ** 2, weights=times))))


def learn(kept: list[FeatureProfile], train: dict[str, Seen], target: Target) -> Encoding:
    """The encoding of the features that are kept.

    Raises:
        DataError: no feature is left.
    """
    if not kept:
        raise DataError(
            "At least one feature must be left after the drift screen, and none is. Look at [features] and [screen]."
        )
    return Encoding(
        target=target,
        numbers=tuple(_number(one.name, train[one.name]) for one in kept if one.kind == "number"),
        categories=tuple(_category(one.name, train[one.name]) for one in kept if one.kind == "category"),
    )


def _number(name: str, seen: Seen) -> Number:
    low, median, high = profile.quantiles(seen.numbers, [0.25, 0.5, 0.75])
    values = seen.numbers[0]
    spread = high - low or (values[-1] - values[0]) / 2
    return Number(name=name, median=float(median), scale=float(spread), missing=seen.missing > 0)


def _category(name: str, seen: Seen) -> Category:
    ranked = [level for level, times in _ranked(seen.levels) if times >= MIN_COUNT]
    return Category(name=name, vocabulary=tuple(ranked[:MAX_LEVELS]))


def _ranked(levels: Counter[str]) -> list[tuple[str, int]]:
    return sorted(levels.items(), key=lambda item: (-item[1], item[0]))


def _seen(column: pd.Series, kind: str) -> Seen:
    missing = int(column.isna().sum())
    if kind == "number":
        values, times = np.unique(column.dropna().to_numpy("float32"), return_counts=True)
        return Seen(numbers=(values.astype("float64"), times), missing=missing)
    return Seen(levels=Counter({str(level): times for level, times in column.value_counts().items()}), missing=missing)


def _merge(one: Seen, other: Seen) -> Seen:
    values, places = np.unique(np.concatenate([one.numbers[0], other.numbers[0]]), return_inverse=True)
    times = np.bincount(places, weights=np.concatenate([one.numbers[1], other.numbers[1]]), minlength=len(values))
    return Seen((values, times.astype(np.int64)), one.levels + other.levels, one.missing + other.missing)


def _encode_split(table: Path, learned: Encoding, folder: Path, *, answers: bool) -> int:
    from pipeline.preprocessing import Encode, raw_tensors

    encoder = Encode(learned)
    categories = {one.name for one in learned.categories}
    columns = learned.features + ([tables.TARGET] if answers else [])
    starts = _starts(table)
    encoded = arrays.create(folder, starts[-1], len(learned.numbers), len(learned.categories), answers=answers)

    def work(number: int, part: pd.DataFrame) -> None:
        rows = slice(starts[number], starts[number + 1])
        numbers, codes = encoder(raw_tensors(part[learned.features], categories))
        encoded.numbers[rows], encoded.categories[rows] = numbers.numpy(), codes.numpy()
        if answers:
            encoded.target[rows] = learned.target.encoded(part[tables.TARGET])

    tables.each_part(tables.read(table, columns), work, f"encoding {folder.name}")
    return starts[-1]
