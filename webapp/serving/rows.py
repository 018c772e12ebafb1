"""Rows and columns as clients send them, made into what the contract's own check takes. All faults are told at once."""

from collections.abc import Mapping
from typing import Any

from bundle.contract import ABSENT, Columns, Contract, ContractError, columns_of, typed
from webapp.serving.refusal import malformed, shown, too_large

DICT = {dict}


def of_rows(rows: Any, key: str, contract: Contract, limit: int) -> Columns:
    """The columns of a list of objects, one a row. Fields that the model does not know are passed over.

    Raises:
        Refusal: it is no list of rows, or too long a one.
        ContractError: fields are not given, or not of their type.
    """
    _check_list(rows, key, limit)
    if not DICT.issuperset(map(type, rows)):
        raise ContractError(
            [
                f"row {at}: expected an object with a value for each field, got {shown(row)}"
                for at, row in enumerate(rows)
                if not isinstance(row, dict)
            ]
        )
    return columns_of(rows, contract, absent=ABSENT)


def of_columns(columns: Mapping[str, Any], key: str, contract: Contract, limit: int) -> Columns:
    """The columns of an object that has a list of values for each field.

    Raises:
        Refusal: it has too many rows.
        ContractError: fields are not given, not of one length, or not of their type.
    """
    faults = []
    for column in contract.inputs:
        values = columns.get(column.name, ABSENT)
        if not isinstance(values, list):
            got = "nothing" if values is ABSENT else shown(values)
            faults.append(f"{column.name}: expected a list with a value for each row, got {got}")
    if faults:
        raise ContractError(faults)
    first = contract.inputs[0].name
    _check_list(columns[first], key, limit)
    rows = len(columns[first])
    faults = [
        f"{column.name}: expected {rows} values as {first} has, got {len(columns[column.name])}"
        for column in contract.inputs
        if len(columns[column.name]) != rows
    ]
    if faults:
        raise ContractError(faults)
    return typed(columns, contract)


def _check_list(rows: Any, key: str, limit: int) -> None:
    if not isinstance(rows, list):
        raise malformed(f"'{key}' must be a list of rows, got {shown(rows)}.")
    if not rows:
        raise malformed(f"'{key}' must have at least one row, got none.")
    if len(rows) > limit:
        raise too_large("rows", limit, f"{len(rows):,}")
