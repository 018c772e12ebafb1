"""Tensors that follow the JSON of a request as bytes, as Triton's client sends them unless it is told otherwise."""

import struct
from typing import Any

import numpy as np

from bundle.contract import shown
from webapp.serving import content
from webapp.serving.refusal import malformed

DTYPES = {
    "BOOL": "?",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
}
LENGTH = struct.Struct("<I")
MOST_DIGITS = 18
"""Of a size; what has more is none, and Python itself reads no number of some thousands."""


def parsed(body: bytes, json_size: bytes) -> dict[str, Any]:
    """The request with the bytes after its JSON read into the ``data`` of the tensors that they belong to.

    Raises:
        Refusal: the sizes or the bytes are not what the JSON says.
    """
    if not json_size.isdigit() or len(json_size) > MOST_DIGITS or int(json_size) > len(body):
        raise malformed("Inference-Header-Content-Length must be the size of the JSON within the body, and is not.")
    request = content.parsed(body[: int(json_size)])
    at = int(json_size)
    inputs = request.get("inputs")
    for tensor in inputs if isinstance(inputs, list) else []:
        parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
        if isinstance(parameters, dict) and "binary_data_size" in parameters:
            size = parameters["binary_data_size"]
            if type(size) is not int or not 0 <= size <= len(body) - at:
                raise malformed(f"binary_data_size must be a size within the body, got {shown(size)}.")
            tensor["data"] = _data(tensor.get("datatype"), body[at : at + size])
            at += size
    if at != len(body):
        raise malformed(f"The tensors must fill the body, and {len(body) - at:,} bytes are left over.")
    return request


def _data(datatype: Any, raw: bytes) -> list[Any]:
    if datatype == "BYTES":
        return _texts(raw)
    dtype = np.dtype(DTYPES.get(datatype, "V1") if isinstance(datatype, str) else "V1")
    if dtype.kind == "V":
        raise malformed(f"A binary tensor must be of BYTES, {', '.join(DTYPES)}, got {shown(datatype)}.")
    if len(raw) % dtype.itemsize:
        raise malformed(
            f"A binary tensor of {datatype} must have {dtype.itemsize} bytes a value, got {len(raw)} in all."
        )
    values: list[Any] = np.frombuffer(raw, dtype).tolist()
    return values


def _texts(raw: bytes) -> list[str]:
    texts, at = [], 0
    try:
        while at < len(raw):
            (size,) = LENGTH.unpack_from(raw, at)
            at += LENGTH.size + size
            if at > len(raw):
                raise malformed("A binary tensor of BYTES must hold each text whole, and the last is cut short.")
            texts.append(raw[at - size : at].decode())
    except (struct.error, UnicodeDecodeError):
        raise malformed("A binary tensor of BYTES must hold UTF-8 texts, each after its size in 4 bytes.") from None
    return texts
