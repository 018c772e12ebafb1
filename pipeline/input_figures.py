"""The pictures of what a model rests on: how much each column is worth, and how the answer follows it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from pipeline.figures import STYLE, canvas, svg
from pipeline.strips import ACCENT, BASELINE, FAINT, INK, WARN, Facts, shown

MOST_COLUMNS = 30
MOST_CLASSES = 4
COLOURS = (ACCENT, WARN, BASELINE, INK)
LOOKS = ("o-", "s--", "^-.", "D:")
"""Of the classes: told apart by shape as well as by colour."""


def importance(columns: Sequence[Facts], metric: str) -> str:
    """By how much the loss rises when a column is shuffled, the most important first, with intervals."""
    most = columns[:MOST_COLUMNS]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(1060, 70 + 24 * len(most))
        for place, one in enumerate(most):
            colour = ACCENT if one["low"] > 0 else BASELINE
            axes.barh(place, one["value"], height=0.62, color=colour)
            axes.plot([one["low"], one["high"]], [place, place], color=INK, linewidth=1.2)
        axes.axvline(0, color=FAINT, linewidth=1)
        axes.set_yticks(range(len(most)), [shown(one["column"]) for one in most])
        axes.set(title=f"Rise of the {metric} when the column is shuffled", ylim=(len(most) - 0.4, -0.6))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(visible=False, axis="y")
        first = f" The most: {shown(most[0]['column'])}, {most[0]['value']:.4g}." if most else ""
        return svg(figure, "importance", f"Importance of {len(most)} columns.{first}")


def lines(evaluation: Facts) -> list[str]:
    """The answers that are drawn: of several classes the most frequent."""
    if evaluation["task"] == "multiclass":
        by_rows = sorted(evaluation["classes"], key=lambda one: -one["rows"])
        return [one["label"] for one in by_rows[:MOST_CLASSES]]
    return list(dict.fromkeys(name for one in evaluation["dependence"] for name in one["points"][0]["answers"]))


def reach(followed: Sequence[Facts], names: Sequence[str]) -> tuple[float, float]:
    """The lowest and the highest mean answer of all columns, so that one scale shows which of them moves it."""
    answers = [point["answers"][name] for one in followed for point in one["points"] for name in names]
    return min(answers, default=0.0), max(answers, default=1.0)


def dependence(followed: Facts, answer: str, names: Sequence[str], reach: tuple[float, float]) -> str:
    """The named mean answers against the values of one column, on a scale that has all of ``reach``."""
    points = followed["points"]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(340, 250)
        ordered = followed["type"] in ("number", "time")
        at = [_place(point["at"], followed["type"]) for point in points] if ordered else range(len(points))
        for name, colour, look in zip(names, COLOURS, LOOKS, strict=False):
            values = [point["answers"][name] for point in points]
            style = {"color": colour, "markersize": 5, "linewidth": 1.8, "label": shown(name, 14)}
            axes.plot(at, values, look if ordered else look[0], **style)
        if followed["type"] == "number":
            axes.xaxis.set_major_locator(MaxNLocator(5))
        elif followed["type"] == "time":
            dates = AutoDateLocator(maxticks=5)  # type: ignore[no-untyped-call] # Matplotlib has no types here
            axes.xaxis.set_major_locator(dates)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(dates))  # type: ignore[no-untyped-call] # likewise
        else:
            _name_levels(axes, [str(point["at"]) for point in points])
        axes.set_title(answer)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        room = 0.08 * (reach[1] - reach[0]) or 1.0
        axes.set_ylim(reach[0] - room, reach[1] + room)
        if len(names) > 1:
            figure.legend(loc="outside lower center", ncols=2, fontsize=10)
        unique = hashlib.sha256(followed["column"].encode()).hexdigest()[:8]
        return svg(figure, f"follows-{unique}", f"{answer} by {shown(followed['column'])} at {len(points)} values.")


def _place(at: float | str, kind: str) -> float | datetime:
    return datetime.fromisoformat(str(at)) if kind == "time" else float(at)


def _name_levels(axes: Axes, levels: Sequence[str]) -> None:
    axes.set_xticks(range(len(levels)), [shown(level, 10) for level in levels], rotation=35, ha="right", fontsize=10)
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.grid(visible=False, axis="x")
