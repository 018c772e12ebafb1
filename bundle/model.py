"""A model, loaded and ready to answer: the compiled form where it is good, the SavedModel itself where it is not."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bundle import contract as contracts
from bundle.contract import Columns, Contract

COMPILED = "assets.extra/model.tflite"
SIGNATURE = "serving_default"
CHUNK = 4096
"""Rows answered in one call: enough to be quick, few enough to be small."""

Answers = dict[str, npt.NDArray[Any]]


class Model:
    """A loaded model. Safe to call from several threads.

    Attributes:
        contract: what it takes and answers.
        runtime: which form answers.
    """

    def __init__(self, folder: Path, contract: Contract, runtime: Literal["litert", "savedmodel"]) -> None:
        """Load the form called ``runtime`` of the SavedModel in ``folder``."""
        self.contract = contract
        self.runtime = runtime
        self._call = _litert(folder / COMPILED) if runtime == "litert" else _savedmodel(folder)

    def predict(self, columns: Columns) -> Answers:
        """The named answers for each row, from named columns of one value a row (float32; text as UTF-8 bytes).

        Raises:
            ContractError: a column is absent, of the wrong length, or holds an infinite number.
        """
        contracts.check(columns, self.contract)
        wanted = {column.name: columns[column.name] for column in self.contract.inputs}
        rows = len(next(iter(wanted.values())))
        chunks = [
            self._call({name: values[start : start + CHUNK] for name, values in wanted.items()})
            for start in range(0, rows, CHUNK)
        ]
        return {
            output.name: np.concatenate([chunk[output.name] for chunk in chunks]) if chunks else np.empty(0)
            for output in self.contract.outputs
        }


def _litert(path: Path) -> Callable[[Columns], Answers]:
    from ai_edge_litert.interpreter import Interpreter

    content = path.read_bytes()
    local = threading.local()  # an interpreter is not safe to share between threads

    def call(columns: Columns) -> Answers:
        if not hasattr(local, "run"):
            local.interpreter = Interpreter(model_content=content, num_threads=1)
            local.run = local.interpreter.get_signature_runner(SIGNATURE)
            # A first call with one row fails in some graphs; any later one is fine.
            local.run(**{name: np.concatenate([values[:1], values[:1]]) for name, values in columns.items()})
        answers: Answers = local.run(**columns)
        return answers

    return call


def _savedmodel(folder: Path) -> Callable[[Columns], Answers]:
    import tensorflow as tf

    from bundle import operations

    operations.check(folder)
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures[SIGNATURE]

    def call(columns: Columns) -> Answers:
        tensors = {
            name: tf.constant(values.astype(object) if values.dtype.kind == "S" else values)
            for name, values in columns.items()
        }
        return {name: answer.numpy() for name, answer in signature(**tensors).items()}

    call.loaded = loaded  # type: ignore[attr-defined] # a signature does not keep its model alive
    return call
