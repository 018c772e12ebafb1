"""The pictures of a model's report: each public function draws one and returns it as SVG for an HTML page."""

import hashlib
import io
import warnings
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bundle.figure import shown as told
from pipeline.strips import ACCENT, BASELINE, FAINT, INK, MUTED, PALETTE, WARN, Facts, shown, themed

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it takes the page's font, and can be searched
    "svg.hashsalt": "plumbline",  # the same picture has the same bytes
    "text.parse_math": False,  # a dollar sign in the data is a dollar sign
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelpad": 6,
    "axes.titlecolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALETTE["line"],
    "grid.linewidth": 1,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "lines.linewidth": 2,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
}
REFERENCE: dict[str, Any] = {"color": BASELINE, "linewidth": 1, "linestyle": (0, (1.5, 3))}
LIMIT: dict[str, Any] = {"color": INK, "linewidth": 1, "linestyle": (0, (4, 3))}
PLATE: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # keeps lines out of a text
PIXELS_PER_INCH = 72  # what an SVG of Matplotlib's has: sizes here are CSS pixels
MOST_VALUES = 20  # of a slicing column in one picture
MOST_FEATURES = 40
CELLS = {"true_positive": (0, 0), "false_negative": (1, 0), "false_positive": (0, 1), "true_negative": (1, 1)}
SMALLEST_PSI = 0.001  # where the logarithmic axis begins


def roc(evaluation: Facts) -> str:
    """Recall against the false positive rate, with the point where the threshold puts the model."""
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 400)
        axes.plot([0, 1], [0, 1], **REFERENCE)
        label = _draw_curves(axes, evaluation, "roc", "roc_auc")
        counts = evaluation["confusion"]
        rate = _share(counts["false_positive"], counts["false_positive"] + counts["true_negative"])
        _mark_threshold(axes, rate, _recall(counts), evaluation["threshold"])
        _unit_square(axes, "False positive rate", "Recall")
        axes.legend(loc="lower right")
        return svg(figure, "roc", f"ROC curves. Area under them: {label}.")


def precision_recall(evaluation: Facts) -> str:
    """Precision against recall, with the point where the threshold puts the model."""
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 400)
        share = _share(evaluation["positives"], evaluation["rows"])
        axes.axhline(share, **REFERENCE)
        label = _draw_curves(axes, evaluation, "precision_recall", "pr_auc")
        counts = evaluation["confusion"]
        precision = _share(counts["true_positive"], counts["true_positive"] + counts["false_positive"])
        _mark_threshold(axes, _recall(counts), precision, evaluation["threshold"])
        _unit_square(axes, "Recall", "Precision")
        axes.legend(loc="upper right")
        return svg(figure, "precision-recall", f"Precision-recall curves. Area under them: {label}.")


def calibration(evaluation: Facts) -> str:
    """The observed share of positives against the predicted one, above the rows in each bin."""
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 400, rows=(4, 1))
        above, below = axes
        curves = {name: curve["calibration"] for name, curve in evaluation["curves"].items()}
        end = 1.04 * max(max(bin_["predicted"], bin_["high"]) for bins in curves.values() for bin_ in bins)
        above.plot([0, 1], [0, 1], **REFERENCE)
        for name, bins in curves.items():
            _draw_calibration(above, name, bins)
        _draw_bin_rows(below, curves["model"], end)
        above.set(title="Observed share of positives", xlim=(0, end), ylim=(0, end))
        above.tick_params(labelbottom=False)
        above.legend(loc="upper left")
        return svg(figure, "calibration", _calibration_label(curves["model"]))


def confusion(evaluation: Facts) -> str:
    """The counts of right and wrong answers at the threshold, shaded by their share of the actual class."""
    counts = evaluation["confusion"]
    actual_rows = {
        "positive": counts["true_positive"] + counts["false_negative"],
        "negative": counts["false_positive"] + counts["true_negative"],
    }
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 400)
        for name, place in CELLS.items():
            rows = actual_rows["negative" if place[1] else "positive"]
            _draw_cell(axes, place, name, counts[name], _share(counts[name], rows))
        axes.set(xlim=(-0.03, 2), ylim=(2, -0.03), xticks=[0.49, 1.49], yticks=[0.49, 1.49])
        axes.set_xticklabels(["Predicted positive", "Predicted negative"])
        axes.set_yticklabels(["Actual positive", "Actual negative"], rotation=90, va="center")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        words = ", ".join(f"{count:,} {name.replace('_', ' ')}s" for name, count in counts.items())
        return svg(figure, "confusion", f"Confusion matrix: {words}.")


def learning(history: Facts) -> str:
    """Training and validation loss by epoch, the best epoch marked."""
    epochs, best = history["epochs"], history["best_epoch"]
    numbers = range(1, len(epochs) + 1)
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 330)
        axes.plot(numbers, [epoch["loss"] for epoch in epochs], color=BASELINE, dashes=(4, 2), label="Training")
        axes.plot(numbers, [epoch["val_loss"] for epoch in epochs], color=ACCENT, label="Validation")
        loss = epochs[best]["val_loss"]
        axes.axvline(best + 1, color=FAINT, linewidth=1)
        axes.plot(best + 1, loss, "o", color=ACCENT, markersize=8, markeredgecolor="white", label="Best epoch")
        axes.set(title="Loss", xlabel="Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        figure.legend(loc="outside lower center", ncols=3)
        label = f"Loss over {len(epochs)} epochs. Validation loss is lowest, {loss:.4f}, in epoch {best + 1}."
        return svg(figure, "learning", label)


def trial_scores(trials: Facts) -> str:
    """The score of every trial in the order they ran, the best and the unfinished ones marked."""
    runs = trials["trials"]
    scored = [(place, run["score"]) for place, run in enumerate(runs) if run["score"] is not None]
    unscored = [(place, 0.0) for place, run in enumerate(runs) if run["score"] is None]
    best = [(place, score) for place, score in scored if runs[place]["id"] == trials["best"]]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 330)
        _draw_points(axes, scored, "Trial", marker="o", color=BASELINE, markersize=6)
        _draw_points(axes, best, "Best trial", marker="o", color=ACCENT, markersize=10)
        axes.margins(y=0.1)
        floor = {"transform": axes.get_xaxis_transform(), "clip_on": False}  # on the axis: no score at all
        _draw_points(axes, unscored, "Without a score", marker="x", color=WARN, markersize=8, **floor)
        every = max(1, -(-len(runs) // 16))
        axes.set_xticks(range(0, len(runs), every), [shown(run["id"]) for run in runs[::every]])
        axes.set(title=shown(_sentence(trials["objective"]), 60), xlabel="Trial", xlim=(-0.5, len(runs) - 0.5))
        axes.grid(visible=False, axis="x")
        figure.legend(loc="outside lower center", ncols=3)
        label = f"Scores of {len(runs)} trials, {len(unscored)} of them without one."
        return svg(figure, "trial-scores", f"{label} Best: trial {shown(trials['best'])}.")


def trial_curves(trials: Facts) -> str:
    """The validation loss of every trial by epoch, the best trial's in front."""
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 330)
        for run in sorted(trials["trials"], key=lambda run: bool(run["id"] == trials["best"])):
            is_best = run["id"] == trials["best"]
            look = (
                {"color": ACCENT, "zorder": 3, "label": "Best trial"} if is_best else {"color": FAINT, "linewidth": 1.3}
            )
            axes.plot(range(1, len(run["curve"]) + 1), run["curve"], **look)
        axes.set(title="Validation loss", xlabel="Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.plot([], [], color=FAINT, linewidth=1.3, label="Other trials")
        figure.legend(loc="outside lower center", ncols=2)
        return svg(figure, "trial-curves", f"Validation loss by epoch of {len(trials['trials'])} trials.")


def by_rows(values: Sequence[Facts]) -> list[Facts]:
    """A column's slices, those with the most rows first."""
    return sorted(values, key=lambda slice_: (-slice_["rows"], str(slice_["value"])))


def slices(column: str, values: Sequence[Facts], overall: Facts | None, metric: str, label: str, *, low: bool) -> str:
    """A metric and its interval for each value of a column, against the value over all rows; ``low`` is better."""
    most = by_rows(values)[:MOST_VALUES]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(360, 66 + 27 * len(most))
        if overall is not None:
            axes.axvline(overall["value"], **LIMIT)
        for place, slice_ in enumerate(most):
            _draw_slice(axes, place, slice_["metrics"].get(metric), overall, low=low)
        axes.set_yticks(range(len(most)), [shown(slice_["value"], 16) for slice_ in most])
        axes.set(title=label, ylim=(len(most) - 0.4, -0.6))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        name = hashlib.sha256(column.encode()).hexdigest()[:8]  # a column's name may hold what an id may not
        return svg(figure, f"slices-{name}", f"{label} by {shown(column)}: {len(most)} values with intervals.")


def drift(profile: Facts) -> str:
    """The population stability index of each feature, the limit, and the features left out."""
    features = sorted(profile["features"], key=lambda feature: (-feature["psi"], feature["name"]))[:MOST_FEATURES]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(1060, 80 + 24 * len(features))
        for place, feature in enumerate(features):
            _draw_drift(axes, place, feature)
        axes.axvline(profile["max_psi"], **LIMIT)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda psi, _: f"{psi:g}"))
        axes.minorticks_off()
        top = max([profile["max_psi"], *(feature["psi"] for feature in features)])
        axes.set(xlim=(SMALLEST_PSI, 4 * top), ylim=(len(features) - 0.4, -0.6))
        axes.set_title(f"PSI on a logarithmic axis; dashed: the limit, {profile['max_psi']:g}")
        axes.set_yticks(range(len(features)), [shown(feature["name"]) for feature in features])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(visible=False, axis="y")
        left_out = sum(not feature["kept"] for feature in profile["features"])
        label = f"Drift of {len(features)} features; {left_out} of {len(profile['features'])} left out."
        return svg(figure, "drift", label)


def interval(name: str, clause: Facts) -> str:
    """A requirement at a glance: the figure, its interval and the threshold on one line."""
    low, value, high, threshold = (clause[part] for part in ("low", "value", "high", "threshold"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(180 / PIXELS_PER_INCH, 24 / PIXELS_PER_INCH))
        axes = figure.add_axes((0.04, 0, 0.92, 1))
        axes.set_axis_off()
        axes.plot([0, 1], [0, 0], color=PALETTE["line"], transform=axes.get_yaxis_transform(), clip_on=False)
        colour = ACCENT if clause["state"] == "PASS" else WARN if clause["state"] == "FAIL" else MUTED
        axes.plot([low, high], [0, 0], color=colour, linewidth=4, solid_capstyle="round")
        axes.plot(value, 0, "o", color=colour, markersize=10, markeredgecolor="white", markeredgewidth=1.5)
        axes.plot([threshold, threshold], [-0.8, 0.8], color=INK, linewidth=1.5)
        edges = (low, high, threshold)
        room = 0.15 * (max(edges) - min(edges)) or 1
        axes.set(ylim=(-1, 1), xlim=(min(edges) - room, max(edges) + room))
        return svg(figure, name, f"{told(value, 3)}, from {told(low, 3)} to {told(high, 3)}, against {threshold:g}.")


def realised(name: str, one: Facts) -> str:
    """A metric of a day at a glance: the figure and its interval, the limit as a bar, the hold-out as a ring."""
    limits = [limit for limit in (one["minimum"], one["maximum"]) if limit is not None]
    hold_out = [] if one["hold_out"] is None else [one["hold_out"]]
    low, high = (one["value"] if edge is None else edge for edge in (one["low"], one["high"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(220 / PIXELS_PER_INCH, 24 / PIXELS_PER_INCH))
        axes = figure.add_axes((0.04, 0, 0.92, 1))
        axes.set_axis_off()
        axes.plot([0, 1], [0, 0], color=PALETTE["line"], transform=axes.get_yaxis_transform(), clip_on=False)
        colour = WARN if one["fallen"] else ACCENT
        axes.plot([low, high], [0, 0], color=colour, linewidth=4, solid_capstyle="round")
        axes.plot(one["value"], 0, "o", color=colour, markersize=10, markeredgecolor="white", markeredgewidth=1.5)
        ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 1.3}
        axes.plot(hold_out, [0] * len(hold_out), "o", markersize=6, zorder=4, **ring)
        for limit in limits:
            axes.plot([limit, limit], [-0.8, 0.8], color=INK, linewidth=1.5)
        edges = [low, high, *limits, *hold_out]
        room = 0.12 * (max(edges) - min(edges)) or 1
        axes.set(ylim=(-1, 1), xlim=(min(edges) - room, max(edges) + room))
        words = f"{told(one['value'], 3)}, from {told(low, 3)} to {told(high, 3)}"
        words += "".join(f", hold-out {told(value, 3)}" for value in hold_out)
        return svg(figure, name, words + "".join(f", against {limit:g}" for limit in limits) + ".")


def canvas(width: int, height: int, rows: Sequence[int] = (1,)) -> tuple[Figure, Any]:
    """A figure of so many pixels and its axes: several, one above the other, where ``rows`` has several heights."""
    figure = Figure(figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH), layout="constrained")
    return figure, figure.subplots(len(rows), height_ratios=rows)


def svg(figure: Figure, name: str, label: str) -> str:
    """The figure's SVG with a label for those who can't see it and ids that no other picture has."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's fonts draw the text, not this one
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    root = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 (written the line before)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):  # the style would apply to the whole page
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.partition("}")[2]
        element.attrib = {key.partition("}")[2] or key: _owned(key, value, name) for key, value in element.items()}
    shape = {"viewBox": root.attrib["viewBox"], "stroke-linejoin": "round"}
    root.attrib = {"role": "img", "aria-label": label, **shape}
    return ElementTree.tostring(root, encoding="unicode")


def _owned(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "style":
        return themed(value).replace("url(#", f"url(#{name}-")
    return f"#{name}-{value[1:]}" if key.endswith("href") else value.replace("url(#", f"url(#{name}-")


def _draw_curves(axes: Axes, evaluation: Facts, kind: str, area: str) -> str:
    """Draw each model's curve; the answer names the areas under them."""
    metrics = {**evaluation["baselines"], "model": evaluation["metrics"]}
    labels = []
    for name, curves in evaluation["curves"].items():
        estimate = metrics[name].get(area)
        words = _sentence(name) if estimate is None else f"{_sentence(name)} {estimate['value']:.3f}"
        axes.plot(*zip(*curves[kind], strict=True), **_look(name), label=words)
        labels.append(words)
    return ", ".join(labels)


def _look(name: str) -> dict[str, Any]:
    if name == "model":
        return {"color": ACCENT, "zorder": 3}
    return {"color": BASELINE, "linewidth": 1.6, "dashes": (4, 2)}


def _mark_threshold(axes: Axes, x: float, y: float, threshold: float) -> None:
    look: dict[str, Any] = {"markersize": 9, "markeredgecolor": "white", "markeredgewidth": 1.5, "zorder": 4}
    axes.plot(x, y, "o", color=ACCENT, linestyle="none", label=f"Model at threshold {threshold:.3g}", **look)


def _unit_square(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, title=y, xlim=(0, 1), ylim=(0, 1.02))


def _draw_calibration(axes: Axes, name: str, bins: Sequence[Facts]) -> None:
    predicted = [bin_["predicted"] for bin_ in bins]
    observed = [bin_["observed"] for bin_ in bins]
    axes.plot(predicted, observed, **_look(name), label=_sentence(name))
    if name != "model":
        return
    below = [max(0.0, bin_["observed"] - bin_["low"]) for bin_ in bins]
    above = [max(0.0, bin_["high"] - bin_["observed"]) for bin_ in bins]
    axes.errorbar(
        predicted,
        observed,
        yerr=(below, above),
        fmt="o",
        color=ACCENT,
        markersize=5,
        elinewidth=1.3,
        zorder=4,
    )


def _draw_bin_rows(axes: Axes, bins: Sequence[Facts], end: float) -> None:
    axes.bar(
        [bin_["predicted"] for bin_ in bins],
        [bin_["rows"] for bin_ in bins],
        width=0.012 * end,
        color=BASELINE,
    )
    axes.set(xlabel="Predicted probability", xlim=(0, end))
    axes.set_title("Rows", pad=4)
    axes.yaxis.set_major_locator(MaxNLocator(1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows:,.0f}"))
    axes.grid(visible=False, axis="x")


def _calibration_label(bins: Sequence[Facts]) -> str:
    gap = max(abs(bin_["observed"] - bin_["predicted"]) for bin_ in bins)
    return f"Calibration in {len(bins)} bins: observed and predicted shares differ by at most {gap:.3f}."


def _draw_cell(axes: Axes, place: tuple[int, int], name: str, count: int, share: float) -> None:
    left, top = place
    colour = ACCENT if name.startswith("true") else WARN
    axes.add_patch(Rectangle(place, 0.97, 0.97, facecolor=colour, alpha=0.06 + 0.5 * share))
    words = f"{share:.0%} of the {'negatives' if top else 'positives'}"
    for text, below, size in ((_sentence(name), 0.28, 12), (f"{count:,}", 0.5, 24), (words, 0.72, 12)):
        axes.text(left + 0.485, top + below, text, ha="center", va="center", fontsize=size)


def _draw_points(axes: Axes, points: Sequence[tuple[int, float]], label: str, **look: Any) -> None:
    if points:
        axes.plot(*zip(*points, strict=True), linestyle="none", label=label, **look)


def _draw_slice(axes: Axes, place: int, estimate: Facts | None, overall: Facts | None, *, low: bool) -> None:
    if estimate is None:
        note: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "center", "va": "center"}
        axes.text(0.5, place, "can't be told", color=MUTED, fontsize=11, bbox=PLATE, **note)
        return
    weak = False
    if overall is not None:
        weak = bool(estimate["low"] > overall["value"] if low else estimate["high"] < overall["value"])
    colour, marker = (WARN, "D") if weak else (ACCENT, "o")
    axes.plot([estimate["low"], estimate["high"]], [place, place], color=colour, linewidth=1.8)
    axes.plot(estimate["value"], place, marker, color=colour, markersize=6 if weak else 7)


def _draw_drift(axes: Axes, place: int, feature: Facts) -> None:
    end = max(feature["psi"], SMALLEST_PSI)
    colour = BASELINE if feature["kept"] else WARN
    axes.barh(place, end - SMALLEST_PSI, left=SMALLEST_PSI, height=0.62, color=colour)
    words = f"{feature['psi']:.3g}" if feature["kept"] else f"{feature['psi']:.3g}, left out"
    beside: dict[str, Any] = {"xytext": (7, 0), "textcoords": "offset points", "va": "center", "bbox": PLATE}
    axes.annotate(words, (end, place), color=MUTED if feature["kept"] else WARN, fontsize=11, **beside)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _recall(counts: Facts) -> float:
    return _share(counts["true_positive"], counts["true_positive"] + counts["false_negative"])


def _sentence(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
