"""Pictures of a model's days, as shapes that a template draws. All lengths are in the picture's own units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from bundle.monitoring import DayReport, Drift, Realised, VersionDay

WIDTH, HEIGHT = 560, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 26
CELL, LABELS = 22, 150
MOST_FEATURES = 15
LARGE = 0.25
"""The stability index from which a shift is called large, where no days are known that it could be compared with."""
SHADES = (0.25, 0.5, 0.75, 1.0)
"""The parts of what is usual for a day from which a cell of the map is darker."""


@dataclass(frozen=True)
class Dot:
    """A value on its day."""

    x: float
    y: float
    tone: str
    said: str


@dataclass(frozen=True)
class Line:
    """Values joined from day to day, broken where a day has none; and the band of their intervals."""

    tone: str
    points: tuple[str, ...]
    bands: tuple[str, ...] = ()
    dots: tuple[Dot, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A level across the picture."""

    y: float
    tone: str
    said: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    said: str


@dataclass(frozen=True)
class Chart:
    """Lines over the days."""

    title: str
    keys: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    rules: tuple[Rule, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


@dataclass(frozen=True)
class Cell:
    """One feature on one day."""

    x: float
    y: float
    tone: int
    drifted: bool
    said: str


@dataclass(frozen=True)
class Map:
    """Features by days: the darker, the further from training, beside how far single days of training are."""

    rows: tuple[Tick, ...]
    across: tuple[Tick, ...]
    cells: tuple[Cell, ...]
    width: float
    height: float
    cell: int = CELL
    left: int = LABELS


@dataclass(frozen=True)
class Series:
    """Values by day, None where there is none, with their intervals."""

    tone: str
    said: str
    values: Sequence[float | None]
    lows: Sequence[float | None] = ()
    highs: Sequence[float | None] = ()


def answers(days: Sequence[DayReport]) -> Chart:
    """What was answered, and what came true: the mean of each day."""
    labels = any(one.task == "multiclass" for day in days for one in day.versions)
    words = "probability of the label given, on average" if labels else "answered, on average"
    answered = Series("here", words, [_mean(day, lambda one: one.mean_answer) for day in days])
    came = Series(
        "live",
        "share that came true" if labels else "came true",
        [_mean(day, lambda one: one.mean_outcome) for day in days],
    )
    return chart("Answered and came true", days, [answered, came])


def metrics(days: Sequence[DayReport]) -> list[Chart]:
    """Each metric that a requirement speaks of, with its interval, the requirement, and its value on the hold-out."""
    names = dict.fromkeys(one.metric for day in days for one in required(day))
    return [_metric(days, name) for name in names]


def drift(days: Sequence[DayReport]) -> Map | None:
    """The features that went furthest, by day; None where no day was judged."""
    found: dict[str, dict[int, Drift]] = {}
    for at, day in enumerate(days):
        for one in _drift(day):
            found.setdefault(one.name, {})[at] = one
    if not found:
        return None

    def worst(name: str) -> tuple[int, float]:
        return -sum(one.drifted for one in found[name].values()), -max(map(_part, found[name].values()))

    ranked = sorted(found, key=lambda name: (worst(name), name))[:MOST_FEATURES]
    cells = [
        Cell(LABELS + at * CELL, 4 + row * CELL, _tone(one), one.drifted, _said(days[at].day, one))
        for row, name in enumerate(ranked)
        for at, one in found[name].items()
    ]
    bottom = 4 + len(ranked) * CELL
    return Map(
        rows=tuple(Tick(4 + (row + 0.7) * CELL, name) for row, name in enumerate(ranked)),
        across=tuple(Tick(LABELS + (at + 0.5) * CELL, days[at].day[5:]) for at in _marked(len(days), 10)),
        cells=tuple(cells),
        width=LABELS + max(len(days), 12) * CELL + 30,
        height=bottom + 20,
    )


def chart(title: str, days: Sequence[DayReport], series: Sequence[Series], rules: Sequence[Rule] = ()) -> Chart:
    """Series over the days; the ``y`` of each rule is a value, on the same scale."""
    ends = [value for one in series for value in (*one.values, *one.lows, *one.highs) if value is not None]
    ends += [rule.y for rule in rules]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    room = (high - low) * 0.08 or 0.05
    low, high = low - room, high + room

    def across(at: int) -> float:
        return round(LEFT + (at + 0.5) / len(days) * (WIDTH - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - TOP), 1)

    def drawn(one: Series) -> Line:
        places = [(across(at), up(value)) for at, value in enumerate(one.values) if value is not None]
        there = [at for at, value in enumerate(one.values) if value is not None]
        bands = []
        if one.lows and one.highs:
            for run in _runs([at for at in there if one.lows[at] is not None and one.highs[at] is not None]):
                above = [f"{across(at)},{up(_number(one.highs[at]))}" for at in run]
                below = [f"{across(at)},{up(_number(one.lows[at]))}" for at in reversed(run)]
                bands.append(" ".join([*above, *below]))
        points = [" ".join(f"{across(at)},{up(_number(one.values[at]))}" for at in run) for run in _runs(there)]
        dots = [
            Dot(x, y, one.tone, f"{days[at].day}: {one.said} {_number(one.values[at]):.4f}")
            for at, (x, y) in zip(there, places, strict=True)
        ]
        return Line(one.tone, tuple(points), tuple(bands), tuple(dots))

    steps = [low + room + (high - low - 2 * room) * part / 3 for part in range(4)]
    return Chart(
        title=title,
        keys=tuple((one.tone, one.said) for one in series),
        lines=tuple(drawn(one) for one in series),
        rules=tuple(Rule(up(rule.y), rule.tone, rule.said) for rule in rules),
        across=tuple(Tick(across(at), days[at].day[5:]) for at in _marked(len(days), 8)),
        up=tuple(Tick(up(step), f"{step:.3f}") for step in steps),
    )


def main(day: DayReport) -> VersionDay | None:
    """The version that answered most rows of the day; None where the day has none."""
    return max(day.versions, key=lambda one: (one.rows, one.version), default=None)


def required(day: DayReport) -> list[Realised]:
    """What came true of the metrics that a requirement speaks of, by the version that answered most rows."""
    version = main(day)
    realised = version.realised if version else ()
    return [one for one in realised if one.minimum is not None or one.maximum is not None]


def _metric(days: Sequence[DayReport], name: str) -> Chart:
    found = [next((one for one in required(day) if one.metric == name), None) for day in days]
    last = next(one for one in reversed(found) if one is not None)
    rules = [
        Rule(value, tone, said)
        for value, tone, said in (
            (last.minimum, "limit", "at least"),
            (last.maximum, "limit", "at most"),
            (last.hold_out, "hold-out", "hold-out"),
        )
        if value is not None
    ]
    values = Series(
        "here",
        name,
        [one.value if one else None for one in found],
        [one.low if one else None for one in found],
        [one.high if one else None for one in found],
    )
    return chart(name, days, [values], rules)


def _drift(day: DayReport) -> tuple[Drift, ...]:
    version = main(day)
    return version.drift if version else ()


def _mean(day: DayReport, of: Callable[[VersionDay], float | None]) -> float | None:
    told = [(one.rows, value) for one in day.versions if (value := of(one)) is not None]
    rows = sum(count for count, _ in told)
    return sum(count * value for count, value in told) / rows if rows else None


def _part(one: Drift) -> float:
    """How far the feature is, as a part of what single days of training reach."""
    return one.psi / (one.usual or LARGE)


def _said(day: str, one: Drift) -> str:
    usual = f", usually at most {one.usual:.2f}" if one.usual is not None else ""
    return f"{one.name} on {day}: PSI {one.psi:.3f}{usual}{', drifted' if one.drifted else ''}"


def _tone(one: Drift) -> int:
    """The shade of a cell, from 0 to 4."""
    return sum(_part(one) >= limit for limit in SHADES)


def _number(value: float | None) -> float:
    assert value is not None  # noqa: S101 - asked for days that have one alone
    return value


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Days that follow each other, together."""
    return [[at for _, at in run] for _, run in groupby(enumerate(places), lambda pair: pair[1] - pair[0])]


def _marked(number: int, most: int) -> range:
    return range(0, number, max(1, -(-number // most)))
