"""The pages: what they show, what they ask, and what they refuse."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bundle import manifest as manifests
from bundle.manifest import Clause, Live, Verdict
from webapp.registry import published
from webapp.registry.models import REPORT, Decision, Model, State, Version

LIST = "/admin/registry/version/"


def page_of(version, what="change"):
    return f"{LIST}{version.pk}/{what}/"


def text(response):
    """What a person reads of the page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_it_works(shelf, ada, browser):
    version, client = shelf.registered(), browser(ada)
    assert "Approve" in text(client.get(page_of(version)))
    assert "Approve flights 1?" in text(client.get(page_of(version, "approve")))
    response = client.post(page_of(version, "approve"), {"reason": "Good."}, follow=True)
    assert response.redirect_chain == [(page_of(version), 302)]
    assert "Flights 1 is live now." in text(response)
    assert Decision.objects.first().source == "admin from 127.0.0.1"


def test_a_roll_back_through_the_pages(shelf, ada, browser):
    first, second = shelf.live(1), shelf.live(2)
    response = browser(ada).post(page_of(first, "roll-back"), {"reason": "Version 2 is slow."}, follow=True)
    assert "Flights 1 is live now." in text(response)
    second.refresh_from_db()
    assert second.state == State.APPROVED


def test_the_evidence_stands_beside_the_live_version(shelf, ada, browser):
    shelf.live(1, auc=0.7)
    shown = text(browser(ada).get(page_of(shelf.registered(2, auc=0.75))))
    assert "How good it is, beside version 1, which is live" in shown
    for piece in (
        "roc_auc at least 0.6",
        "0.7500",
        "0.7400 to 0.7600",
        "0.7000",
        "+0.0500",
        "train: 80 rows",
        "flights.csv",
    ):
        assert piece in shown


def judged(shelf, number, live=None):
    """A version with a clause about slices, and what it was compared with."""
    clause = Clause(
        clause="roc_auc at least 0.5 in every slice of 200 rows or more", kind="slices", metric="roc_auc",
        slice="carrier AA", value=0.61, low=0.56, high=0.66, threshold=0.5, state="PASS",
    )  # fmt: skip
    folder = shelf.publish(number)
    rests_on = {"live": live, "policy": "a1" * 32, "data": "b2" * 32, "code": "c3" * 32}
    verdict = Verdict(verdict="PASS", clauses=(clause,), **rests_on)
    manifests.read(folder).model_copy(update={"verdict": verdict}).write(folder)
    published.sync()
    return Version.objects.get(number=number)


def test_the_evidence_says_what_the_verdict_rests_on(shelf, ada, browser):
    shelf.live(1)
    shown = text(browser(ada).get(page_of(judged(shelf, 2, Live(version=1, digest="d" * 64)))))
    assert "in every slice of 200 rows or more (carrier AA stands worst)" in shown
    assert "Compared, row by row, with version 1, which was live then." in shown
    for digest in ("a1a1a1a1", "b2b2b2b2", "c3c3c3c3"):
        assert digest in shown
    assert "It was not compared with" not in shown


def test_who_approves_is_told_that_the_live_version_could_not_be_compared(shelf, ada, browser):
    shelf.live(1)
    version = judged(shelf, 2, Live(version=1, digest="d" * 64, why="it gives other kinds of answers"))
    words = "It was not compared with version 1, which was live then: it gives other kinds of answers."
    shown = text(browser(ada).get(page_of(version)))
    assert words in shown
    assert "Compared, row by row" not in shown
    assert words in text(browser(ada).get(page_of(version, "approve")))


def test_a_verdict_that_does_not_know_the_live_version_says_so(shelf, ada, browser):
    shelf.live(1)
    shown = text(browser(ada).get(page_of(judged(shelf, 2))))
    assert "It was not compared with version 1, which is live now" in shown


def test_a_manifest_of_another_release_is_no_fault_of_the_page(shelf, ada, browser):
    version = shelf.registered()
    version.manifest = {**version.manifest, "invented_later": 1}
    version.save()
    assert "was written for another release" in text(browser(ada).get(page_of(version)))


def test_only_what_makes_sense_is_offered(shelf, ada, vera, browser):
    version = shelf.registered()
    offered = re.findall(r'class="verb (\w+)"', browser(ada).get(page_of(version)).content.decode())
    assert offered == ["approve", "reject"]
    assert "verb approve" not in browser(vera).get(page_of(version)).content.decode()


@pytest.mark.parametrize("verdict", ["FAIL", "NOT ENOUGH EVIDENCE"])
def test_what_did_not_pass_is_not_offered_for_approval(shelf, ada, browser, verdict):
    shown = browser(ada).get(page_of(shelf.registered(verdict=verdict)))
    assert re.findall(r'class="verb (\w+)"', shown.content.decode()) == ["reject"]
    assert f"Its verdict is {verdict}: only what passes can be approved." in text(shown)


def test_the_list_shows_the_figures(shelf, ada, browser):
    shelf.live(1, auc=0.7)
    shelf.registered(2, auc=0.75)
    shown = text(browser(ada).get(LIST))
    assert "roc_auc 0.7500 +0.0500" in shown
    assert "roc_auc 0.7000" in shown


@pytest.mark.parametrize("path", [LIST, "/admin/registry/model/", "/admin/registry/decision/"])
def test_more_rows_need_no_more_queries(shelf, ada, browser, path):
    client = browser(ada)
    shelf.live(1)
    shelf.live(1, name="trains")
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(2, 9):
        shelf.registered(number)
        shelf.registered(number, name="trains")
        shelf.registered(number, name=f"other{number}")
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)


def test_the_page_of_a_decision_says_what_the_model_is_asked(shelf, ada, browser):
    assert "Will it be late?" in text(browser(ada).get(page_of(shelf.registered(), "approve")))


def test_a_reason_is_required(shelf, ada, browser):
    version = shelf.registered()
    response = browser(ada).post(page_of(version, "approve"), {"reason": "  "})
    assert response.status_code == 400
    assert "A decision must have a reason" in text(response)
    version.refresh_from_db()
    assert version.state == State.CANDIDATE


def test_what_is_refused_is_said_on_the_page(shelf, ada, browser):
    response = browser(ada).post(page_of(shelf.registered(verdict="FAIL"), "approve"), {"reason": "I like <b>it</b>"})
    assert response.status_code == 409
    assert "must have the verdict PASS to be approved, got FAIL" in text(response)
    assert "I like &lt;b&gt;it&lt;/b&gt;" in response.content.decode()


@pytest.mark.parametrize("way", ["page", "action"])
@pytest.mark.parametrize("who", ["vera", "tom"])
@pytest.mark.parametrize("verb", ["approve", "reject", "retire", "roll_back"])
def test_case_57_a_direct_post_without_permission(shelf, vera, tom, browser, who, way, verb):
    version, client = shelf.registered(), browser({"vera": vera, "tom": tom}[who])
    if way == "page":
        response = client.post(page_of(version, verb.replace("_", "-")), {"reason": "Mine."})
    else:
        response = client.post(LIST, {"action": f"act_{verb}", "_selected_action": [version.pk]})
    assert response.status_code == 403
    version.refresh_from_db()
    line = Decision.objects.first()
    assert (version.state, line.actor, line.verb, line.outcome) == (State.CANDIDATE, who, verb, "refused")


def test_case_58_four_eyes_on_every_way(shelf, ada, browser):
    version, client = shelf.registered(made_by="ada"), browser(ada)
    assert "You made this version: somebody else must approve it." in text(client.get(page_of(version)))
    direct = client.post(page_of(version, "approve"), {"reason": "Mine is good.", "made_by": "tom"})
    bulk = client.post(LIST, {"action": "act_approve", "_selected_action": [version.pk]}, follow=True)
    confirmed = client.post(bulk.redirect_chain[-1][0], {"reason": "Mine is good."})
    assert (direct.status_code, confirmed.status_code) == (403, 403)
    version.refresh_from_db()
    assert (version.state, version.made_by) == (State.CANDIDATE, "ada")
    assert Decision.objects.filter(outcome="refused").count() == 2


def test_an_action_takes_one_version(shelf, ada, browser):
    versions = [shelf.registered(1), shelf.registered(2)]
    client = browser(ada)
    one = client.post(LIST, {"action": "act_reject", "_selected_action": [versions[0].pk]})
    assert one.url == page_of(versions[0], "reject")
    two = client.post(
        LIST, {"action": "act_reject", "_selected_action": [version.pk for version in versions]}, follow=True
    )
    assert "every decision has a reason of its own" in text(two)


@pytest.mark.parametrize("what", ["approve", "reject", "retire", "roll-back"])
def test_case_59_a_post_from_another_site(shelf, ada, browser, what):
    version = shelf.registered()
    client = browser(ada, enforce_csrf_checks=True)
    response = client.post(page_of(version, what), {"reason": "x"}, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    version.refresh_from_db()
    assert version.state == State.CANDIDATE


def test_the_form_works_without_javascript_and_with_its_csrf_token(shelf, ada, browser):
    version = shelf.registered()
    client = browser(ada, enforce_csrf_checks=True)
    page = client.get(page_of(version, "approve")).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    assert "onclick" not in page
    response = client.post(page_of(version, "approve"), {"reason": "Good.", "csrfmiddlewaretoken": token})
    assert response.status_code == 302


def test_case_14_whoever_approves_sees_why_a_leak_was_waived(shelf, ada, browser):
    folder = shelf.publish()
    described = manifests.read(folder)
    words = "no leak in deposit: it alone tells 0.991 of the answer, above 0.98; waived: It is paid weeks before."
    waived = described.verdict.clauses[0].model_copy(update={"clause": words, "state": "PASS"})
    clauses = (*described.verdict.clauses, waived)
    described.model_copy(update={"verdict": described.verdict.model_copy(update={"clauses": clauses})}).write(folder)
    published.sync()
    version = Version.objects.get(state=State.CANDIDATE)
    for page in (page_of(version), page_of(version, "approve")):
        assert words in browser(ada).get(page).content.decode(), page


HOSTILE = '<img src=x onerror="alert(1)">"\'{{ 7*7 }}<script>alert(2)</script>'


def test_case_62_hostile_text_is_shown_as_text(shelf, ada, browser):
    folder = shelf.publish()
    described = manifests.read(folder)
    clause = described.verdict.clauses[0].model_copy(update={"clause": HOSTILE})
    step = described.lineage[0].model_copy(update={"source": HOSTILE, "notes": (HOSTILE,)})
    raw = described.raw[0].model_copy(update={"source": HOSTILE, "path": HOSTILE, "sha256": HOSTILE})
    described.model_copy(
        update={
            "title": HOSTILE,
            "problem": HOSTILE,
            "made_by": HOSTILE,
            "metrics": {HOSTILE: {"value": 1.0, "low": 0.5, "high": 2.0}},
            "verdict": described.verdict.model_copy(update={"clauses": (clause,)}),
            "lineage": (step,),
            "raw": (raw,),
        }
    ).write(folder)
    shelf.publish(name="<script>alert(1)")
    published.sync()
    version, client = Version.objects.get(state=State.CANDIDATE), browser(ada)
    client.post(page_of(version, "approve"), {"reason": HOSTILE})
    pages = [LIST, page_of(version), page_of(version, "retire"), page_of(Version.objects.get(state=State.BROKEN))]
    pages += [
        "/admin/registry/decision/",
        f"/admin/registry/decision/{Decision.objects.first().pk}/change/",
        "/admin/registry/model/",
    ]
    pages += [
        reverse("admin:registry_model_change", args=[model]) for model in Model.objects.values_list("pk", flat=True)
    ]
    for page in pages:
        response = client.get(page)
        content = response.content.decode()
        assert response.status_code == 200
        assert 'onerror="' not in content.replace("&quot;", "")
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert "7*7" not in content or "{{ 7*7 }}" in content
        assert "script-src 'self';" in response.headers["Content-Security-Policy"]


def test_the_report_is_shown_where_it_can_do_nothing(shelf, vera, browser):
    version = shelf.registered()
    response = browser(vera).get(page_of(version, "report"))
    assert response.content == b"<h1>Report on version 1</h1>"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "sandbox;" in policy
    assert "script-src" not in policy


def test_case_61_a_report_that_is_not_the_published_one_is_not_shown(shelf, vera, browser, tmp_path):
    version, client = shelf.registered(), browser(vera)
    report = version.folder / REPORT
    report.unlink()
    assert client.get(page_of(version, "report")).status_code == 404
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    report.symlink_to(secret)
    assert client.get(page_of(version, "report")).status_code == 404


@pytest.mark.parametrize(
    "tail",
    ["..%2f..%2fsettings.py/report/", "%252e%252e/report/", "1/report/../../../etc/passwd", "1%00/report/",
     "1/report/%2e%2e%2fmanifest.json", "1;/report/", "/proc/self/root/report/", "1/report\\..\\x/"],
)  # fmt: skip
def test_case_61_no_path_leads_out_of_the_store(shelf, root, browser, tail):
    shelf.registered()
    response = browser(root).get(f"{LIST}{tail}", follow=True)
    assert b"root:" not in response.content
    assert response.status_code in {400, 404} or b"Home" in response.content
    assert b"PLUMBLINE_MODE" not in response.content


def test_nothing_is_added_changed_or_deleted_by_hand(shelf, ada, root, browser):
    version, client = shelf.live(), browser(root)
    line = Decision.objects.first()
    for name, pk in (("version", version.pk), ("model", version.model_id), ("decision", line.pk)):
        for path in ("add/", f"{pk}/delete/"):
            for ask in (client.get, client.post):
                assert ask(f"/admin/registry/{name}/{path}").status_code == 403
        assert client.post(f"/admin/registry/{name}/{pk}/change/", {"state": "live"}).status_code == 403


def test_what_was_in_production_at_a_moment(shelf, ada, browser):
    version = shelf.live()
    client, path = browser(ada), reverse("admin:registry_model_change", args=[version.model_id])
    now = Decision.objects.first().at
    asked = text(client.get(path, {"at": f"{now:%Y-%m-%d %H:%M:%S}"}))
    assert "no version was in production" in asked  # it went live within that second
    for moment, answer in (
        ("2020-01-01", "no version was in production"),
        ("2999-01-01 10:00", "must be in the past"),
        ("soon", "valid date"),
    ):
        assert answer in text(client.get(path, {"at": moment}))
    assert "It is better." in text(client.get(path))


@pytest.mark.parametrize("path", ["/admin/nothing/", "/nothing", "/admin/registry/version/999/change/"])
def test_a_page_that_is_not_there(shelf, root, browser, path):
    response = browser(root).get(path, follow=True)
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
