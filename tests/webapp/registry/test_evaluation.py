"""What the evidence shows of the hold-out: slices, curves and the time line, read from the file that was published."""

import json
import re

import pytest

from bundle import manifest as manifests
from bundle.manifest import Clause, Window
from webapp.registry import charts, evaluation, evidence, published
from webapp.registry.evaluation import NAME, Measured
from webapp.registry.evidence import Figure, drawn
from webapp.registry.models import Version

from .conftest import decide


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def one(value, rows, **metrics):
    return {"value": value, "rows": rows, "positives": rows // 4, "metrics": metrics}


FILE = {
    "rows": 1000,
    "positives": 250,
    "metrics": {"roc_auc": figure(0.70, 0.69, 0.71), "log_loss": figure(0.5, 0.4, 0.6)},
    "confusion": {"true_positive": 100, "false_positive": 150, "false_negative": 150, "true_negative": 600},
    "curves": {
        "model": {
            "roc": [[0.0, 0.0], [0.2, 0.4], [1.0, 1.0]],
            "precision_recall": [[0.1, 0.8], [1.0, 0.25]],
            "calibration": [
                {"predicted": 0.1, "observed": 0.12, "low": 0.1, "high": 0.14, "rows": 500},
                {"predicted": 0.5, "observed": 0.45, "low": 0.4, "high": 0.52, "rows": 500},
            ],
        }
    },
    "slices": {
        "carrier": [
            one("UA", 600, roc_auc=figure(0.72, 0.71, 0.73)),
            one("few", 20, roc_auc=figure(0.4, 0.1, 0.9)),
            one("AA", 300, roc_auc=figure(0.66, 0.65, 0.68)),
            one("none", 2, roc_auc=None),
        ]
    },
}

MEASURED = Measured.model_validate(FILE)
NOTHING = Measured()


def sliced(slices):
    return Measured.model_validate({**FILE, "slices": slices})


def clause(text):
    metric, _, rest = text.partition(" ")
    kind = "value" if rest.startswith("at ") else "difference"
    return Clause(
        clause=text,
        kind=kind,
        metric=metric,
        at_most=rest.startswith("at most"),
        value=0.7,
        low=0.6,
        high=0.8,
        threshold=0.6,
        state="PASS",
    )


def measure(shelf, number=1, measured=FILE, **more):
    """A registered version that was measured."""
    folder = shelf.publish(number)
    (folder / NAME).write_text(json.dumps(measured))
    described = manifests.read(folder)
    described.model_copy(update={"files": manifests.file_digests(folder), **more}).write(folder)
    published.sync()
    return Version.objects.select_related("model").get(number=number)


def page(browser, person, version):
    return browser(person).get(f"/admin/registry/version/{version.pk}/change/").content.decode()


def test_it_works(shelf, vera, browser):
    windows = (
        Window(split="train", rows=900, positives=90, first="2013-01-01T05:00-05:00", last="2013-09-30T23:59-04:00"),
        Window(split="test", rows=100, positives=25, first="2013-11-01T05:00-04:00", last="2013-12-31T23:59-05:00"),
    )
    shown = page(browser, vera, measure(shelf, windows=windows))
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))
    for piece in ("Calibration", "ROC curve", "Precision and recall", "By carrier", "0.6500 to 0.6800"):
        assert piece in words
    for piece in ("too few rows to tell", "1 Jan 2013 to 30 Sep 2013", "900 rows, 10.0 % yes", "100 rows, 25.0 % yes"):
        assert piece in words
    assert shown.count("<polyline") == 6  # of each picture the curve and the reference
    assert "style=" not in shown  # which the policy would not let through


def test_the_live_version_is_drawn_beside(shelf, ada, browser):
    decide("approve", measure(shelf, 1), ada)
    shown = page(browser, ada, measure(shelf, 2))
    assert shown.count('class="curve live"') == shown.count('class="curve here"') == 3


def test_a_live_version_that_was_not_measured_is_left_out(shelf, ada, browser):
    shelf.live(1)
    shown = page(browser, ada, measure(shelf, 2))
    assert 'class="curve live"' not in shown
    assert shown.count('class="curve here"') == 3


@pytest.mark.parametrize("change", ["changed", "removed"])
def test_what_is_not_as_it_was_published_is_not_shown(shelf, vera, browser, change):
    version = measure(shelf)
    path = version.folder / NAME
    if change == "changed":
        path.write_text(path.read_text().replace("0.72", "0.99"))
    else:
        path.unlink()
    assert evaluation.read(version) == NOTHING
    shown = page(browser, vera, version)
    assert "How it behaves" not in shown
    assert "By carrier" not in shown


def test_those_come_first_that_are_most_surely_worse():
    (found,) = evaluation.slices(MEASURED, (clause("roc_auc at least 0.6"),))
    assert [(one.value, one.worse) for one in found.shown] == [
        ("AA", True), ("UA", False), ("few", False), ("none", False)
    ]  # fmt: skip
    assert found.shown[-1].figure is None


def test_where_less_is_better_high_is_worse():
    slices = {"a": [one("low", 9, log_loss=figure(0.3, 0.2, 0.35)), one("high", 9, log_loss=figure(0.9, 0.8, 1.0))]}
    (found,) = evaluation.slices(sliced(slices), (clause("log_loss at most 0.6"),))
    assert [(one.value, one.worse) for one in found.shown] == [("high", True), ("low", False)]


@pytest.mark.parametrize("clauses", [(), (clause("other at least 1"),), (clause("roc_auc better than the prior"),)])
def test_without_a_requirement_on_a_metric_there_is_no_worst(clauses):
    assert evaluation.slices(MEASURED, clauses) == []


def test_many_slices_wait_to_be_asked_for():
    values = [one(str(number), 9, roc_auc=figure(0.5 + number / 100, 0.4, 0.6 + number / 100)) for number in range(20)]
    (found,) = evaluation.slices(sliced({"a": values}), (clause("roc_auc at least 0.6"),))
    assert [one.value for one in found.shown] == [str(number) for number in range(8)]
    assert len(found.more) == 12


def test_a_picture_holds_its_curves():
    for chart in charts.charts(MEASURED, MEASURED):
        assert [line.of for line in chart.lines] == ["live", "here"]
        for line in chart.lines:
            for point in line.points.split():
                x, y = map(float, point.split(","))
                assert charts.LEFT <= x <= charts.WIDTH - charts.RIGHT
                assert charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM


def test_the_corners_of_a_curve_are_those_of_the_picture():
    roc = next(chart for chart in charts.charts(MEASURED, NOTHING) if chart.title == "ROC curve")
    assert roc.lines[0].points.split()[0] == f"{charts.LEFT},{charts.HEIGHT - charts.BOTTOM}"
    assert roc.lines[0].points.split()[-1] == f"{charts.WIDTH - charts.RIGHT},{charts.TOP}"
    assert roc.mark == (charts.LEFT + 0.2 * (302 - 40), 230 - 0.4 * 222)
    assert [tick.text for tick, _ in roc.ticks] == ["0%", "20%", "40%", "60%", "80%", "100%"]


@pytest.mark.parametrize("told", [{}, {"curves": {}}, {"curves": {"model": {}}}, {"metrics": {}, "slices": {}}])
def test_what_another_release_did_not_measure_is_left_out(told):
    measured = Measured.model_validate(told)
    assert charts.charts(measured, MEASURED) == []
    assert evaluation.slices(measured, (clause("roc_auc at least 0.6"),)) == []


@pytest.mark.parametrize("told", [[], 1, None, {"slices": []}, {"curves": {"model": {"roc": [[1]]}}}])
def test_a_file_of_another_make_is_no_fault_of_the_page(shelf, vera, browser, told):
    version = measure(shelf, measured=told)
    assert evaluation.read(version) == NOTHING
    assert "What was required of it" in page(browser, vera, version)


def test_a_small_figure_is_told():
    small = evidence.Figure(0.000312, 0.000298, 0.000327)
    assert (small.shown, small.limits) == ("0.000312", "0.000298 to 0.000327")


def test_figures_are_placed_on_the_scale_of_some():
    near, far = Figure(0.5, 0.4, 0.6), Figure(5.0, 4.0, 6.0)
    placed = drawn([near, far], among=[near])
    assert placed[0].left == evidence.MARGIN
    assert placed[1].left > evidence.WIDTH  # cut off by the picture's edge


def test_a_version_that_does_not_say_its_time_has_no_line(shelf, vera, browser):
    assert "judged by</h2>" not in page(browser, vera, shelf.registered())


def test_labels_and_numbers_have_pictures_and_slices_of_their_own():
    from webapp.registry import charts
    from webapp.registry.evaluation import Labels, Measured

    bins = [{"predicted": 0.2, "observed": 0.25, "low": 0.1, "high": 0.4}]
    labels = Measured.model_validate(
        {
            "rows": 30,
            "confusion": {"labels": ["cat", "dog"], "counts": [[10, 2], [3, 15]]},
            "curves": {"model": {"calibration": {"cat": bins, "dog": bins}}},
            "slices": {"colour": [{"value": "red", "rows": 30, "metrics": {"accuracy": None}}]},
        }
    )
    assert [one.title for one in charts.charts(labels, Measured())] == ["Calibration of cat", "Calibration of dog"]
    assert isinstance(labels.confusion, Labels)
    assert labels.confusion.rows()[1] == ("dog", [(3, False), (15, True)])
    assert labels.slices["colour"][0].answers == ""
    number = Measured.model_validate(
        {
            "rows": 30,
            "mean": 120.0,
            "deciles": [{"predicted": 100.0, "actual": 90.0}, {"predicted": 140.0, "actual": 150.0}],
            "slices": {"colour": [{"value": "red", "rows": 30, "mean": 120.5, "metrics": {}}]},
        }
    )
    [chart] = charts.charts(number, Measured())
    assert chart.title == "Predicted and actual"
    assert [x.text for x, _ in chart.ticks] == ["90", "105", "120", "135", "150"]
    assert number.slices["colour"][0].answers == "120.5"
