"""Encode: learn from the training split how features become numbers, screen them, and encode every split.

Everything is read twice: once to count what each feature holds, once to encode it. What single days hold, and what a
feature alone tells of the answer, is counted in the second reading.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bundle import profile
from bundle.profile import Bins, FeatureProfile, Profile
from pipeline import arrays, drift, encoding, leaks, scaling, seen, steps, tables, target_encoding, texts
from pipeline.drift import Days
from pipeline.encoding import Category, Encoding, Target
from pipeline.errors import DataError
from pipeline.job import Job, Outcome
from pipeline.leaks import Floats
from pipeline.problem import Problem, Screen, Task
from pipeline.seen import Numbers, Seen, Texts
from pipeline.target_encoding import Crossed

if TYPE_CHECKING:  # TensorFlow is not imported before it is needed
    from pipeline.preprocessing import Encode

MIN_COUNT = 5
"""A level that training saw less often is treated as unknown, so that the unknown has something to learn from."""
FEW = 50
"""The levels of a category that have fewer rows each on average are told by what training answers with each; those that
have as many are embedded beside."""
MIN_COUNT_TOLD = 2
"""A level of such a category that training saw less often is treated as unknown."""
MAX_LEVELS = 100_000
MAX_TOLD = 200_000
"""Levels of such a category by outputs, of which each is told."""
CHANCE = 0.001
"""A difference that chance makes more often than this is no drift."""
OTHER = "\0"
"""Stands for the texts that are no longer counted one by one."""


@dataclass(frozen=True)
class Counted:
    """What was counted of a split while it was encoded: of each feature its days, and its answers by fine bins."""

    days: list[Days]
    answers: list[Floats]


def encode(job: Job) -> Outcome:
    """Write ``encoding.json``, ``profile.json``, and each split's arrays: ``numbers``, ``categories``, ``target``.

    The hold-out gets no ``target``: nothing before Evaluate reads its answers.
    """
    problem, split = job.problem, job.inputs["split"]
    kinds: dict[str, str] = dict(problem.kinds())
    answer = {tables.TARGET: "category" if problem.task == "multiclass" else "number"}
    weights, notes = texts.learn(problem, split / "train")
    texts.write(weights, job.output)
    load = texts.Reader(problem, weights).load
    train = seen.look(split / "train", kinds | answer, "profiling train", load)
    validation = seen.look(split / "validation", kinds, "profiling validation", load)
    target = learn_target(train[tables.TARGET], split / "train", problem.task)
    screened = [screen(name, train[name], validation[name], problem.screen) for name in kinds]
    learned = learn([one for one in screened if one.kept], train, target, problem.features.winsorise)
    learned, crossed = target_encoding.learn(learned, split / "train", load, problem)
    encoding.write(learned, job.output)
    fine = [leaks.bins_of(name, train[name], target) for name in kinds]
    counted = {
        name: _encode_split(
            split / name,
            load,
            learned,
            crossed if name == "train" else {},
            job.output / name,
            problem,
            screened,
            fine,
            train[tables.TARGET],
        )
        for name in ("train", "validation", "test")
    }
    profiles = [
        judged(one, train[one.name], [counted[name] for name in ("train", "validation")], place, target, problem.screen)
        for place, one in enumerate(screened)
    ]
    reference = Profile(max_psi=problem.screen.max_psi, features=tuple(profiles))
    (job.output / profile.NAME).write_text(reference.model_dump_json(indent=1) + "\n")
    rows = sum(tables.starts(split / name)[-1] for name in counted)
    notes += [f"{one.name} is left out: {one.reason}" for one in profiles if not one.kept]
    notes += [
        f"{one.name} is target-encoded: of {len(one.vocabulary):,} known levels {one.embedded:,} are embedded"
        for one in learned.categories
        if one.means
    ]
    notes += [note for one in learned.numbers if (note := coarse(one.name, train[one.name]))]
    notes += [
        f"{one.name} may be a leak: {one.leak}" + (" (waived)" if one.waived else "") for one in profiles if one.leak
    ]
    return Outcome(rows_in=rows, rows_out=rows, notes=notes)


def screen(name: str, train: Seen, validation: Seen, rule: Screen) -> FeatureProfile:
    """The profile of one feature, and whether the model may use it."""
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    if isinstance(train, Numbers) and isinstance(validation, Numbers):
        edges = profile.decile_edges(train.counts)
        shares = [profile.number_shares(one.counts, one.missing, edges) for one in (train, validation)]
    elif isinstance(train, Texts) and isinstance(validation, Texts):
        levels = tuple(level for level, _ in train.ranked(profile.LEVELS))
        counts = [{**one.levels, OTHER: one.others, "": one.missing} for one in (train, validation)]
        shares = [profile.category_shares(one, levels) for one in counts]
    moved, by_rule = profile.psi(*shares), rule.drifting == "leave out"
    reason = ""
    if train.distinct + (train.missing > 0) < 2:
        reason = "it has one value in training" if train.distinct else "it has no value in training"
    elif moved > rule.max_psi and by_rule and chance(shares, train, validation) < CHANCE:
        reason = f"it drifts from training to validation: PSI {moved:.2f}, above {rule.max_psi:g}"
    return FeatureProfile(
        name=name,
        kind="number" if isinstance(train, Numbers) else "category",
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


def coarse(name: str, held: Seen) -> str:
    """What is to be said of a number whose values are hardly told apart as float32; nothing of any other."""
    values, times = held.counts  # type: ignore[union-attr] # of a number
    _, deviation = steps.deviation(times, values)
    largest = float(np.abs(values).max())
    step = steps.coarse(largest, deviation)
    if step is None or (held.whole and step < 1):  # type: ignore[union-attr] # likewise; float32 has them as they are
        return ""
    return (
        f"{name} is known in steps of {step:g} at {largest:.9g}, and its standard deviation is {deviation:.3g}: "
        "bring it without what all values have in common"
    )


def chance(shares: list[tuple[float, ...]], train: Seen, validation: Seen) -> float:
    """How likely it is that rows of one kind differ so: a few rows differ much by chance alone."""
    return drift.by_chance(shares[0], train.rows, np.asarray(shares[1]) * validation.rows)


def judged(
    one: FeatureProfile, held: Seen, counted: list[Counted], place: int, target: Target, rule: Screen
) -> FeatureProfile:
    """The profile with what is usual for a single day, and with what the feature alone tells of the answer."""
    days = drift.merge([split.days[place] for split in counted])
    training, validation = (split.answers[place] for split in counted)
    alone = leaks.score(training, validation, target)
    leak = leaks.reason(alone, held, rule.max_alone) if one.kept else ""
    return one.model_copy(
        update={
            "usual": drift.usual(one.training, days),
            "alone": float(f"{alone:.6g}"),
            "leak": leak,
            "waived": rule.waive.get(one.name, "") if leak else "",
        }
    )


def learn_target(answers: Seen, train: Path, task: Task) -> Target:
    """What training answers."""
    if isinstance(answers, Texts):
        classes = tuple(sorted(answers.levels))
        return Target(task=task, classes=classes, shares=tuple(answers.levels[one] / answers.rows for one in classes))
    values, times = answers.counts
    mean = float(np.average(values, weights=times))
    if task == "binary":
        return Target(task=task, shares=(mean,))
    mean, scale = _spread(train, mean)
    return Target(task=task, mean=mean, scale=scale)


def _spread(train: Path, around: float) -> tuple[float, float]:
    """The mean and the standard deviation of the answers, to the digits that do not depend on how rows are parted."""

    def sums(_: int, part: tables.Part) -> tuple[int, float, float]:
        off = tables.load(part, [tables.TARGET])[tables.TARGET].to_numpy().astype("float64") - around
        return len(off), float(off.sum()), float((off**2).sum())

    rows, first, second = (sum(each) for each in zip(*tables.over(tables.slices(train), sums, "answers"), strict=True))
    off = first / rows
    return float(f"{around + off:.9g}"), float(f"{np.sqrt(second / rows - off**2):.9g}")


def learn(
    kept: list[FeatureProfile], train: dict[str, Seen], target: Target, winsorise: dict[str, tuple[float, float]]
) -> Encoding:
    """The encoding of the features that are kept.

    Raises:
        DataError: no feature is left.
    """
    if not kept:
        raise DataError(
            "At least one feature must be left after the drift screen, and none is. Look at [features] and [screen]."
        )
    numbers, categories = [], []
    for one in kept:
        held = train[one.name]
        if isinstance(held, Numbers):
            numbers.append(scaling.number(one.name, held.counts, winsorise.get(one.name), missing=held.missing > 0))
        else:
            categories.append(_category(one.name, held, max(1, len(target.classes))))
    return Encoding(target=target, numbers=tuple(numbers), categories=tuple(categories))


def _category(name: str, held: Texts, outputs: int) -> Category:
    told = held.rows - held.missing < FEW * held.distinct
    least = MIN_COUNT_TOLD if told else MIN_COUNT
    frequent = Texts(Counter({level: times for level, times in held.levels.items() if times >= least}))
    ranked = frequent.ranked(min(MAX_LEVELS, MAX_TOLD // outputs) if told else MAX_LEVELS)
    return Category(
        name=name,
        vocabulary=tuple(level for level, _ in ranked),
        embedded=sum(times >= FEW for _, times in ranked) if told else None,
    )


def _encode_split(
    table: Path,
    load: seen.Load,
    learned: Encoding,
    crossed: Crossed,
    folder: Path,
    problem: Problem,
    screened: list[FeatureProfile],
    fine: list[Bins],
    held: Seen,
) -> Counted:
    """Encode a split; count its days and its answers, but not those of the hold-out. ``held`` are those of training.

    ``crossed`` are the means that the rows of training see of their levels; other rows see those of the encoding.
    """
    from pipeline.preprocessing import Encode

    encoder, time, target = Encode(learned), problem.split.time, learned.target
    held_out = folder.name == "test"
    starts = tables.starts(table)
    arrays.create(folder, starts[-1], len(learned.taken), len(learned.categories), answers=not held_out)
    group = problem.split.group if crossed else None
    names = [*learned.features, *([group] if group else [])]
    if not held_out:
        names += [*(one.name for one in screened), tables.TARGET, *([time] if time else [])]

    def work(number: int, part: tables.Part) -> Counted:
        rows = load(part, list(dict.fromkeys(names)))
        answers = np.empty(0, np.float32)
        if not held_out:
            answers = target.encoded(rows.select([tables.TARGET]).to_pandas()[tables.TARGET])
        folds = target_encoding.folds(rows, starts[number], group) if crossed else None
        encoded = _encoded(rows, answers, encoder, crossed, folds)
        arrays.put(encoded, folder, starts[number])
        return Counted([], []) if held_out else count(rows, number, answers)

    def count(rows: pa.Table, number: int, answers: npt.NDArray[np.float32]) -> Counted:
        when = rows.select([time] if time else []).to_pandas()
        frame = when if time else when.reindex(range(rows.num_rows))
        days = np.unique(drift.days_of(frame, time, starts[number], starts[-1]), return_inverse=True)
        compared, counts = leaks.comparable(answers, held, target), Counted([], [])
        for coarse, finer in zip(screened, fine, strict=True):
            binned, finely = seen.places((coarse, finer), rows[coarse.name])
            counts.days.append(drift.by_day(binned, len(coarse.labels()), days))
            counts.answers.append(leaks.table(finely, len(finer.labels()), compared, target))
        return counts

    counted = tables.over(tables.slices(table), work, f"encoding {folder.name}")
    return Counted(
        [drift.merge(days) for days in zip(*(one.days for one in counted), strict=True)],
        [leaks.together(answers) for answers in zip(*(one.answers for one in counted), strict=True)],
    )


def _encoded(
    rows: pa.Table,
    answers: npt.NDArray[np.float32],
    encoder: "Encode",
    crossed: Crossed,
    folds: npt.NDArray[np.int64] | None,
) -> arrays.Arrays:
    """The rows as the network takes them; ``folds`` are those of rows of training, which see ``crossed`` means."""
    learned = encoder.encoding
    encoded = arrays.Arrays(
        np.empty((len(rows), len(learned.taken)), np.float32),
        np.empty((len(rows), len(learned.categories)), np.int32),
        answers,
    )
    for place, one in enumerate(learned.numbers):
        encoded.numbers[:, place] = encoder.number(one.name, seen.floats(rows[one.name]))
    after = len(learned.numbers)
    for place, category in enumerate(learned.categories):
        codes, places = encoder.levels(category.name, rows[category.name])
        encoded.categories[:, place] = np.asarray(encoder.embedded(category.name, codes))[places]
        for at, mean in enumerate(encoder.means(category.name, codes)):
            told = np.asarray(mean)[places] if folds is None else crossed[category.name][at][codes[places], folds]
            encoded.numbers[:, after + at] = told
        after += len(category.means)
    return encoded
