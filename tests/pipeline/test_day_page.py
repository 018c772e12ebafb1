"""The page of a day says what its report says, needs nothing beside itself, and escapes all that came from outside."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from bundle.monitoring import DayReport, Drift, Realised, VersionDay
from pipeline import day_page
from pipeline.problem import Monitoring

HOSTILE = "<script>alert('x')</script>&\"]]>"
VOID = {"meta", "link", "br", "hr", "img", "input"}


def drift(name="x", *, drifted=False, bins=("to 0", "above 0", "missing"), usual=0.1):
    actual = (0.9, 0.1, 0.0) if drifted else (0.5, 0.5, 0.0)
    return Drift(
        name=name, bins=bins, expected=(0.5, 0.5, 0.0), actual=actual, psi=0.9, usual=usual, q=0.001, drifted=drifted
    )


def realised(*, fallen=False, **changed):
    values = {"value": 0.6, "low": 0.55, "high": 0.65, "hold_out": 0.7, "minimum": 0.67, "maximum": None, "usual": 0.62}
    return Realised(metric="roc_auc", fallen=fallen, **(values | changed))


def report(*versions, findings=(), **changed):
    facts = {
        "model": "m",
        "day": "2013-11-03",
        "made": datetime(2013, 11, 5, tzinfo=UTC),
        "rows": 1000,
        "outcomes": 400,
        "unknown_outcomes": 0,
        "drifted": any(one.drifted for version in versions for one in version.drift),
        "fallen": any(one.fallen for version in versions for one in version.realised),
    }
    return DayReport(versions=versions, findings=findings, **(facts | changed))


def version(number=1, drifts=(), metrics=(), note=""):
    return VersionDay(
        version=number,
        requests=10,
        rows=1000,
        outcomes=400,
        mean_answer=0.2,
        mean_outcome=0.25,
        drift=drifts,
        realised=metrics,
        note=note,
    )


def render(found, title="Late?", *, over=True):
    return day_page.render(found, title, Monitoring(), over=over)


class Balance(HTMLParser):
    """Checks that what is opened is closed, and keeps the names and ids that it met."""

    def __init__(self):
        super().__init__()
        self.open, self.met, self.ids = [], set(), []

    def handle_starttag(self, tag, attributes):
        self.met.add(tag)
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.met.add(tag)
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_it_works():
    page = render(report(version(drifts=(drift(), drift("probability")), metrics=(realised(),))))
    assert "Nothing differs from what the model learned from" in page
    assert "1,000" in page
    assert "0.550 to 0.650" in page
    assert page.count("<svg") == 3


def test_drift_and_falls_are_the_verdict():
    found = report(
        version(drifts=(drift("distance", drifted=True), drift("probability")), metrics=(realised(fallen=True),))
    )
    page = render(found)
    assert "distance is not what the model learned from and ROC AUC is on the wrong side of what is required." in page
    assert "As usual" not in page


@pytest.mark.parametrize("versions", [(), (version(note="3 rows of at least 200"),)])
def test_a_day_with_too_little_is_not_called_well(versions):
    page = render(report(*versions))
    assert "There is too little of the day to judge it by." in page
    assert "As usual" not in page


def test_a_day_that_was_not_over_says_so():
    assert "The day was not over" in render(report(), over=False)
    assert "The day was not over" not in render(report())


def test_every_version_has_its_part_and_no_id_comes_twice():
    parts = [version(number, (drift(), drift("probability")), (realised(),)) for number in (1, 2)]
    parser = parsed(render(report(*parts)))
    assert {"version-1", "version-2", "drift-1", "drift-2"} <= set(parser.ids)
    assert len(parser.ids) == len(set(parser.ids))


def test_what_came_from_outside_stays_text():
    bins = (HOSTILE, "all others", "missing")
    parts = version(drifts=(drift(HOSTILE, drifted=True, bins=bins), drift("probability")), note=HOSTILE)
    page = render(report(parts, model=HOSTILE, findings=(HOSTILE,)), HOSTILE)
    assert "<script" not in page
    assert "script" not in parsed(page).met


def test_it_asks_for_nothing_from_elsewhere():
    page = render(report(version(drifts=(drift(), drift("probability")), metrics=(realised(),))))
    assert "default-src 'none'" in page
    assert "src=" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"fallen": True}, "Fallen"), ({}, "As on bad days"), ({"high": 0.68}, "Holds"), ({"minimum": None}, None)],
)
def test_the_state_of_a_metric_is_a_word(changed, word):
    page = render(report(version(metrics=(realised(**changed),))))
    assert [one for one in ("Fallen", "As on bad days", "Holds") if f"{one}</span>" in page] == ([word] if word else [])


def test_what_can_not_be_told_is_a_dash():
    bare = realised(low=None, high=None, hold_out=None, minimum=None, usual=None)
    assert "\N{EN DASH}" in render(report(version(drifts=(drift(usual=None), drift("probability")), metrics=(bare,))))
