"""The page about the data of one source: what needs attention first, then every column with its pictures."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import jinja2

from pipeline import strips
from pipeline.data_profile import ColumnProfile, DataProfile
from pipeline.violations import WORDS, Violations

NAME = "data.html"
TEMPLATES = Path(__file__).parent / "templates"
LARGE = 10_000
"""Numbers from here on have their thousands set apart: years have not."""
FEW = 3
"""So many levels are told with their shares beside the picture."""
MUCH_MISSING = 0.2
"""The share of missing values from which a column is shown among the first."""


def write(
    path: Path,
    source: str,
    made: DataProfile,
    rules: Violations,
    earlier: DataProfile | None,
    broken: Sequence[str] = (),
) -> None:
    """Write the page. It needs nothing beside itself; the same profiles give the same bytes.

    Args:
        broken: what stopped the run, where it was stopped.
    """
    was = {one.name: one for one in earlier.columns} if earlier else {}
    told = {one.name: notices(one, made.rows, was.get(one.name), earlier) for one in made.columns}
    columns = sorted(made.columns, key=lambda one: _rank(one, made.rows, told[one.name]))
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = templates.get_template("data.html.j2")
    text = page.render(
        source=source,
        made=made,
        rules=rules,
        broken=broken,
        words=WORDS,
        columns=columns,
        notices=told,
        looked_at=sum(bool(one) for one in told.values()),
        pictures={one.name: picture(one) for one in columns},
        moved={one.name: strips.shares(one.drift.model_dump()) for one in columns if one.drift and one.drift.drifted},
        gaps={one.name: gaps(one, made) for one in columns if any(one.missing_by_period)},
        over_time=over_time(made),
        days=[day(period.start) for period in made.periods],
        summary=summary,
        palette=strips.PALETTE,
        dark=strips.DARK,
    )
    path.write_text(text, encoding="utf-8")


def notices(one: ColumnProfile, rows: int, was: ColumnProfile | None, earlier: DataProfile | None) -> list[str]:
    """What a person should look at."""
    found = []
    if one.drift and one.drift.drifted:
        found.append(f"moved: PSI {one.drift.psi:.2f}")
    if earlier and was is None:
        found.append("new")
    if was and was.type != one.type:
        found.append(f"was {was.type}")
    missing = one.missing / max(rows, 1)
    if one.distinct == 0:
        found.append("empty")
    elif missing >= MUCH_MISSING:
        found.append(f"{missing:.0%} missing")
    if one.distinct == 1:
        found.append("constant")
    if one.names_rows:
        found.append("names rows")
    return found


def summary(one: ColumnProfile) -> str:
    """A column's values in a line."""
    if one.quantiles:
        low, middle, high = (_value(one, one.quantiles[place]) for place in (0, 3, 6))
        unit = " characters" if one.type == "text" else ""
        return f"{low} to {high}{unit}, median {middle}"
    rows = sum(count for _, count in one.top)
    if not one.top or not rows:
        return "no value"
    total = sum(one.shares[:-1]) or 1.0
    shares = [
        f"{strips.shown(level)} {share / total:.1%}"
        for (level, _), share in zip(one.top[:FEW], one.shares, strict=False)
    ]
    return ", ".join(shares) if one.distinct <= FEW else f"most often {shares[0]}"


def picture(one: ColumnProfile) -> str:
    """A histogram of numbers, or the most frequent levels beside one another; pointing at a bar tells it."""
    if one.bars and len(one.edges) == len(one.bars):
        names = [_value(one, edge) for edge in one.edges]
    elif one.bars:
        edges = [_value(one, edge) for edge in one.edges]
        names = [f"{low} to {high}" for low, high in pairwise(edges)]
        names[0], names[-1] = f"up to {edges[1]}", f"from {edges[-2]}"
    else:
        names = [strips.shown(level, 60) for level, _ in one.top]
    counts = list(one.bars) or [count for _, count in one.top]
    return strips.bars(counts, names, f"How often {strips.shown(one.name)} has which value.")


def gaps(one: ColumnProfile, made: DataProfile) -> str:
    """The share of rows without a value over time."""
    shares = [count / max(period.rows, 1) for count, period in zip(one.missing_by_period, made.periods, strict=True)]
    names = [
        f"from {day(period.start)}, {share:.1%} missing" for period, share in zip(made.periods, shares, strict=True)
    ]
    return strips.bars(
        shares, names, f"Missing values of {strips.shown(one.name)} over time.", most=1.0, colour=strips.WARN
    )


def over_time(made: DataProfile) -> str:
    """How many rows each period has."""
    names = [f"from {day(period.start)}" for period in made.periods]
    return strips.bars([period.rows for period in made.periods], names, "Rows over time.") if made.periods else ""


def day(number: float) -> str:
    """A day by its number since 1970."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(number // 1)):%Y-%m-%d}"


def _rank(one: ColumnProfile, rows: int, told: list[str]) -> tuple[bool, float, int, float]:
    moved = one.drift.psi if one.drift and one.drift.drifted else 0.0
    return not told, -moved, -len(told), -one.missing / max(rows, 1)


def _value(one: ColumnProfile, value: float) -> str:
    return day(value) if one.type == "time" else f"{value:,.6g}" if abs(value) >= LARGE else f"{value:.6g}"
