"""TensorFlow Serving's REST interface, version 1: status, metadata, and predictions by row or by column."""

import base64
import binascii
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.contract import Columns, Contract
from bundle.contract import shown as shown_value
from bundle.model import SIGNATURE
from webapp.serving import content, rows
from webapp.serving.answer import Answered, dumped
from webapp.serving.refusal import malformed, shown
from webapp.serving.table import Approved, Table
from webapp.serving.version import Served, by_row

DEPTH = 3
"""How deep a value stands: a list of rows of values, or an object of lists of values."""
TYPES = {
    np.dtype("float32"): "DT_FLOAT",
    np.dtype("float64"): "DT_DOUBLE",
    np.dtype("int32"): "DT_INT32",
    np.dtype("int64"): "DT_INT64",
    np.dtype("object"): "DT_STRING",
}


def models(table: Table) -> bytes:
    """The names of all models that answer."""
    return dumped({"models": sorted(table.models)})


def status(model: Approved, version: Served | None) -> bytes:
    """The state of one version, or of all that are served, the newest first."""
    numbers = [version.number] if version else sorted(model.versions, reverse=True)
    return dumped(
        {
            "model_version_status": [
                {"version": str(number), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
                for number in numbers
            ]
        }
    )


def metadata(served: Served) -> bytes:
    """The version's signature."""
    inputs = {
        column.name: _tensor(f"{SIGNATURE}_{column.name}:0", "DT_FLOAT" if column.type == "number" else "DT_STRING")
        for column in served.contract.inputs
    }
    outputs = {
        one.name: _tensor(f"StatefulPartitionedCall:{at}", _type(served.types[one.name]), one.size)
        for at, one in enumerate(served.contract.outputs)
    }
    signature = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return dumped(
        {
            "model_spec": {"name": served.name, "signature_name": "", "version": str(served.number)},
            "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
        }
    )


def predict(served: Served, body: bytes, limit: int) -> Answered:
    """Answer ``instances`` by row, or ``inputs`` by column."""
    request = content.parsed(body)
    asked = request.get("signature_name", SIGNATURE)
    if asked not in (SIGNATURE, ""):
        raise malformed(f"signature_name must be {SIGNATURE!r} or left out, got {shown_value(asked)}.")
    if ("instances" in request) == ("inputs" in request):
        both = "instances" in request
        raise malformed(
            "Not formatted correctly: 'inputs' and 'instances' must not both be given. Send one of them."
            if both
            else "Missing 'inputs' or 'instances' key. Send one of them."
        )
    by_rows = "instances" in request
    given = request["instances" if by_rows else "inputs"]
    if b'"b64"' in body:
        given = _decoded(given, DEPTH)
    columns = (_of_instances if by_rows else _of_inputs)(given, served.contract, limit)
    answers = served.predict(columns)
    told: Any = answers
    if len(served.outputs) == 1:
        told = answers[served.outputs[0]]
    elif by_rows:
        told = by_row(answers, served.outputs)
    return Answered(dumped({"predictions" if by_rows else "outputs": told}), columns, answers)


def _of_instances(given: Any, contract: Contract, limit: int) -> Columns:
    if len(contract.inputs) == 1 and isinstance(given, list):
        name = contract.inputs[0].name
        given = [row if isinstance(row, dict) else {name: row} for row in given]
    return rows.of_rows(given, "instances", contract, limit)


def _of_inputs(given: Any, contract: Contract, limit: int) -> Columns:
    if len(contract.inputs) == 1 and isinstance(given, list):
        given = {contract.inputs[0].name: given}
    if not isinstance(given, dict):
        raise malformed(f"'inputs' must be an object with a list of values for each field, got {shown(given)}.")
    return rows.of_columns(given, "inputs", contract, limit)


def _decoded(value: Any, depth: int) -> Any:
    """The value with each ``{"b64": ...}`` in a row or column replaced by its text."""
    if depth == 0 or not isinstance(value, list | dict):
        return value
    if isinstance(value, list):
        return [_decoded(one, depth - 1) for one in value]
    if value.keys() != {"b64"}:
        return {name: _decoded(one, depth - 1) for name, one in value.items()}
    try:
        return base64.b64decode(value["b64"], validate=True).decode()
    except (binascii.Error, TypeError, ValueError):
        raise malformed("""{"b64": ...} must hold UTF-8 text in base 64, and does not.""") from None


def _tensor(name: str, kind: str, size: int | None = None) -> dict[str, Any]:
    sizes = ["-1"] if size is None else ["-1", str(size)]
    shape = {"dim": [{"size": one, "name": ""} for one in sizes], "unknown_rank": False}
    return {"dtype": kind, "tensor_shape": shape, "name": name}


def _type(dtype: npt.DTypeLike) -> str:
    return TYPES[np.dtype(dtype)]
