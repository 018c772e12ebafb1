"""The shapes that the pictures are drawn from."""

from tests.webapp.monitoring.conftest import reported
from webapp.monitoring import pictures


def days(number):
    return [reported(f"2013-11-{day:02}", moved=day / 40, auc=0.6 + day / 100) for day in range(1, number + 1)]


def test_it_works():
    [auc] = pictures.metrics(days(10))
    [line] = auc.lines
    heights = [dot.y for dot in line.dots]
    assert heights == sorted(heights, reverse=True)  # it rises from day to day
    assert all(auc.left <= dot.x <= auc.right and 0 <= dot.y <= auc.height for dot in line.dots)
    assert [rule.said for rule in auc.rules] == ["at least", "hold-out"]
    assert len(line.bands) == 1


def test_a_day_without_a_value_breaks_the_line():
    some = days(5)
    some[2] = some[2].model_copy(
        update={"versions": (some[2].versions[0].model_copy(update={"mean_outcome": None, "realised": ()}),)}
    )
    answered, came = pictures.answers(some).lines
    assert (len(answered.points), len(came.points), len(came.dots)) == (1, 2, 4)
    assert len(pictures.metrics(some)[0].lines[0].bands) == 2


def test_the_feature_that_went_furthest_beyond_what_is_usual_comes_first():
    drawn = pictures.drift(days(20))
    assert drawn.rows[0].said == "carrier"
    assert len(drawn.cells) == 3 * 20
    assert [cell.tone for cell in drawn.cells[:20]] == sorted(cell.tone for cell in drawn.cells[:20])
    assert sum(cell.drifted for cell in drawn.cells) == 10


def test_one_day_is_drawn_too():
    assert pictures.answers(days(1)).lines[0].points
    assert pictures.drift(days(1)).cells
