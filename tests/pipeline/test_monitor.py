"""What a version's rows of a day say: judged where there is enough, and told why where there is not."""

import numpy as np
import pandas as pd
import pytest

from bundle import manifest, model, profile
from bundle.contract import Contract, Output
from bundle.manifest import BrokenVersion, Clause, Manifest, Verdict
from bundle.profile import AnswerProfile, Bins, Profile
from pipeline import monitor
from pipeline.monitor import Answering
from pipeline.problem import Monitoring
from pipeline.served import Tally, Watched

CONTRACT = Contract(inputs=(), outputs=(Output(name="probability", type="number", meaning=""),), threshold=0.5)
X = Bins(name="x", kind="number", edges=(0.0,), rows=1000)
ANSWER = Bins(name="probability", kind="number", edges=(0.5,), rows=1000)
RULE = Monitoring()


def clause(words, threshold):
    metric, _, rest = words.partition(" ")
    about = {
        "metric": metric,
        "at_most": rest.startswith("at most"),
        "kind": "value" if "than" not in rest else "difference",
    }
    return Clause(clause=words, **about, value=0.8, low=0.7, high=0.9, threshold=threshold, state="PASS")


def answering(*clauses, references=True, **worst):
    described = Manifest(
        name="m",
        version=1,
        title="M",
        problem="y > 0",
        made="2026-01-01T00:00:00+00:00",
        made_by="tester",
        contract=CONTRACT,
        runtime="litert",
        verdict=Verdict(verdict="PASS", clauses=clauses),
        metrics={"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}},
        lineage=(),
        raw=(),
        files={},
    )
    against = ((X, (0.5, 0.5, 0.0)), (ANSWER, (0.5, 0.5, 0.0))) if references else ()
    return Answering(described, against, Watched(CONTRACT, (X, ANSWER), dict), worst)


def tally(x=(500, 500, 0), known=None):
    rows = sum(x)
    half = np.array([rows // 2, rows - rows // 2, 0])
    return Tally(rows, rows, 0, rows / 2, (np.array(x), half), [known] if known is not None else [])


def outcomes(rows=1000, seed=0, *, good=True):
    """Outcomes that follow the answers, or have nothing to do with them."""
    rng = np.random.default_rng(seed)
    answers = rng.uniform(size=rows)
    values = (rng.uniform(size=rows) < (answers if good else 0.5)).astype(float)
    return pd.DataFrame({"id": [f"{row:032}" for row in range(rows)], "row": 0, "answer": answers, "value": values})


def day(counted, known_as=None, rule=RULE):
    return monitor.version_day(1, counted, answering() if known_as is None else known_as, rule, 0, "")


def fallen(known, *clauses, **worst):
    found = day(tally(known=known), answering(*clauses, **worst))
    return [one.metric for one in found.realised if one.fallen]


def test_it_works():
    found = day(tally(known=outcomes()))
    assert [one.name for one in found.drift] == ["x", "probability"]
    assert not any(one.drifted for one in found.drift)
    metrics = {one.metric: one for one in found.realised}
    assert metrics["roc_auc"].hold_out == 0.8
    assert metrics["roc_auc"].low < metrics["roc_auc"].value < metrics["roc_auc"].high
    assert found.mean_answer == 0.5
    assert found.mean_outcome == pytest.approx(0.5, abs=0.05)
    assert monitor.findings(found) == []


def reference(folder, written):
    """A version whose reference is what is ``written``, if anything; it has no model."""
    (folder / monitor.EXTRA).mkdir()
    if written is not None:
        (folder / monitor.EXTRA / profile.NAME).write_text(written)
    described = answering().manifest
    described.model_copy(update={"files": manifest.file_digests(folder)}).write(folder)
    return folder


@pytest.mark.parametrize("written", [None, "{}"])
def test_a_version_whose_reference_can_not_be_read_is_broken(tmp_path, written):
    with pytest.raises(BrokenVersion, match="must have a reference that its days are held against"):
        monitor.load(reference(tmp_path, written))


def test_a_version_whose_model_tells_no_features_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "_savedmodel", lambda _, name: {}[name])
    whole = Profile(max_psi=0.25, features=(), answer=AnswerProfile(name="probability", kind="number", hold_out=()))
    with pytest.raises(BrokenVersion, match="must have the signature 'features', and has not"):
        monitor.load(reference(tmp_path, whole.model_dump_json()))


def test_a_shift_is_told_in_a_sentence():
    found = day(tally(x=(900, 100, 0)))
    assert [one.drifted for one in found.drift] == [True, False]
    assert monitor.findings(found) == ["x drifts in version 1: PSI 0.88."]


def test_with_too_few_rows_drift_is_not_judged():
    found = day(tally(x=(199, 0, 0)))
    assert found.drift == ()
    assert "199 rows of at least 200 (min_rows): drift is not judged." in found.note


def test_with_too_few_outcomes_the_metrics_are_not_judged():
    found = day(tally(known=outcomes(199)))
    assert found.realised == ()
    assert found.outcomes == 199
    assert "199 outcomes of at least 200 (min_outcomes): the metrics are not judged." in found.note


def test_an_answer_that_was_logged_twice_counts_once():
    once, twice = (day(tally(known=known)) for known in (outcomes(), pd.concat([outcomes(), outcomes()])))
    assert once.outcomes == twice.outcomes == 1000
    assert once.realised == twice.realised


def test_a_version_without_a_reference_is_measured_all_the_same():
    found = day(tally(known=outcomes()), answering(references=False))
    assert found.drift == ()
    assert "drift is not judged" in found.note
    assert found.realised


def test_metrics_that_outcomes_of_one_kind_can_not_tell_are_left_out():
    found = day(tally(known=outcomes().assign(value=0.0)))
    assert "roc_auc" not in {one.metric for one in found.realised}
    assert "log_loss" in {one.metric for one in found.realised}


@pytest.mark.parametrize(
    ("words", "limit", "metric"), [("roc_auc at least 0.7", 0.7, "roc_auc"), ("brier at most 0.2", 0.2, "brier")]
)
def test_a_metric_has_fallen_where_its_whole_interval_is_on_the_wrong_side(words, limit, metric):
    assert fallen(outcomes(), clause(words, limit)) == []
    assert fallen(outcomes(good=False), clause(words, limit)) == [metric]


def test_where_the_interval_reaches_the_limit_nothing_is_told():
    known = outcomes(200, good=False)
    [auc] = [one for one in day(tally(known=known)).realised if one.metric == "roc_auc"]
    between = (auc.value + auc.high) / 2
    assert fallen(known, clause(f"roc_auc at least {between:g}", between)) == []


def test_what_single_days_of_the_hold_out_came_to_is_no_fall():
    known = outcomes(good=False)
    assert fallen(known, clause("roc_auc at least 0.7", 0.7), roc_auc=0.4) == []
    assert fallen(known, clause("roc_auc at least 0.7", 0.7), roc_auc=0.6) == ["roc_auc"]
    assert fallen(known, clause("brier at most 0.2", 0.2), brier=0.5) == []
    assert fallen(known, clause("brier at most 0.2", 0.2), brier=0.25) == ["brier"]


def test_requirements_against_a_baseline_are_no_limits_of_a_day():
    assert fallen(outcomes(good=False), clause("roc_auc better than the prior by 0.2", 0.2)) == []


def test_false_alarms_are_rare_where_the_model_is_as_good_as_required():
    """The interval has 95 %, so at the very limit some 2.5 % of days fall; measured over many days."""
    limit = clause("brier at most 0.1667", 1 / 6)  # the mean of p (1 - p) for p between 0 and 1
    alarms = sum(bool(fallen(outcomes(250, seed), limit)) for seed in range(100))
    assert alarms <= 8


def test_what_could_not_be_used_is_told():
    assert monitor.faults(1, 2, 3, 2, 1, {4: "it has gone."}) == [
        "1 line of the prediction log can't be read, left out.",
        "2 lines of the outcomes can't be read, left out.",
        "3 rows of the prediction log did not fit the contract, left out.",
        "2 outcomes of another kind than the version answers, left out.",
        "1 outcome came for an answer that the log does not have, left out.",
        "Version 4 can't be looked at: it has gone.",
    ]
    assert monitor.faults(0, 0, 0, 0, 0, {}) == []


def of_another_kind(contract, *clauses):
    known = answering(*clauses)
    described = known.manifest.model_copy(update={"contract": contract})
    return Answering(described, known.references, known.watched, {})


def test_labels_that_come_true_are_measured_and_their_share_told():
    contract = Contract(
        inputs=(), outputs=(Output(name="probabilities", type="number", meaning="", size=2),), classes=("no", "yes")
    )
    known = outcomes(bad := 1000, good=False)
    shares = np.column_stack([1 - known["answer"], known["answer"]])
    frame = known.assign(answer=list(shares), value=np.where(known["value"] == 1, "yes", "no"))
    found = day(tally(known=frame), of_another_kind(contract, clause("accuracy at least 0.7", 0.7)))
    accuracy = next(one for one in found.realised if one.metric == "accuracy")
    assert accuracy.fallen
    assert found.mean_outcome == accuracy.value == pytest.approx(0.5, abs=0.05)
    assert (found.task, found.outcomes) == ("multiclass", bad)


def test_numbers_that_come_true_are_measured():
    contract = Contract(inputs=(), outputs=(Output(name="prediction", type="number", meaning=""),))
    known = outcomes()
    found = day(
        tally(known=known.assign(value=known["answer"] + 3.0)), of_another_kind(contract, clause("rmse at most 2", 2))
    )
    assert [one.metric for one in found.realised if one.fallen] == ["rmse"]
    assert found.mean_outcome == pytest.approx(3.5, abs=0.05)
