"""The Open Inference Protocol, version 2, over REST: health, metadata, and inference on named tensors."""

import math
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle import moment
from bundle.contract import MISSING_TIME, Columns, Contract, ContractError, Input
from bundle.contract import shown as shown_value
from webapp.serving import binary, content, rows
from webapp.serving.answer import Answered, dumped
from webapp.serving.refusal import Refusal, malformed, shown
from webapp.serving.table import Approved, Table
from webapp.serving.version import Served

WHOLE = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
NUMBERS = WHOLE | {"FP16", "FP32", "FP64"}
TAKES: dict[str, frozenset[str]] = {
    "number": NUMBERS,
    "category": frozenset({"BYTES"}),
    "text": frozenset({"BYTES"}),
    "boolean": frozenset({"BOOL", "BYTES"}),
    "time": frozenset({"BYTES", "INT64"}),
}
TELLS = {"number": "FP32", "category": "BYTES", "text": "BYTES", "boolean": "BOOL", "time": "BYTES"}
"""The datatype that metadata gives for a column."""
TYPES = {
    np.dtype("float32"): "FP32",
    np.dtype("float64"): "FP64",
    np.dtype("int32"): "INT32",
    np.dtype("int64"): "INT64",
    np.dtype("object"): "BYTES",
}
INT = {int}


def server(version: str) -> bytes:
    """What answers here."""
    return dumped({"name": "plumbline", "version": version, "extensions": []})


def live() -> bytes:
    """The process answers."""
    return dumped({"live": True})


def ready(table: Table | None) -> bytes:
    """Requests can be answered. Models that can't, and what goes on from memory as its files are gone, are named.

    A model that can't be loaded does not keep the others from being asked.

    Raises:
        Refusal: 503, while models are loading, or where of those that are approved none could be loaded.
    """
    if table is None or not table.ready:
        raise Refusal(503, "Not ready: no approved model is loaded.", ((b"retry-after", b"1"),))
    told: dict[str, Any] = {"live": True, "ready": True}
    if table.degraded:
        told["degraded"] = {name: list(missing) for name, missing in sorted(table.degraded.items())}
    if absent := sorted(table.faults.keys() - table.models.keys()):
        told["not_loaded"] = absent
    return dumped(told)


def model_ready(served: Served) -> bytes:
    """The version answers."""
    return dumped({"name": served.name, "ready": True})


def metadata(model: Approved, served: Served) -> bytes:
    """The version's tensors, and which other versions there are."""
    return dumped(
        {
            "name": served.name,
            "versions": [str(number) for number in sorted(model.versions)],
            "platform": "tensorflow_savedmodel",
            "inputs": [
                {"name": column.name, "datatype": TELLS[column.type], "shape": [-1]}
                for column in served.contract.inputs
            ],
            "outputs": [
                {
                    "name": one.name,
                    "datatype": _type(served.types[one.name]),
                    "shape": [-1] if one.size is None else [-1, one.size],
                }
                for one in served.contract.outputs
            ],
        }
    )


def infer(served: Served, body: bytes, limit: int, json_size: bytes | None = None) -> Answered:
    """Answer named tensors of one value a row; after the first ``json_size`` bytes they may come as bytes."""
    request = content.parsed(body) if json_size is None else binary.parsed(body, json_size)
    if not isinstance(request.get("id", ""), str):
        raise malformed(f"'id' must be text, got {shown(request['id'])}.")
    wanted = _wanted(request.get("outputs"), served.outputs)
    columns = _columns(request.get("inputs"), served.contract, limit)
    answers = served.predict(columns)
    reply: dict[str, Any] = {"model_name": served.name, "model_version": str(served.number)}
    if "id" in request:
        reply["id"] = request["id"]
    reply["outputs"] = [
        {
            "name": name,
            "shape": list(answers[name].shape),
            "datatype": _type(answers[name].dtype),
            "data": answers[name].ravel(),
        }
        for name in wanted
    ]
    return Answered(dumped(reply), columns, answers)


def _wanted(outputs: Any, known: list[str]) -> list[str]:
    if not outputs:
        return known
    named = [one.get("name") for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
    names = [name for name in named if name in known]
    if not isinstance(outputs, list) or len(names) < len(outputs):
        raise malformed(f"'outputs' must be a list of objects that name some of {', '.join(known)}, and is not.")
    return names


def _columns(inputs: Any, contract: Contract, limit: int) -> Columns:
    if not isinstance(inputs, list) or not inputs:
        raise malformed(f"'inputs' must be a list of tensors, got {shown(inputs) if inputs else 'none'}.")
    if not all(isinstance(tensor, dict) and isinstance(tensor.get("name"), str) for tensor in inputs):
        raise malformed("Each of 'inputs' must be an object with a name, and some are not.")
    tensors = {tensor["name"]: tensor for tensor in inputs}
    if len(tensors) < len(inputs):
        raise malformed("Each of 'inputs' must have a name of its own, and some have the same.")
    if faults := [fault for column in contract.inputs for fault in _faults(column, tensors.get(column.name))]:
        raise ContractError(faults)
    columns = {column.name: _values(column, tensors[column.name]) for column in contract.inputs}
    return rows.of_columns(columns, "inputs", contract, limit)


def _faults(column: Input, tensor: dict[str, Any] | None) -> list[str]:  # noqa: PLR0911 - one return a fault
    if tensor is None:
        return [f"{column.name}: expected a tensor, got nothing"]
    datatype, shape, data = tensor.get("datatype"), tensor.get("shape"), tensor.get("data")
    counted = column.format in (None, "unix")  # else 20131103 may be a date, or seconds
    allowed = TAKES[column.type] - (set() if counted else {"INT64"})
    if not isinstance(datatype, str) or datatype not in allowed:
        return [f"{column.name}: expected a datatype of {', '.join(sorted(allowed))}, got {shown_value(datatype)}"]
    if not (isinstance(shape, list) and _is_shape(shape)):
        return [f"{column.name}: expected the shape [rows] or [rows, 1], got {_shown_shape(shape)}"]
    if not isinstance(data, list):
        return [f"{column.name}: expected a list of data, got {shown(data)}"]
    if len(data) != shape[0]:
        return [f"{column.name}: expected {math.prod(shape)} values by its shape, got {len(data)}"]
    if datatype in WHOLE and not INT.issuperset(map(type, _flat(tensor))):
        return [f"{column.name}: expected whole numbers, as its datatype is {datatype}, and some are not"]
    return []


def _shown_shape(shape: Any) -> str:
    """A shape as it stands in a message."""
    if isinstance(shape, list) and all(isinstance(size, int | float) for size in shape[:4]):
        return str(shape[:4])
    return shown_value(shape)


def _is_shape(shape: list[Any]) -> bool:
    if not all(type(size) is int and size >= 0 for size in shape):
        return False
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def _values(column: Input, tensor: dict[str, Any]) -> list[Any]:
    """The values of a tensor as the contract takes them: seconds since 1970 become times."""
    flat = _flat(tensor)
    if column.type != "time" or tensor["datatype"] != "INT64":
        return flat
    return [None if value == MISSING_TIME else _moment(value) for value in flat]


def _moment(seconds: int) -> Any:
    try:
        return moment.EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return seconds  # which the contract refuses


def _flat(tensor: dict[str, Any]) -> list[Any]:
    """The values of a tensor of one value a row; ``[[1], [2]]`` where the shape is [2, 1] means the same as [1, 2]."""
    data: list[Any] = tensor["data"]
    if len(tensor["shape"]) == 2:
        return [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
    return data


def _type(dtype: npt.DTypeLike) -> str:
    return TYPES[np.dtype(dtype)]
