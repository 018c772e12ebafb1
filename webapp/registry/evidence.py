"""What a person must see of a version before deciding about it, beside the version that is live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bundle.figure import UNKNOWN, shown
from bundle.manifest import Clause, Manifest, Step
from webapp.registry.models import Version

WIDTH, MARGIN = 120.0, 6.0
"""Of the small picture of an interval, in its own units."""
LINE, THINNEST = 100.0, 0.5
"""The length of the time line, and of the shortest part of it that can be seen, in its own units."""
KEY_METRICS = 3
TONES = {
    "PASS": "good",
    "FAIL": "bad",
    "live": "good",
    "approved": "calm",
    "rejected": "bad",
    "broken": "bad",
    "valid": "good",
}


@dataclass(frozen=True)
class Figure:
    """A metric with its interval, and where they are on the picture that it shares with another."""

    value: float
    low: float | None
    high: float | None
    at: float = 0.0
    left: float = 0.0
    width: float = 0.0

    @property
    def shown(self) -> str:
        """The value as a person reads it."""
        return shown(self.value)

    @property
    def limits(self) -> str:
        """The interval as a person reads it."""
        return limits(self.low, self.high)


@dataclass(frozen=True)
class Comparison:
    """A metric of a version, beside that of the live one."""

    metric: str
    here: Figure
    live: Figure | None

    @property
    def difference(self) -> float | None:
        """How much higher this version's is."""
        return self.here.value - self.live.value if self.live else None


def comparisons(version: Version, live: Version | None) -> list[Comparison]:
    """Every metric of the version, beside the live version's where that is another one."""
    mine = version.manifest.get("metrics", {})
    theirs = live.manifest.get("metrics", {}) if live and live.pk != version.pk else {}
    found = []
    for metric, figures in mine.items():
        here, there = _figure(figures), _figure(theirs.get(metric, {}))
        if here:
            both = drawn([figure for figure in (here, there) if figure])
            found.append(Comparison(metric, both[0], both[1] if there else None))
    return found


def key_metrics(version: Version, live: Version | None) -> list[Comparison]:
    """The metrics that the requirements speak of: those that a list has room for."""
    clauses = version.manifest.get("verdict", {}).get("clauses", [])
    named = list(dict.fromkeys(clause.get("metric", "") for clause in clauses))
    every = {one.metric: one for one in comparisons(version, live)}
    return [every[metric] for metric in named if metric in every][:KEY_METRICS]


def waived(version: Version) -> list[str]:
    """What the problem file waives: each clause with the reason."""
    clauses = version.manifest.get("verdict", {}).get("clauses", [])
    return [str(clause["clause"]) for clause in clauses if "; waived: " in str(clause["clause"])]


@dataclass(frozen=True)
class Span:
    """The time that a split covers, and where it is on a line from the first row to the last."""

    split: str
    rows: int
    share: float | None
    first: datetime
    last: datetime
    left: float
    width: float


def time_line(described: Manifest) -> list[Span]:
    """What it was trained on, chosen with and judged by; ``share`` is that of the answer yes, in percent."""
    told = [
        (one, datetime.fromisoformat(one.first), datetime.fromisoformat(one.last))
        for one in described.windows
        if one.first and one.last
    ]
    if not told:
        return []
    begin, end = min(first for _, first, _ in told), max(last for _, _, last in told)
    whole = (end - begin).total_seconds() or 1.0

    def place(moment: datetime) -> float:
        return round(LINE * (moment - begin).total_seconds() / whole, 2)

    return [
        Span(
            split=one.split,
            rows=one.rows,
            share=None if one.positives is None else 100 * one.positives / one.rows if one.rows else 0.0,
            first=first,
            last=last,
            left=place(first),
            width=round(max(place(last) - place(first), THINNEST), 2),
        )
        for one, first, last in told
    ]


def uncompared(described: Manifest | None) -> str:
    """That nothing was compared with the version that was live then, with the reason; empty where it was."""
    live = described.verdict.live if described else None
    if not live or not live.why:
        return ""
    return f"It was not compared with version {live.version}, which was live then: {live.why}."


def beside_another(described: Manifest | None, live: Version | None) -> bool:
    """Whether the verdict was come to without comparing with the version that is live now."""
    if described is None or live is None:
        return False
    return described.verdict.live is None or described.verdict.live.version != live.number


def limits(low: float | None, high: float | None) -> str:
    """An interval as a person reads it."""
    return UNKNOWN if low is None or high is None else f"{shown(low)} to {shown(high)}"


def tone(word: str) -> str:
    """The class of the badge that says ``word``."""
    return TONES.get(word, "quiet")


def rows(step: Step) -> str:
    """How many rows went in and came out."""
    counts = [f"{count:,}" for count in (step.rows_in, step.rows_out) if count is not None]
    return " → ".join(dict.fromkeys(counts)) or UNKNOWN


def clause_rows(clauses: Sequence[Clause]) -> list[tuple[Clause, str, str, str]]:
    """Each clause with its figure, its interval, and the tone of its state."""
    return [(one, shown(one.value), limits(one.low, one.high), tone(one.state)) for one in clauses]


def _figure(figures: dict[str, float | None]) -> Figure | None:
    value = figures.get("value")
    return None if value is None else Figure(value, figures.get("low"), figures.get("high"))


def drawn(figures: list[Figure], among: list[Figure] | None = None) -> list[Figure]:
    """The figures with their places on a scale that just holds them all, or those that they are ``among``."""
    ends = [end for one in among or figures for end in (one.value, one.low, one.high) if end is not None]
    start, span = min(ends), (max(ends) - min(ends)) or 1.0

    def place(number: float) -> float:
        return round(MARGIN + (number - start) / span * (WIDTH - 2 * MARGIN), 2)

    placed = []
    for one in figures:
        low, high = (one.value if end is None else end for end in (one.low, one.high))
        left = place(low)
        placed.append(Figure(one.value, one.low, one.high, place(one.value), left, round(place(high) - left, 2)))
    return placed
