"""The page of a served day: what a person sees of a day's report, one HTML page that needs nothing beside itself."""

from typing import Any

from bundle.monitoring import DayReport, VersionDay
from pipeline import figures, strips
from pipeline.problem import Monitoring
from pipeline.report import METRICS, pages

MOST_NAMED = 5
"""Of what is not as it was; of more it is said how many."""


def render(report: DayReport, title: str, rule: Monitoring, *, over: bool) -> str:
    """The page of a report; ``over`` says whether the day had ended when it was made."""
    return (
        pages()
        .get_template("day_page.html.j2")
        .render(
            report=report.model_dump(),
            title=title,
            rule=rule.model_dump(),
            over=over,
            palette=strips.PALETTE,
            dark=strips.DARK,
            verdict=_verdict(report),
            metrics=METRICS,
            pictures={version.version: _pictures(version) for version in report.versions},
        )
    )


def _verdict(report: DayReport) -> tuple[str, str, str]:
    """The day in a word, the class that colours it, and a sentence."""
    drifted = sorted({one.name for version in report.versions for one in version.drift if one.drifted})
    fallen = sorted({one.metric for version in report.versions for one in version.realised if one.fallen})
    said = []
    if drifted:
        said.append(f"{_list(drifted)} {'is' if len(drifted) == 1 else 'are'} not what the model learned from")
    if fallen:
        labels = [METRICS[name].label for name in fallen]
        said.append(f"{_list(labels)} {'is' if len(fallen) == 1 else 'are'} on the wrong side of what is required")
    if said:
        return "Look", "fail", f"{' and '.join(said)}."
    if not any(version.drift or version.realised for version in report.versions):
        return "Not judged", "unsure", "There is too little of the day to judge it by."
    return "As usual", "pass", "Nothing differs from what the model learned from by more than days differ anyway."


def _pictures(version: VersionDay) -> dict[str, dict[str, Any]]:
    return {
        "shares": {one.name: strips.shares(one.model_dump()) for one in version.drift},
        "realised": {
            one.metric: figures.realised(f"realised-{version.version}-{one.metric}", one.model_dump())
            for one in version.realised
        },
    }


def _list(words: list[str]) -> str:
    shown = words[:MOST_NAMED]
    if len(words) > MOST_NAMED:
        return f"{', '.join(shown)} and {len(words) - MOST_NAMED} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
