"""Rows become columns, and every fault in them is told at once."""

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
    names = ("carrier", "Größe (cm)", "größe (cm)", "self", "1st", "_", "x")
    awkward = CONTRACT.model_copy(update={"inputs": tuple(Input(name=name, type="number") for name in names)})
    assert tensors(awkward)["carrier"] == "carrier"
    assert len({tensor.lower() for tensor in tensors(awkward).values()}) == len(names)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", tensor) for tensor in tensors(awkward).values())


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
