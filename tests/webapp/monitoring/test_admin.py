"""The pages on which people see how a model's days went."""

import re

import pytest

from bundle.monitoring import Maintained
from tests.webapp.monitoring.conftest import reported
from webapp.monitoring import runs

LIST = "/admin/monitoring/monitored/"


@pytest.fixture
def page(shelf, ada):
    return f"{LIST}{shelf.live().model.pk}/change/"


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_it_works(page, report, vera, browser):
    report(reported("2013-11-02"))
    report(reported("2013-11-03", moved=0.8, auc=0.6))
    response = browser(vera).get(page)
    told = text(response)
    assert "on 2013-11-03 , the newest day: 900 rows answered, 880 with an outcome" in told
    assert "1 drifted 1 fallen" in told
    assert "carrier is far from training." in told
    assert response.content.decode().count("<polyline") == 3
    assert "carrier on 2013-11-03: PSI 0.800, usually at most 0.10, drifted" in told
    assert LIST.replace("monitored/", "") in response.content.decode()


def test_the_list_tells_of_each_model(page, report, vera, browser):
    assert "no report yet" in text(browser(vera).get(LIST))
    report(reported())
    assert "2013-11-03 as expected 900" in text(browser(vera).get(LIST))


def test_a_model_without_a_day_says_what_to_do(page, vera, browser):
    assert "luigi --module pipeline Monitor --problem flights" in text(browser(vera).get(page))


def test_a_day_without_outcomes_has_a_page(page, report, vera, browser):
    made = reported()
    version = made.versions[0].model_copy(update={"mean_outcome": None, "realised": (), "drift": (), "outcomes": 0})
    report(made.model_copy(update={"versions": (version,)}))
    response = browser(vera).get(page)
    assert response.status_code == 200
    assert "too few rows" in text(response)


def test_a_day_whose_log_could_not_be_read_has_a_row(page, report, vera, browser):
    report(reported())
    report(reported("2013-11-04", versions=(), rows=0, outcomes=0, findings=("No line could be read.",)))
    told = text(browser(vera).get(page))
    assert "No line could be read." in told
    assert "2013-11-04 too few rows" in told


def test_what_a_report_says_is_text(page, report, vera, browser):
    report(reported(findings=("<script>alert(1)</script>",)))
    body = browser(vera).get(page).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_the_report_of_a_day_may_run_nothing(page, report, vera, browser):
    report(reported())
    response = browser(vera).get(page.replace("change", "days/2013-11-03"))
    assert response.content == b"<h1>Report on 2013-11-03</h1>"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("day", ["2013-11-04", "..", "x", "2013-11-03%2f..", "%2e%2e%2f%2e%2e"])
def test_case_61_another_day_is_not_there(page, report, vera, browser, day):
    report(reported())
    assert browser(vera).get(page.replace("change", f"days/{day}"), follow=True).status_code == 404


def test_a_run_is_requested_with_a_reason(page, tom, browser):
    ask = page.replace("change", "request-run")
    assert browser(tom).get(ask).status_code == 200
    assert browser(tom).post(ask, {"reason": " "}).status_code == 400
    response = browser(tom).post(ask, {"reason": "A new airline began."}, follow=True)
    assert "tom requested a new run" in text(response)
    assert [asked.reason for asked in runs.pending("flights")] == ["A new airline began."]


def test_a_viewer_is_not_offered_a_run(page, vera, browser):
    assert "Request a new run" not in text(browser(vera).get(page))
    assert browser(vera).get(page.replace("change", "request-run")).status_code == 403
    assert browser(vera).post(page.replace("change", "request-run"), {"reason": "x"}).status_code == 403
    assert runs.pending("flights") == []


def test_what_maintain_did_last_is_told(page, shelf, vera, browser):
    done = Maintained(
        model="flights", at="2026-11-23T12:00:00Z", reasons=("carrier drifted",), outcome="new version", version=2
    )
    (shelf.folder.parent / "maintained").mkdir()
    (shelf.folder.parent / "maintained" / "flights.json").write_text(done.model_dump_json())
    told = text(browser(vera).get(page))
    assert "Maintain last ran on 23 November 2026, 12:00: new version (version 2), for carrier drifted" in told
