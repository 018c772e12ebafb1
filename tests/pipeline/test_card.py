"""The model card: what a version says of itself, in a form that people and the Hugging Face hub read."""

import re
from typing import Any

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from bundle.contract import Contract, Input, Output
from bundle.manifest import Clause, HoldOut, Live, Manifest, Raw, Step, Verdict, Window
from pipeline import card, evaluate
from pipeline.problem import Notes

HOSTILE = "a|b\n# `<script>` [x](javascript:alert(1)) *"
FIGURE = {"value": 0.69, "low": 0.68, "high": 0.7}
LOSS = {"value": 0.52, "low": 0.51, "high": 0.53}
FIRST = "2013-01-01T00:00:00-05:00"
OUTPUT = Output(name="probability", type="number", meaning="")
PROFILE = {"features": [{"name": "month", "kept": False}, {"name": "carrier", "kept": True}]}
HISTORY = {"trial": "0", "best_epoch": 0, "epochs": [{}, {}]}
TRIALS = {"objective": "validation log loss", "best": "1", "trials": [{"id": "0"}, {"id": "1"}]}


def manifest(**more: Any) -> Manifest:
    step = Step(
        stage="Clean", source="flights", key="0" * 64, content="", code="", made_from={}, started="", seconds=1.0,
        rows_in=10, rows_out=9, notes=("1 row set aside",),
    )  # fmt: skip
    facts = {
        "name": "flights", "version": 3, "title": "Will it be late?", "problem": "arr_delay > 15",
        "made": "2026-11-23T12:00:00+00:00", "made_by": "tina",
        "contract": Contract(inputs=(Input(name="carrier", type="category"),), outputs=(OUTPUT,), threshold=0.27),
        "runtime": "litert",
        "verdict": Verdict(
            verdict="PASS", clauses=(Clause(clause="roc_auc at least 0.68", threshold=0.6, state="PASS", **FIGURE),)
        ),
        "metrics": {"roc_auc": FIGURE, "log_loss": LOSS, "pr_auc": dict.fromkeys(FIGURE)},
        "windows": (Window(split="train", rows=800, positives=200, first=FIRST, last="2013-08-31T23:59:00"),),
        "hold_out": HoldOut(reads=2, models=1), "lineage": (step,),
        "raw": (Raw(source="flights", path="flights.csv", sha256="0d1e" * 16),), "files": {},
    }  # fmt: skip
    return Manifest(**facts | more)


def evaluation(value: str = "EV", auc: float = 0.6) -> dict[str, Any]:
    estimate = {"value": auc, "low": auc - 0.01, "high": auc + 0.01}
    return {
        "task": "binary", "rows": 1000, "level": 0.95, "metrics": {"roc_auc": FIGURE},
        "baselines": {"gradient_boosting": {"roc_auc": {"value": 0.7, "low": 0.69, "high": 0.71}}},
        "slices": {"carrier": [{"value": value, "rows": 900, "metrics": {"roc_auc": estimate}, "doubts": {}},
                               {"value": "OO", "rows": 3, "metrics": {"roc_auc": None}, "doubts": {}}]},
    }  # fmt: skip


def render(described: Manifest | None = None, notes: Notes | None = None, told: dict[str, Any] | None = None) -> str:
    return card.render(described or manifest(), notes or Notes(), told or evaluation(), PROFILE, TRIALS, HISTORY)


def load(text: str, tmp_path) -> ModelCard:
    path = tmp_path / "card.md"
    path.write_text(text)
    return ModelCard.load(path)


def test_the_hub_reads_the_head(tmp_path):
    read = load(render(notes=Notes(license="cc-by-4.0")), tmp_path).data
    assert (read.library_name, read.license, read.pipeline_tag) == ("keras", "cc-by-4.0", "tabular-classification")
    assert read.model_name == "flights-3"
    assert read.datasets == ["flights"]
    found = {(one.task_type, one.dataset_name, one.metric_type): one.metric_value for one in read.eval_results}
    kind = ("tabular-classification", "flights")
    assert found == {(*kind, "roc_auc"): 0.69, (*kind, "log_loss"): 0.52}


def test_it_says_what_the_facts_say():
    text = render()
    assert "Version 3 of `flights`, made 2026-11-23 12:00 UTC by tina. Verdict: **PASS**." in text
    assert "yes from a probability of 0.270" in text
    assert "| train | 800 | 2013-01-01 05:00 UTC | 2013-08-31 23:59 UTC | 25.0% |" in text
    assert "These rows were read 2 times until then, with 1 model; the" in text
    assert "| ROC AUC | 0.690 (0.680 to 0.700) | 0.700 (0.690 to 0.710) |" in text
    assert "| ROC AUC at least 0.68 | 0.690 (0.680 to 0.700) | 0.6 | PASS |" in text
    assert "| carrier: EV | 900 | 0.600 (0.590 to 0.610) |" in text
    assert "drift and leaks: month." in text
    assert "flights.csv, SHA-256 `0d1e0d1e" in text


def test_the_slice_that_stands_worst_is_named():
    clause = Clause(clause="roc_auc at least 0.5", slice="carrier a|b", threshold=0.5, state="PASS", **FIGURE)
    told = render(manifest(verdict=Verdict(verdict="PASS", clauses=(clause,))))
    assert r"(carrier a\|b stands worst)" in told


def test_why_a_clause_is_not_settled_is_told_and_why_nothing_was_compared():
    state = "NOT ENOUGH EVIDENCE"
    clause = Clause(clause="roc_auc at least 0.5", why="too few rows: 29", threshold=0.5, state=state, **FIGURE)
    live = Live(version=2, digest="d", why="it gives other kinds of answers")
    told = render(manifest(verdict=Verdict(verdict=state, clauses=(clause,), live=live)))
    assert "(too few rows: 29)" in told
    assert "It was not compared with version 2, which was live then: it gives other kinds of answers." in told
    assert "Compared with version" not in told
    compared = Verdict(verdict=state, clauses=(clause,), live=Live(version=2, digest="d"))
    assert "Compared with version 2, which was live then" in render(manifest(verdict=compared))


def test_without_a_slice_that_is_worse_it_says_so():
    told = evaluation(auc=0.69)
    assert "No slice by carrier of 200 rows or more is worse than all rows together in ROC AUC" in render(told=told)


def sliced(*slices: tuple[str, int, float, float]) -> dict[str, Any]:
    """An evaluation with such slices by carrier: value, rows, and the edges of the ROC AUC, which is 0.69 over all."""
    told = [
        {"value": value, "rows": rows, "metrics": {"roc_auc": {"value": (low + high) / 2, "low": low, "high": high}},
         "doubts": {}}
        for value, rows, low, high in slices
    ]  # fmt: skip
    return evaluation() | {"slices": {"carrier": told}}


@pytest.mark.parametrize(
    ("slices", "worse"),
    [
        ([("EV", 900, 0.60, 0.68)], ["EV"]),
        ([("EV", 900, 0.60, 0.68), *[(f"O{number}", 900, 0.65, 0.73) for number in range(9)]], []),
        ([("EV", 900, 0.60, 0.68), ("MQ", 400, 0.50, 0.60), ("UA", 900, 0.68, 0.70)], ["MQ", "EV"]),
        ([("EV", 199, 0.50, 0.50), ("UA", 900, 0.68, 0.70)], []),
    ],
    ids=["alone", "the worst of ten by chance", "the surest first", "of few rows"],
)
def test_the_slices_that_are_worse_are_those_that_the_report_speaks_of(slices, worse):
    told = sliced(*slices)
    assert [slice_["value"] for _, slice_ in card.worst(told)] == worse
    assert re.findall(r"\| carrier: (\w+) \|", render(told=told)) == worse
    named = evaluate.worst_slice(told["slices"], "roc_auc", FIGURE["value"])
    assert ([named["value"]] if named["worse"] else []) == worse[:1]


def test_what_people_say_stands_as_they_wrote_it():
    uses = "The *evening shift*:\n\n- at 15:00\n- never for diverted flights"
    text = render(notes=Notes(owners=("Planning",), uses=uses, ethics="A wrong *yes* costs two hours."))
    assert f"## What it is for\n\n{uses}\n\n" in text
    assert "## Ethics\n\nA wrong *yes* costs two hours.\n" in text
    assert "Owned by Planning." in text
    assert "Nobody has said so" in render()
    assert "## Ethics" not in render()


@pytest.mark.parametrize("value", [HOSTILE, "---", "", "żółć ✈", "x" * 300])
def test_any_text_can_stand_in_it(value, tmp_path):
    described = manifest(
        title=value or "-",
        problem=value,
        contract=Contract(inputs=(Input(name=value, type="category"),), outputs=(OUTPUT,), threshold=0.5),
        raw=(Raw(source=value, path="a.csv", sha256="0" * 64),),
    )
    text = render(described, told=evaluation(value))
    assert load(text, tmp_path).data.datasets == [value]
    page = MarkdownIt("commonmark").enable("table").render(text.split("\n---\n", 1)[1])
    assert "<script>" not in page
    assert "<a " not in page
    assert page.count("<table>") == 5
    rows = re.findall(r"<tr>\n(.*?)</tr>", page, re.DOTALL)
    assert all(row.count("<t") in (2, 3, 4, 5) for row in rows)


def test_every_kind_of_answer_has_a_card(tmp_path):
    inputs = manifest().contract.inputs
    contracts = {
        "multiclass": Contract(inputs=inputs, outputs=(OUTPUT,), classes=("a", "b|c")),
        "regression": Contract(inputs=inputs, outputs=(OUTPUT,)),
    }
    metric = {"multiclass": "accuracy", "regression": "rmse"}
    for task, contract in contracts.items():
        told = evaluation() | {"task": task, "metrics": {metric[task]: FIGURE}, "slices": {}}
        described = manifest(contract=contract, metrics={metric[task]: FIGURE})
        read = load(render(described, told=told), tmp_path)
        assert read.data.eval_results[0].metric_type == metric[task]
        assert "No slices were declared." in read.text


def test_the_same_facts_give_the_same_bytes():
    assert render() == render()
