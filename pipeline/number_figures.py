"""The pictures of a model that answers with a number."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from pipeline.figures import REFERENCE, STYLE, canvas, svg
from pipeline.strips import ACCENT, BASELINE, WARN, Facts

ENDS = (0.005, 0.995)
"""The quantiles between which a picture shows values where they are."""


def predicted(evaluation: Facts) -> str:
    """What came true against what was predicted, a dot a row; what is far from all others lies on the edge."""
    points = np.array(evaluation["curves"]["model"]["points"])
    low, high = np.quantile(points, ENDS)
    said, true = np.clip(points, low, high).T
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 400)
        axes.plot([low, high], [low, high], **REFERENCE)
        axes.plot(said, true, "o", color=ACCENT, markersize=3.5, alpha=0.35, markeredgewidth=0)
        deciles = evaluation["deciles"]
        means = [np.clip([one[name] for one in deciles], low, high) for name in ("predicted", "actual")]
        axes.plot(*means, "o-", color=WARN, markersize=5, linewidth=1.5, label="Mean of each tenth of the rows")
        axes.set(xlabel="Predicted", title="Actual")
        axes.legend(loc="upper left")
        return svg(figure, "predicted", f"Actual against predicted values of {len(points):,} rows.")


def residuals(evaluation: Facts) -> str:
    """How many rows have which residual: the prediction less what came true."""
    bars = evaluation["curves"]["model"]["residuals"]
    edges, counts = bars["edges"], bars["counts"]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 400)
        widths = [right - left for left, right in pairwise(edges)]
        axes.bar(edges[:-1], counts, widths, align="edge", color=BASELINE, edgecolor="white", linewidth=0.6)
        axes.axvline(0, **REFERENCE)
        mean = sum(one["bias"] * one["rows"] for one in evaluation["deciles"]) / evaluation["rows"]
        axes.axvline(mean, color=ACCENT, linewidth=1.6, label=f"Mean {mean:+.4g}")
        axes.set(xlabel="Predicted less actual", title="Rows")
        axes.grid(visible=False, axis="x")
        axes.legend(loc="upper right")
        return svg(figure, "residuals", f"Residuals of {evaluation['rows']:,} rows, {mean:.4g} on average.")


def errors(evaluation: Facts) -> str:
    """The mean error, and the mean absolute error, in each tenth of the rows by what was predicted."""
    deciles = evaluation["deciles"]
    places = range(1, len(deciles) + 1)
    with mpl.rc_context(STYLE):
        figure, axes = canvas(520, 330)
        axes.bar(places, [one["mae"] for one in deciles], 0.62, color=BASELINE, label="Mean absolute error")
        axes.plot(places, [one["bias"] for one in deciles], "o-", color=ACCENT, markersize=5, label="Mean error")
        axes.axhline(0, **REFERENCE)
        axes.set_xticks(places, [f"{one['predicted']:.4g}" for one in deciles], rotation=30)
        axes.set(xlabel="Predicted, on average", title="Error")
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.grid(visible=False, axis="x")
        figure.legend(loc="outside lower center", ncols=2)
        return svg(figure, "errors", f"Errors in {len(deciles)} groups of rows by what was predicted.")
