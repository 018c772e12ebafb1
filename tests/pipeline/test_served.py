"""The prediction log and the outcomes, read range by range: what is there counts, and what is not is told."""

import json

import numpy as np
import pytest

from bundle.contract import Contract, Input, Output
from bundle.profile import Bins
from pipeline import served
from pipeline.served import Watched

CONTRACT = Contract(
    inputs=(Input(name="x", type="number"), Input(name="kind", type="category")),
    outputs=(
        Output(name="probability", type="number", meaning=""),
        Output(name="decision", type="integer", meaning=""),
    ),
    threshold=0.5,
)
WATCHED = Watched(
    CONTRACT,
    (
        Bins(name="double", kind="number", edges=(2.0,)),
        Bins(name="kind", kind="category", levels=("a",)),
        Bins(name="probability", kind="number", edges=(0.5,)),
    ),
    lambda columns: {"double": columns["x"] * 2, "kind": columns["kind"]},
)
DAY = "2013-11-03T12:00:00Z"


def line(ids, rows=None, version=1, **changed):
    """A line of the prediction log: requests whose rows all have x = 1, kind = a and a probability of 0.25."""
    rows = rows or [1] * len(ids)
    total = sum(rows)
    columns = {"x": [1.0] * total, "kind": ["a"] * total, "probability": [0.25] * total} | changed
    return {
        "version": version,
        "ids": ids,
        "at": [DAY] * len(ids),
        "answered": [DAY] * len(ids),
        "rows": rows,
        "inputs": {name: columns[name] for name in ("x", "kind")},
        "answers": {"probability": columns["probability"], "decision": [0] * total},
    }


def outcome(key, value, row=0, at=DAY):
    return {"id": key, "row": row, "value": value, "at": at}


def files(folder, *contents):
    """A file for each content: a list of lines, as values or as text; how much of each counts is all of it."""
    found = []
    for number, lines in enumerate(contents):
        path = folder / f"{len(list(folder.iterdir()))}-{number}.jsonl"
        path.write_text("".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in lines))
        found.append((path, path.stat().st_size))
    return found


def read(folder, lines, outcomes=(), watched=None):
    """What a log of these lines holds."""
    known, _ = served.outcomes(files(folder, list(outcomes)))
    return served.log(files(folder, lines), {1: WATCHED} if watched is None else watched, known)


def known(log, version=1):
    return sorted(
        (row.id, row.row, row.value)
        for frame in log.versions[version].answered
        for row in frame.itertuples(index=False)
    )


def test_it_works(tmp_path):
    log = read(tmp_path, [line(["p", "q"], [2, 1]), line(["r"], x=[None], kind=[""], probability=[0.75])])
    tally = log.versions[1]
    assert (tally.requests, tally.rows, tally.aside, log.broken) == (3, 4, 0, 0)
    assert tally.answers == pytest.approx(1.5)
    assert [counts.tolist() for counts in tally.counts] == [[3, 0, 1], [3, 0, 1], [3, 1, 0]]


def test_it_does_not_depend_on_ranges_batches_or_files(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    lines = [
        line([f"{n}-{m}" for m in range(4)], [1, 2, 3, 1], x=rng.normal(1, 1, 7).tolist(), kind=[*"abaaa", "ż", ""])
        for n in range(60)
    ]
    outcomes = [outcome(f"{n}-1", n % 2, row=1) for n in range(60)]
    (tmp_path / "one").mkdir()
    whole = read(tmp_path / "one", lines, outcomes)
    monkeypatch.setattr(served, "RANGE_BYTES", 97)
    monkeypatch.setattr(served, "BATCH_ROWS", 10)
    (tmp_path / "many").mkdir()
    parts = read(tmp_path / "many", lines, outcomes)
    assert whole.versions[1].rows == parts.versions[1].rows == 420
    for one, other in zip(whole.versions[1].counts, parts.versions[1].counts, strict=True):
        assert one.tolist() == other.tolist()
    assert known(whole) == known(parts)
    assert len(known(whole)) == 60


def test_two_versions_of_a_day_are_told_apart(tmp_path):
    log = read(tmp_path, [line(["p"]), line(["q"], version=2), line(["r"])], watched={1: WATCHED, 2: WATCHED})
    assert {number: tally.requests for number, tally in log.versions.items()} == {1: 2, 2: 1}


def test_a_version_that_nothing_is_known_of_is_counted_with_its_answers_and_outcomes(tmp_path):
    log = read(tmp_path, [line(["p"], version=7)], [outcome("p", 1)])
    assert (log.versions[7].rows, log.versions[7].answers, log.versions[7].counts) == (1, 0.25, ())
    assert known(log, 7) == [("p", 0, 1.0)]


def test_a_torn_last_line_and_lines_of_no_log_are_counted_and_the_rest_is_read(tmp_path):
    torn = json.dumps(line(["q"]))[:-20]
    lopsided = line(["r"]) | {"rows": [2]}
    log = read(tmp_path, [line(["p"]), "\n", "null\n", "{}\n", lopsided, '{"version": 1, "ids": 3}\n', torn])
    assert log.broken == 6
    assert log.versions[1].rows == 1


def test_what_was_written_after_the_look_is_not_read(tmp_path):
    [(path, size)] = files(tmp_path, [line(["p"])])
    with path.open("a") as file:
        file.write(json.dumps(line(["q"])) + "\n")
    log = served.log([(path, size)], {1: WATCHED}, served.outcomes([])[0])
    assert log.versions[1].requests == 1
    assert log.broken == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": [1.0, "one", 1.0]},
        {"x": [1.0, 1e60, 1.0]},
        {"kind": ["a", 5, "a"]},
        {"probability": [0.25, None, 0.25]},
        {"probability": [0.25, 1.5, 0.25]},
    ],
    ids=str,
)
def test_a_row_that_is_not_the_contracts_is_set_aside_and_its_neighbours_are_not(tmp_path, wrong):
    log = read(tmp_path, [line(["p"], [3], **wrong)], [outcome("p", 1, row=row) for row in range(3)])
    tally = log.versions[1]
    assert (tally.rows, tally.aside) == (3, 1)
    assert [counts.sum() for counts in tally.counts] == [2, 2, 2]
    assert known(log) == [("p", 0, 1.0), ("p", 2, 1.0)]


def test_a_line_without_a_column_of_the_contract_is_set_aside_whole(tmp_path):
    bad = line(["p"], [3])
    del bad["inputs"]["kind"]
    other = line(["r"])
    del other["answers"]["probability"]
    log = read(tmp_path, [bad, line(["q"]), other])
    assert (log.versions[1].rows, log.versions[1].aside) == (5, 4)


def test_an_outcome_finds_its_row_and_a_later_one_replaces_it(tmp_path):
    late = "2013-11-09T00:00:00+00:00"
    lines = [
        outcome("p", 1),
        outcome("p", 0, row=1, at=late),
        outcome("p", 1, row=1),
        outcome("p", 0),
        outcome("nobody", 1),
    ]
    outcomes, broken = served.outcomes(files(tmp_path, lines))
    assert broken == 0
    assert len(outcomes) == 3
    log = served.log(files(tmp_path, [line(["p"], [2])]), {1: WATCHED}, outcomes)
    assert known(log) == [("p", 0, 0.0), ("p", 1, 0.0)]


def test_a_later_file_does_not_win_over_a_later_moment(tmp_path):
    late = "2013-11-09T02:00:00+02:00"
    outcomes, _ = served.outcomes(files(tmp_path, [outcome("p", 1, at=late)], [outcome("p", 0)]))
    assert outcomes["value"].tolist() == [1.0]


def test_lines_that_are_no_outcomes_are_counted(tmp_path):
    wrong = ["{", "[]\n", "7\n", outcome("p", None), outcome("p", [1]), outcome(5, 1), outcome("p", 1, at="soon")]
    outcomes, broken = served.outcomes(files(tmp_path, [outcome("q", 1), *wrong[1:], wrong[0]]))
    assert (len(outcomes), broken) == (1, 7)


def test_an_empty_day_has_nothing(tmp_path):
    assert served.log([], {1: WATCHED}, served.outcomes([])[0]).versions == {}
    assert len(served.outcomes([])[0]) == 0


LABELS = Contract(
    inputs=CONTRACT.inputs,
    outputs=(
        Output(name="probabilities", type="number", meaning="", size=2),
        Output(name="decision", type="category", meaning=""),
    ),
    classes=("cat", "dog"),
)
NUMBER = Contract(inputs=CONTRACT.inputs, outputs=(Output(name="prediction", type="number", meaning=""),))


def watching(contract, answer):
    return Watched(contract, (*WATCHED.bins[:2], answer), WATCHED.features)


def answered(ids, **answers):
    """A line of the log of a model that answers something else."""
    return {**line(ids), "answers": answers}


def test_labels_are_counted_by_what_was_given_and_joined_with_what_came_true(tmp_path):
    lines = [answered(["p", "q", "r"], probabilities=[[0.9, 0.1], [0.2, 0.8], [0.5]], decision=["cat", "dog", "dog"])]
    told, _ = served.outcomes(files(tmp_path, [outcome("p", "dog"), outcome("q", "dog"), outcome("q", 1)]))
    watched = watching(LABELS, Bins(name="decision", kind="category", levels=("dog", "cat")))
    found = served.log(files(tmp_path, lines), {1: watched}, told).versions[1]
    assert (found.aside, found.unfit) == (1, 1)  # a row with one share of two; an outcome that is no label
    assert found.counts[-1].tolist() == [1, 1, 0, 0]
    assert found.answers == pytest.approx(1.7)
    [known] = found.answered
    assert known[["id", "value"]].to_numpy().tolist() == [["p", "dog"]]
    assert known["answer"][0].tolist() == [0.9, 0.1]


def test_numbers_are_answers_and_outcomes_as_they_are(tmp_path):
    lines = [answered(["p", "q"], prediction=[-3.5, None]), answered(["r"], prediction=[1e6])]
    told, _ = served.outcomes(files(tmp_path, [outcome("p", -4.25), outcome("r", "many")]))
    watched = watching(NUMBER, Bins(name="prediction", kind="number", edges=(0.0,)))
    found = served.log(files(tmp_path, lines), {1: watched}, told).versions[1]
    assert (found.aside, found.unfit, found.answers) == (1, 1, 999_996.5)
    assert found.counts[-1].tolist() == [1, 1, 0]
    assert found.answered[0]["value"].tolist() == [-4.25]


def test_of_a_yes_or_no_only_0_and_1_come_true(tmp_path):
    told, _ = served.outcomes(files(tmp_path, [outcome("p", 0.5), outcome("q", "yes"), outcome("r", 1)]))
    found = served.log(files(tmp_path, [line(["p", "q", "r"])]), {1: WATCHED}, told).versions[1]
    assert found.unfit == 2
    assert found.answered[0]["id"].tolist() == ["r"]
