"""The picture of a lineage: raw files at the top, the version at the bottom, every arrow downwards.

Nodes stand in layers, each below all that it was made from. An arrow over several layers passes those between as if it
had a node there, so that it crosses none; nodes are ordered by where their neighbours are (Sugiyama et al. 1981).
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path, PurePath

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from pipeline import lineage
from pipeline.figures import STYLE
from pipeline.lineage import Graph, Lineage, Raw
from pipeline.receipts import Receipt
from pipeline.strips import PALETTE

WIDTH, HEIGHT, BESIDE, BELOW, MARGIN, TITLE = 2.2, 0.76, 0.3, 0.46, 0.3, 0.55
"""Inches: of a box, between it and the next, around all, and for the title."""
SWEEPS = 8
SHORT, LONGEST = 12, 22
"""Characters of a digest, and of a name, that a box has room for."""

Point = tuple[str, int]
"""A node or, between two, an arrow; and the layer that it stands in or passes."""
Link = tuple[Point, Point]


def draw(line: Lineage, title: str, path: Path) -> None:
    """Draw the lineage, without what is behind another input anyway, into a file whose ending says the format."""
    rows, links = layers(line.reduced)
    width = max(map(len, rows)) * (WIDTH + BESIDE) - BESIDE + 2 * MARGIN
    height = len(rows) * (HEIGHT + BELOW) - BELOW + 2 * MARGIN + TITLE
    top = height - MARGIN - TITLE - HEIGHT / 2
    places = {
        point: (width / 2 + (number - (len(row) - 1) / 2) * (WIDTH + BESIDE), top - layer * (HEIGHT + BELOW))
        for layer, row in enumerate(rows)
        for number, point in enumerate(row)
    }
    nodes: dict[str, Receipt | Raw] = {**line.raw, **{lineage.name(step): step for step in line.steps}}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        axes.axis("off")
        axes.text(MARGIN, height - MARGIN, title, fontsize=16, fontweight="bold", va="top")
        for above, below in links:
            _arrow(axes, places[above], places[below], ends=below[0] in nodes, begins=above[0] in nodes)
        for (name, _), place in places.items():
            if name in nodes:
                _box(axes, place, nodes[name], last=nodes[name] is line.published)
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


def layers(graph: Graph) -> tuple[list[list[Point]], list[Link]]:
    """What stands in each layer, from the left to the right, and what is linked to what in the layer below."""
    depth: dict[str, int] = {}

    def deep(node: str) -> int:
        if node not in depth:
            depth[node] = 1 + max((deep(one) for one in graph.get(node, ())), default=-1)
        return depth[node]

    links: list[Link] = []
    for node, inputs in graph.items():
        for one in sorted(inputs):
            first, last = deep(one), deep(node)
            passed = [(f"{one} → {node}", layer) for layer in range(first + 1, last)]
            stations = [(one, first), *passed, (node, last)]
            links += pairwise(stations)
    points = dict.fromkeys(point for link in links for point in link)
    rows = [[point for point in points if point[1] == layer] for layer in range(max(depth.values()) + 1)]
    for sweep in range(SWEEPS):
        _order(rows if sweep % 2 == 0 else rows[::-1], links)
    return rows, links


def _order(rows: list[list[Point]], links: list[Link]) -> None:
    """Order each row after the first by the mean place of what its points are linked to in the row before."""
    for before, row in pairwise(rows):
        place = {point: number - (len(before) - 1) / 2 for number, point in enumerate(before)}
        near: Mapping[Point, list[float]] = {point: [] for point in row}
        for one, other in links:
            for point, neighbour in ((one, other), (other, one)):
                if point in near and neighbour in place:
                    near[point].append(place[neighbour])
        row.sort(key=lambda point: sum(near[point]) / len(near[point]) if near[point] else 0.0)


def _arrow(axes: Axes, above: tuple[float, float], below: tuple[float, float], *, begins: bool, ends: bool) -> None:
    (x0, y0), (x1, y1) = (above[0], above[1] - HEIGHT / 2), (below[0], below[1] + HEIGHT / 2)
    middle = (y0 + y1) / 2
    points = [(x0, y0), (x0, middle), (x1, middle), (x1, y1)]
    codes = [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4]
    if not begins:
        points, codes = [(x0, above[1]), *points], [Curve.MOVETO, Curve.LINETO, *codes[1:]]
    if not ends:
        points, codes = [*points, (x1, below[1])], [*codes, Curve.LINETO]
    axes.add_patch(PathPatch(Curve(points, codes), facecolor="none", edgecolor=PALETTE["baseline"], linewidth=1.4))
    if ends:
        axes.annotate(
            "",
            xy=(x1, y1 - 0.01),
            xytext=(x1, y1 + 0.05),
            arrowprops={"arrowstyle": "-|>", "color": PALETTE["baseline"], "shrinkA": 0, "shrinkB": 0},
        )


def _box(axes: Axes, place: tuple[float, float], node: Receipt | Raw, *, last: bool) -> None:
    x, y = place
    fill, edge = ("accent-wash", "accent") if last else ("wash", "faint") if isinstance(node, Raw) else (None, "muted")
    shape = FancyBboxPatch(
        (x - WIDTH / 2, y - HEIGHT / 2),
        WIDTH,
        HEIGHT,
        boxstyle=f"round,pad=0,rounding_size={0.3 if isinstance(node, Raw) else 0.06}",
        facecolor=PALETTE[fill] if fill else "white",
        edgecolor=PALETTE[edge],
        linewidth=1.2,
    )
    axes.add_patch(shape)
    name, counts, digest = _words(node)
    name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    muted = PALETTE["muted"]
    axes.text(x, y + 0.2, name, fontsize=11, fontweight="bold", ha="center", va="center")
    axes.text(x, y - 0.01, counts, fontsize=9, ha="center", va="center")
    axes.text(x, y - 0.21, digest[:SHORT], fontsize=9, family="monospace", color=muted, ha="center", va="center")


def _words(node: Receipt | Raw) -> tuple[str, str, str]:
    """What stands in a box: what it is, how many rows went in and came out, and the digest of what it holds."""
    if isinstance(node, Raw):
        return PurePath(node.path).name, "raw bytes", node.sha256
    if node.rows_in is not None and node.rows_out is not None:
        return lineage.name(node), f"{node.rows_in:,} → {node.rows_out:,} rows", node.content
    counts = [
        f"{count:,} rows {way}" for count, way in ((node.rows_in, "in"), (node.rows_out, "out")) if count is not None
    ]
    return lineage.name(node), "".join(counts), node.content
