"""What was measured of a version on its hold-out, as its folder has it: by slice, and as curves.

Another release may have measured other things: what is not there is not shown.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ValidationError

from bundle.manifest import Clause
from webapp.registry.evidence import Figure, drawn
from webapp.registry.models import Version

NAME = "assets.extra/evaluation.json"
AT_FIRST = 8
"""Slices of a column that are shown before somebody asks for more."""


class Interval(BaseModel):
    """A metric with its interval; without a value where the rows can't tell."""

    value: float | None
    low: float | None
    high: float | None


class Group(BaseModel):
    """The rows with one value of a column."""

    value: str
    rows: int
    positives: int | None = None
    mean: float | None = None
    metrics: dict[str, Interval | None]

    @property
    def answers(self) -> str:
        """What these rows answer, in a figure where there is one."""
        if self.positives is not None:
            return f"{100 * self.positives / self.rows if self.rows else 0.0:.1f} %"
        return "" if self.mean is None else f"{self.mean:.4g}"


class Bin(BaseModel):
    """Rows with about the same prediction: what was predicted of them on average, and what came true."""

    predicted: float
    observed: float
    low: float
    high: float


class Confusion(BaseModel):
    """How many rows were rightly and wrongly called yes and no."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


class Labels(BaseModel):
    """Which labels were taken for which: for each label the rows that were called each label."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def rows(self) -> list[tuple[str, list[tuple[int, bool]]]]:
        """Each label with its counts, and whether each counts what is right."""
        return [
            (label, [(count, at == place) for at, count in enumerate(row)])
            for place, (label, row) in enumerate(zip(self.labels, self.counts, strict=True))
        ]


class Tenth(BaseModel):
    """Rows with about the same prediction: what was predicted, and what came true, on average."""

    predicted: float
    actual: float


class Curves(BaseModel):
    """The curves of one model, each a list of points; the calibration of labels is told for each of them."""

    roc: tuple[tuple[float, float], ...] = ()
    precision_recall: tuple[tuple[float, float], ...] = ()
    calibration: tuple[Bin, ...] | dict[str, tuple[Bin, ...]] = ()


class OfModel(BaseModel):
    """The curves of the version, among those of its baselines."""

    model: Curves = Curves()


class Measured(BaseModel):
    """What is shown of the file; it has more."""

    rows: int = 0
    positives: int = 0
    metrics: dict[str, Interval] = {}
    confusion: Confusion | Labels | None = None
    deciles: tuple[Tenth, ...] = ()
    curves: OfModel = OfModel()
    slices: dict[str, tuple[Group, ...]] = {}


@dataclass(frozen=True)
class Slice:
    """The rows with one value of a column; ``worse`` where the whole interval is on the wrong side of all rows'."""

    value: str
    rows: int
    answers: str
    figure: Figure | None
    worse: bool = False


@dataclass(frozen=True)
class Slices:
    """A column's slices by the metric that they are judged by, the worst first; all rows are on the same scale."""

    column: str
    metric: str
    heading: str
    overall: Figure
    shown: tuple[Slice, ...]
    more: tuple[Slice, ...]


def read(version: Version) -> Measured:
    """What was measured; nothing where the file is not the one that was published, or of another make."""
    content = version.published(NAME)
    try:
        return Measured.model_validate_json(content) if content else Measured()
    except ValidationError:
        return Measured()


def slices(measured: Measured, clauses: tuple[Clause, ...]) -> list[Slices]:
    """Every column's slices, judged by the first metric that the requirements name and that slices have."""
    judged = _judged(clauses)
    found = []
    for column, groups in measured.slices.items():
        for metric, better in judged.items():
            every = _figure(measured.metrics.get(metric))
            told = [(group, _figure(group.metrics.get(metric))) for group in groups]
            if every and any(figure for _, figure in told):
                found.append(_by_column(column, metric, every, told, better))
                break
    return found


def _judged(clauses: tuple[Clause, ...]) -> dict[str, Literal[1, -1]]:
    """The metrics that the requirements set a limit to, and which way is better."""
    found: dict[str, Literal[1, -1]] = {}
    for clause in clauses:
        if clause.kind in ("value", "slices"):
            found.setdefault(clause.metric, -1 if clause.at_most else 1)
    return found


def _figure(told: Interval | None) -> Figure | None:
    return None if told is None or told.value is None else Figure(told.value, told.low, told.high)


def _by_column(
    column: str, metric: str, every: Figure, groups: list[tuple[Group, Figure | None]], better: Literal[1, -1]
) -> Slices:
    """The slices, those first whose interval says most surely that they are worse; small ones can't say much."""

    def best_case(figure: Figure) -> float:
        end = figure.high if better > 0 else figure.low
        return better * (figure.value if end is None else end)

    told = sorted(((group, figure) for group, figure in groups if figure), key=lambda pair: best_case(pair[1]))
    figures = [every, *(figure for _, figure in told)]
    placed = drawn(figures, among=figures[: AT_FIRST + 1])
    found = [
        Slice(group.value, group.rows, group.answers, place, best_case(figure) < better * every.value)
        for (group, figure), place in zip(told, placed[1:], strict=True)
    ]
    found += [Slice(group.value, group.rows, group.answers, None) for group, figure in groups if figure is None]
    first = groups[0][0]
    heading = "yes" if first.positives is not None else "" if first.mean is None else "mean"
    return Slices(column, metric, heading, placed[0], tuple(found[:AT_FIRST]), tuple(found[AT_FIRST:]))
