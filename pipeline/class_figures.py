"""The pictures of a model that answers with one label of several."""

from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.figures import REFERENCE, STYLE, canvas, svg
from pipeline.strips import ACCENT, BASELINE, MUTED, WARN, Facts, shown

WIDTH, COLUMNS, TALLEST = 1060, 6, 260
"""Pixels of the panels of all classes together, how many are side by side, and how tall one is at most."""


def confusion(evaluation: Facts) -> str:
    """Which labels were taken for which, shaded by the share of the actual label."""
    labels, counts = evaluation["confusion"]["labels"], evaluation["confusion"]["counts"]
    size = len(labels)
    with mpl.rc_context(STYLE):
        figure, axes = canvas(max(420, 130 + 60 * size), max(330, 90 + 40 * size))
        for actual, row in enumerate(counts):
            for said, count in enumerate(row):
                share = count / sum(row) if sum(row) else 0.0
                colour = ACCENT if actual == said else WARN
                axes.add_patch(Rectangle((said, actual), 0.97, 0.97, facecolor=colour, alpha=0.04 + 0.55 * share))
                words = f"{count:,}\n{share:.0%}" if count and size <= 8 else f"{count:,}" if count else ""
                axes.text(said + 0.485, actual + 0.485, words, ha="center", va="center", fontsize=11)
        middles = [place + 0.485 for place in range(size)]
        axes.set(xlim=(-0.03, size), ylim=(size, -0.03), xticks=middles, yticks=middles)
        axes.set_xticklabels(
            [shown(label, 12) for label in labels], rotation=0 if size <= 6 else 45, ha="left" if size > 6 else "center"
        )
        axes.set_yticklabels([shown(label, 16) for label in labels])
        axes.set(xlabel="Predicted", ylabel="Actual")
        axes.xaxis.set_label_position("top")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        right = sum(row[place] for place, row in enumerate(counts))
        label = f"Confusion matrix of {size} labels: {right:,} of {evaluation['rows']:,} rows are right."
        return svg(figure, "confusion", label)


def calibration(evaluation: Facts) -> str:
    """The observed share of each class against the predicted one, a panel a class."""
    curves = evaluation["curves"]["model"]["calibration"]
    across = min(COLUMNS, len(curves))
    down = -(-len(curves) // across)
    tall = min(TALLEST, WIDTH / across)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 72, (tall + 20) * down / 72), layout="constrained")
        panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flatten()
        for panel, (label, bins) in zip(panels, curves.items(), strict=False):
            predicted, observed = [one["predicted"] for one in bins], [one["observed"] for one in bins]
            below = [max(0.0, one["observed"] - one["low"]) for one in bins]
            above = [max(0.0, one["high"] - one["observed"]) for one in bins]
            panel.plot([0, 1], [0, 1], **REFERENCE)
            look: dict[str, Any] = {"color": ACCENT, "markersize": 4, "elinewidth": 1.2, "linewidth": 1.5}
            panel.errorbar(predicted, observed, yerr=(below, above), fmt="o-", **look)
            panel.set(xlim=(0, 1), ylim=(0, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
            panel.set_title(shown(label, 20), fontsize=11)
        for panel in panels[len(curves) :]:
            panel.set_axis_off()
        figure.supxlabel("Predicted probability", fontsize=11, color=MUTED)
        figure.supylabel("Observed share", fontsize=11, color=MUTED)
        return svg(figure, "calibration", f"Calibration of {len(curves)} classes.")


def recall(evaluation: Facts) -> str:
    """Precision and recall of each class, the rarest last."""
    classes = sorted(evaluation["classes"], key=lambda one: -one["rows"])[:20]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 80 + 34 * len(classes))
        for place, one in enumerate(classes):
            for offset, name, colour in ((-0.18, "recall", ACCENT), (0.18, "precision", BASELINE)):
                value = one[name]
                axes.barh(
                    place + offset, value or 0.0, 0.32, color=colour, label=name.capitalize() if not place else None
                )
                text = "can't be told" if value is None else f"{value:.0%}"
                axes.text((value or 0.0) + 0.01, place + offset, text, va="center", fontsize=10, color=MUTED)
        axes.set(xlim=(0, 1.12), xticks=[0, 0.25, 0.5, 0.75, 1], ylim=(len(classes) - 0.4, -0.6))
        axes.set_yticks(range(len(classes)), [shown(one["label"], 16) for one in classes])
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        figure.legend(loc="outside lower center", ncols=2)
        return svg(figure, "recall", f"Recall and precision of {len(classes)} classes.")
