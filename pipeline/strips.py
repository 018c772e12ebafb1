"""Small pictures of bars in plain SVG, for pages that have many; and the colours and labels that all pictures share."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

PALETTE = {
    "paper": "#ffffff",
    "ink": "#1b2430",
    "muted": "#5a6673",
    "baseline": "#7f8a96",
    "faint": "#c3cad1",
    "line": "#e3e7eb",
    "wash": "#f6f8fa",
    "accent": "#0b5cad",
    "accent-wash": "#e8f1fa",
    "ok": "#00735c",
    "ok-wash": "#e4f4ef",
    "warn": "#b04600",
    "warn-wash": "#fdefe4",
}  # blue, green and orange stay apart for colour-blind readers; a word or a shape always goes with them
DARK = {
    "paper": "#14181d",
    "ink": "#e6eaee",
    "muted": "#a7b2bd",
    "baseline": "#7d8893",
    "faint": "#4b5661",
    "line": "#2b333b",
    "wash": "#1c2228",
    "accent": "#6cb2f2",
    "accent-wash": "#152a3e",
    "ok": "#43c2a2",
    "ok-wash": "#11302a",
    "warn": "#f2964e",
    "warn-wash": "#3a260f",
}
"""The same for who reads in the dark."""
NAMES = {colour: name for name, colour in PALETTE.items()}
COLOUR = re.compile("#[0-9a-f]{6}")
INK, MUTED, BASELINE, FAINT = (PALETTE[name] for name in ("ink", "muted", "baseline", "faint"))
ACCENT, WARN = PALETTE["accent"], PALETTE["warn"]
WIDTH, HEIGHT = 220, 44

Facts = Mapping[str, Any]


def shares(one: Facts) -> str:
    """The expected share of each bin in grey and the actual one beside it; pointing at a bin tells both."""
    width, height, gap = 220, 40, 2.0
    most = max([*one["expected"], *one["actual"]]) or 1.0
    step = width / len(one["bins"])
    bar = max(1.0, (step - gap) / 2)
    label = f"Shares of {shown(one['name'])}: expected in grey, actual in colour."
    root = ElementTree.Element("svg", {"role": "img", "aria-label": label, "viewBox": f"0 0 {width} {height}"})
    for place, (name, expected, actual) in enumerate(zip(one["bins"], one["expected"], one["actual"], strict=True)):
        group = ElementTree.SubElement(root, "g")
        ElementTree.SubElement(group, "title").text = f"{shown(name, 60)}: {actual:.1%}, expected {expected:.1%}"
        colours = (BASELINE, WARN if one["drifted"] else ACCENT)
        for side, (share, colour) in enumerate(zip((expected, actual), colours, strict=True)):
            tall = share / most * (height - 1)
            shape = {"x": place * step + side * bar, "y": height - 1 - tall, "width": bar, "height": tall}
            look = {key: f"{value:.2f}" for key, value in shape.items()}
            ElementTree.SubElement(group, "rect", {**look, "fill": themed(colour)})
    line = {"x1": "0", "x2": f"{width}", "y1": f"{height - 0.5}", "y2": f"{height - 0.5}", "stroke": themed(FAINT)}
    ElementTree.SubElement(root, "line", line)
    return ElementTree.tostring(root, encoding="unicode")


def bars(
    values: Sequence[int] | Sequence[float], names: Sequence[str], label: str, most: float = 0.0, colour: str = ACCENT
) -> str:
    """One bar a value; counts are told with the name."""
    top, step = most or max(values, default=0) or 1, WIDTH / max(len(values), 1)
    root = ElementTree.Element(
        "svg", {"role": "img", "aria-label": label, "viewBox": f"0 0 {WIDTH} {HEIGHT}", "preserveAspectRatio": "none"}
    )
    for place, (value, name) in enumerate(zip(values, names, strict=True)):
        tall = max(value / top * (HEIGHT - 1), 1.0 if value else 0.0)
        shape = {"x": place * step, "y": HEIGHT - 1 - tall, "width": max(step - 1, 0.5), "height": tall}
        look = {key: f"{number:.2f}" for key, number in shape.items()}
        bar = ElementTree.SubElement(root, "rect", {**look, "fill": themed(colour)})
        ElementTree.SubElement(bar, "title").text = name if isinstance(value, float) else f"{name}: {value:,} rows"
    line = {"x1": "0", "x2": f"{WIDTH}", "y1": f"{HEIGHT - 0.5}", "y2": f"{HEIGHT - 0.5}", "stroke": themed(FAINT)}
    ElementTree.SubElement(root, "line", line)
    return ElementTree.tostring(root, encoding="unicode")


def themed(style: str) -> str:
    """A style with the palette's colours by their names, so that the page says what they are in light and dark."""
    return COLOUR.sub(lambda found: f"var(--{NAMES[found[0]]})" if found[0] in NAMES else found[0], style)


def shown(value: object, most: int = 24) -> str:
    """A value from the data as a label: short, and without characters that XML forbids."""
    text = "".join(character if character.isprintable() else "\N{MIDDLE DOT}" for character in str(value))
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
