"""Rows become columns, and every fault in them is told at once."""

import keyword
import re

import numpy as np
import pytest

from bundle.contract import ABSENT, MAX_TEXT, Contract, ContractError, Input, Output, check, columns_of, tensors

CONTRACT = Contract(
    inputs=(Input(name="distance", type="number"), Input(name="carrier", type="category")),
    outputs=(Output(name="probability", type="number", meaning=""),),
    threshold=0.5,
)


def test_it_works():
    columns = columns_of([{"distance": 1400, "carrier": "UA"}, {"distance": 2.5, "carrier": "żółć"}], CONTRACT)
    assert columns["distance"].tolist() == [1400.0, 2.5]
    assert columns["distance"].dtype == np.float32
    assert [text.decode() for text in columns["carrier"]] == ["UA", "żółć"]


def test_every_column_has_a_tensor_by_its_name_where_a_savedmodel_can_hold_that():
    names = ("carrier", "Größe (cm)", "größe (cm)", "self", "1st", "_", "x", "class", "None", "none")
    awkward = CONTRACT.model_copy(update={"inputs": tuple(Input(name=name, type="number") for name in names)})
    assert tensors(awkward)["carrier"] == "carrier"
    assert len({tensor.lower() for tensor in tensors(awkward).values()}) == len(names)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", tensor) for tensor in tensors(awkward).values())
    assert not any(map(keyword.iskeyword, tensors(awkward).values()))


KINDS = CONTRACT.model_copy(
    update={"inputs": (Input(name="at", type="time"), Input(name="paid", type="boolean"), *CONTRACT.inputs)}
)


def test_times_and_booleans_are_taken_as_json_has_them():
    ats = ["2013-11-03T12:00:00Z", "2013-11-03T12:00:00.999+02:00", "2013-11-03", "1969-12-31T23:59:59.5", None]
    columns = columns_of([{"at": at, "paid": paid} for at, paid in zip(ats, [True, False, None, "true", ""])], KINDS)  # noqa: B905
    assert columns["at"].view("int64").tolist()[:4] == [1383480000, 1383472800, 1383436800, -1]
    assert np.isnat(columns["at"][4])
    assert columns["paid"].tolist() == [b"true", b"false", b"", b"true", b""]


def test_a_time_without_an_offset_is_read_from_the_clock_of_the_table():
    there = Input(name="at", type="time", time_zone="America/New_York")
    contract = CONTRACT.model_copy(update={"inputs": (there,)})
    ats = ["2013-11-03T01:30:00", "2013-03-10T02:30:00", "2013-07-01", "2013-07-01T04:00:00Z"]  # shown twice, skipped
    told = columns_of([{"at": at} for at in ats], contract)["at"].astype(str).tolist()
    assert told == ["2013-11-03T05:30:00", "2013-03-10T07:30:00", "2013-07-01T04:00:00", "2013-07-01T04:00:00"]


@pytest.mark.parametrize("at", ["yesterday", "2013-02-30T00:00:00Z", 1383480000, 1.5, True, [], ""])
def test_what_is_no_time_is_refused(at):
    with pytest.raises(ContractError, match="row 0, at: expected a time such as 2013-11-03T12:00:00Z or null, got"):
        columns_of([{"at": at, "paid": None}], KINDS)


@pytest.mark.parametrize("paid", ["yes", "True", 1, 0, 1.0, [], {}])
def test_what_is_neither_true_nor_false_is_refused(paid):
    with pytest.raises(ContractError, match="row 0, paid: expected true, false or null, got"):
        columns_of([{"at": None, "paid": paid}], KINDS)


def test_none_and_what_is_not_given_are_missing():
    columns = columns_of([{"distance": None}, {}], CONTRACT)
    assert np.isnan(columns["distance"]).all()
    assert columns["carrier"].tolist() == [b"", b""]


def test_a_caller_may_ask_that_every_column_be_named():
    columns_of([{"distance": None, "carrier": None}], CONTRACT, absent=ABSENT)
    with pytest.raises(ContractError, match="row 1, distance: expected a finite number or null, got nothing"):
        columns_of([{"distance": None, "carrier": "UA"}, {"carrier": "UA"}], CONTRACT, absent=ABSENT)


def test_a_text_has_a_greatest_length():
    columns_of([{"carrier": "a" * MAX_TEXT}], CONTRACT)
    with pytest.raises(ContractError, match="row 0, carrier: expected at most 1,000 characters, got 10,000,000"):
        columns_of([{"carrier": "a" * 10_000_000}], CONTRACT)
    said = Contract(inputs=(Input(name="says", type="text"),), outputs=CONTRACT.outputs)
    assert columns_of([{"says": "ż" * 10_000}, {"says": None}], said)["says"].tolist() == [("ż" * 10_000).encode(), b""]
    with pytest.raises(ContractError, match="row 0, says: expected at most 10,000 characters, got 10,001"):
        columns_of([{"says": "a" * 10_001}], said)


@pytest.mark.parametrize("value", ["12", True, [1], {"a": 1}, float("inf"), -float("inf"), 10**400, 1e39])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(ContractError, match="row 0, distance: expected a finite number or null"):
        columns_of([{"distance": value}], CONTRACT)


@pytest.mark.parametrize("value", [1, True, ["UA"], b"UA"])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(ContractError, match="row 0, carrier: expected text or null"):
        columns_of([{"carrier": value}], CONTRACT)


def test_all_faults_are_told_with_row_and_field():
    with pytest.raises(ContractError) as told:
        columns_of([{"distance": "far"}, {"carrier": 7}, {"distance": 1}], CONTRACT)
    assert told.value.faults == [
        "row 0, distance: expected a finite number or null, got 'far'",
        "row 1, carrier: expected text or null, got 7",
    ]


def test_a_thousand_faults_are_told_in_few_words():
    with pytest.raises(ContractError, match="and 980 more"):
        columns_of([{"distance": "far"}] * 1000, CONTRACT)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"distance": np.zeros(2, "float32")}, "carrier is not given"),
        ({"distance": np.zeros(2, "float32"), "carrier": np.array([b"a"])}, "as many values as the others"),
        (
            {"distance": np.array([np.inf], "float32"), "carrier": np.array([b"a"])},
            "distance must be finite or missing",
        ),
    ],
)
def test_columns_that_a_model_must_not_see_are_refused(columns, told):
    with pytest.raises(ContractError, match=told):
        check(columns, CONTRACT)
