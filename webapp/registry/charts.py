"""Pictures of curves: the numbers that a template draws as SVG, in the picture's own units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from webapp.registry.evaluation import Bin, Confusion, Measured, Tenth

WIDTH, HEIGHT = 320.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 18.0, 8.0, 40.0
STEPS = (0.05, 0.1, 0.2, 0.25)
MOST_TICKS = 6
MOST_CLASSES = 4
"""Classes whose calibration is drawn."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A line across the picture, and what is written at its end."""

    at: float
    text: str


@dataclass(frozen=True)
class Bar:
    """An interval with its figure."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One version's curve: its points as SVG has them, and its intervals if it has any."""

    of: str
    points: str
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A picture with two axes of shares.

    Attributes:
        reference: the points of the dotted line, which a guess (or a model that can be taken at its word) has.
        lines: the live version's first, so that the other one is drawn above it.
        mark: where the threshold puts the version.
    """

    title: str
    x: str
    y: str
    note: str
    ticks: tuple[tuple[Tick, Tick], ...]
    reference: str
    lines: tuple[Line, ...]
    mark: Point | None = None


def charts(here: Measured, live: Measured) -> list[Chart]:
    """The pictures of what was measured of a version, each beside the live version's where that has one too."""
    curves, of_live = here.curves.model, live.curves.model.calibration
    found = []
    if isinstance(curves.calibration, dict):
        theirs = of_live if isinstance(of_live, dict) else {}
        for label, bins in list(curves.calibration.items())[:MOST_CLASSES]:
            found.append(_calibration(bins, theirs.get(label, ()), f"Calibration of {label}"))
    elif curves.calibration:
        found.append(_calibration(curves.calibration, () if isinstance(of_live, dict) else of_live))
    if here.deciles:
        found.append(_tenths(here.deciles, live.deciles))
    if curves.roc:
        found.append(_roc(here, live))
    if curves.precision_recall:
        found.append(_precision_recall(here, live))
    return found


def _calibration(here: Sequence[Bin], live: Sequence[Bin], title: str = "Calibration") -> Chart:
    most = max(max(one.predicted, one.high) for one in (*here, *live))
    end = min(1.0, ceil(most * 10) / 10) or 1.0

    def line(of: str, bins: Sequence[Bin]) -> Line:
        bars = tuple(
            Bar(_x(one.predicted, end), _y(one.observed, end), _y(one.low, end), _y(one.high, end)) for one in bins
        )
        return Line(of, " ".join(f"{bar.x},{bar.y}" for bar in bars), bars)

    return Chart(
        title,
        "predicted",
        "came true",
        "On the dotted line, what is predicted with 30 % comes true 30 times in 100.",
        _ticks(end),
        f"{_x(0, end)},{_y(0, end)} {_x(end, end)},{_y(end, end)}",
        tuple(line(of, bins) for of, bins in (("live", live), ("here", here)) if bins),
    )


def _tenths(here: Sequence[Tenth], live: Sequence[Tenth]) -> Chart:
    ends = [value for one in (*here, *live) for value in (one.predicted, one.actual)]
    low, span = min(ends), (max(ends) - min(ends)) or 1.0

    def points(tenths: Sequence[Tenth]) -> list[Point]:
        return [((one.predicted - low) / span, (one.actual - low) / span) for one in tenths]

    marks = [number / 4 for number in range(5)]
    return Chart(
        "Predicted and actual",
        "predicted",
        "came true",
        "The means of tenths of the rows by what was predicted. On the dotted line they are what came true.",
        tuple((Tick(_x(one), f"{low + one * span:.3g}"), Tick(_y(one), f"{low + one * span:.3g}")) for one in marks),
        _points([(0.0, 0.0), (1.0, 1.0)]),
        _lines(points(here), points(live)),
    )


def _roc(here: Measured, live: Measured) -> Chart:
    return Chart(
        "ROC curve",
        "false alarms",
        "found",
        "Of the rows that are no, those called yes; of those that are yes, those found. The dot is the threshold.",
        _ticks(1.0),
        _points([(0.0, 0.0), (1.0, 1.0)]),
        _lines(here.curves.model.roc, live.curves.model.roc),
        _mark(here.confusion, lambda told: (_false_alarms(told), _recall(told))),
    )


def _precision_recall(here: Measured, live: Measured) -> Chart:
    share = _share(here.positives or 0, here.rows)
    return Chart(
        "Precision and recall",
        "found",
        "right when it says yes",
        "What finding more costs. The dotted line is a guess, the dot the threshold.",
        _ticks(1.0),
        _points([(0.0, share), (1.0, share)]),
        _lines(here.curves.model.precision_recall, live.curves.model.precision_recall),
        _mark(here.confusion, lambda told: (_recall(told), _precision(told))),
    )


def _lines(here: Sequence[Point], live: Sequence[Point]) -> tuple[Line, ...]:
    return tuple(Line(of, _points(points)) for of, points in (("live", live), ("here", here)) if points)


def _mark(told: object, place: Callable[[Confusion], Point]) -> Point | None:
    if not isinstance(told, Confusion):
        return None
    x, y = place(told)
    return _x(x), _y(y)


def _ticks(end: float) -> tuple[tuple[Tick, Tick], ...]:
    step = next(step for step in STEPS if end / step <= MOST_TICKS)
    numbers = [step * number for number in range(round(end / step) + 1)]
    return tuple((Tick(_x(one, end), f"{one:.0%}"), Tick(_y(one, end), f"{one:.0%}")) for one in numbers)


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_x(x)},{_y(y)}" for x, y in points)


def _x(share: float, end: float = 1.0) -> float:
    return round(LEFT + share / end * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float, end: float = 1.0) -> float:
    return round(HEIGHT - BOTTOM - share / end * (HEIGHT - TOP - BOTTOM), 1)


def _false_alarms(told: Confusion) -> float:
    return _share(told.false_positive, told.false_positive + told.true_negative)


def _recall(told: Confusion) -> float:
    return _share(told.true_positive, told.true_positive + told.false_negative)


def _precision(told: Confusion) -> float:
    return _share(told.true_positive, told.true_positive + told.false_positive)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
