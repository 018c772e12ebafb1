"""Rows that ask every column for every value worth asking."""

import pytest

from bundle.contract import MAX_TEXT, Contract, Input, Output
from pipeline import coverage

TYPES = {"carrier": "category", "charter": "boolean", "distance": "number", "said": "text"}
ROWS = [{"carrier": "UA", "charter": "true", "distance": 10.0 * place, "said": f"word {place}"} for place in range(50)]
LEVELS = [f"C{number}" for number in range(900)]


def contract(more=0):
    inputs = [Input(name=name, type=kind) for name, kind in TYPES.items()]
    inputs += [Input(name=f"more{number}", type="number") for number in range(more)]
    return Contract(inputs=tuple(inputs), outputs=(Output(name="prediction", type="number", meaning=""),))


def test_it_works():
    rows = coverage.covering(ROWS, contract(), {})
    assert len(rows) == coverage.ROWS
    assert {row["carrier"] for row in rows} == {None, coverage.UNSEEN, "UA"}
    assert {row["charter"] for row in rows} == {None, "true"}
    assert {row["distance"] for row in rows} == {None, *(row["distance"] for row in ROWS)}


def test_each_level_that_the_model_knows_is_asked():
    rows = coverage.covering(ROWS, contract(), {"carrier": LEVELS})
    assert [row["carrier"] for row in rows].count("C899") == 1
    assert {row["carrier"] for row in rows} == {None, coverage.UNSEEN, "UA", *LEVELS}
    assert len(rows) == 903


def test_the_least_and_the_largest_number_that_the_model_knows_are_asked():
    asked = {row["distance"] for row in coverage.covering(ROWS, contract(), {"distance": [-7.0, 9e6]})}
    assert {-7.0, 9e6} < asked


def test_of_a_wide_table_the_most_frequent_levels_are_asked(monkeypatch):
    monkeypatch.setattr(coverage, "MOST_CELLS", 200 * 105)
    rows = coverage.covering(ROWS, contract(more=100), {"carrier": LEVELS})
    assert {row["carrier"] for row in rows} == {None, coverage.UNSEEN, "UA", *LEVELS[:199]}


def test_long_texts_are_asked_no_more_often_for_many_levels():
    rows = coverage.covering(ROWS, contract(), {"carrier": LEVELS})
    assert sum(row["said"] is not None for row in rows) < coverage.ROWS


def test_a_level_that_no_client_may_send_is_not_asked():
    rows = coverage.covering(ROWS, contract(), {"carrier": ["x" * (MAX_TEXT + 1), "DL"]})
    assert {row["carrier"] for row in rows} == {None, coverage.UNSEEN, "UA", "DL"}


@pytest.mark.slow
def test_what_a_model_knows_are_its_levels_its_ranges_and_the_keys_of_its_tables():
    from tests.pipeline.test_golden import CARRIERS, KNOWN, PLANES, Plan

    known = coverage.known(KNOWN, Plan().derive)
    assert known["carrier"] == list(CARRIERS)
    assert known["distance"] == [900.0, 1600.0]
    assert known["tail"] == PLANES["tail"].tolist()
