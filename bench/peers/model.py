"""The published model as a team calls it that has nothing but the runtime's documentation."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

VERSION = Path(os.environ["BENCH_VERSION"])
COLUMNS: dict[str, str] = {
    column["name"]: column["type"]
    for column in json.loads((VERSION / "assets.extra" / "manifest.json").read_bytes())["contract"]["inputs"]
}


def _litert() -> Callable[..., Mapping[str, Any]]:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(VERSION / "assets.extra" / "model.tflite")).get_signature_runner("serving_default")
    two = columns([dict.fromkeys(COLUMNS)] * 2)
    runner(**two)  # a first call with one row fails
    return runner


def _savedmodel() -> Callable[..., Mapping[str, Any]]:
    import tensorflow as tf

    loaded = tf.saved_model.load(VERSION)
    signature = loaded.signatures["serving_default"]

    def call(**given: Any) -> dict[str, Any]:
        tensors = {name: tf.constant(values) for name, values in given.items()}
        return {name: answer.numpy() for name, answer in signature(**tensors).items()}

    call.loaded = loaded  # type: ignore[attr-defined] # a signature does not keep its model alive
    return call


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows as the columns that the model takes."""
    made = {}
    for name, kind in COLUMNS.items():
        values = [row[name] for row in rows]
        if kind == "number":
            made[name] = np.array(values, "float32")
        else:
            made[name] = np.array([(value or "").encode() for value in values], object)
    return made


def predict(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The answers to each row."""
    answers = call(**columns(rows))
    told = zip(*(values.tolist() for values in answers.values()), strict=True)
    return [dict(zip(answers, row, strict=True)) for row in told]


call = _savedmodel() if os.environ.get("BENCH_FORM") == "savedmodel" else _litert()
