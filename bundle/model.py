"""A model, loaded and ready to answer: the compiled form where it is good, the SavedModel itself where it is not."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bundle import contract as contracts
from bundle.contract import Columns, Contract, Output
from bundle.text import letters

COMPILED = "assets.extra/model.tflite"
SIGNATURE = "serving_default"
FEATURES = "features"
"""The signature of a SavedModel that gives the features which the model makes of raw columns, for who watches them."""
CHUNK = 4096
"""Rows answered in one call: enough to be quick, few enough to be small."""
CELLS = 1 << 18
"""Values in one call: a wide table is answered in fewer rows at a time."""
TEXT_CELLS = 512
"""For so many values counts a text: its parts are looked up one by one."""

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
        cells = sum(TEXT_CELLS if one.type == "text" else 1 for one in contract.inputs)
        self._chunk = max(1, min(CHUNK, CELLS // max(1, cells)))
        self._tensors = contracts.tensors(contract)
        self._call = _litert(folder / COMPILED) if runtime == "litert" else _savedmodel(folder)

    def predict(self, columns: Columns) -> Answers:
        """The named answers for each row, from named columns of one value a row (float32; text as UTF-8 bytes).

        Raises:
            ContractError: a column is absent, of the wrong length, or holds an infinite number.
        """
        contracts.check(columns, self.contract)
        wanted = {tensor: columns[name] for name, tensor in self._tensors.items()}
        rows = len(next(iter(wanted.values())))
        if 0 < rows <= self._chunk:
            answers = self._call(wanted)
            return {output.name: answers[output.name] for output in self.contract.outputs}
        chunks = [
            self._call({name: values[start : start + self._chunk] for name, values in wanted.items()})
            for start in range(0, rows, self._chunk)
        ]
        return {
            output.name: np.concatenate([chunk[output.name] for chunk in chunks]) if chunks else _nothing(output)
            for output in self.contract.outputs
        }


def _nothing(output: Output) -> npt.NDArray[Any]:
    return np.empty(0 if output.size is None else (0, output.size))


def _tensor(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column as its tensor: times as seconds, text as it is."""
    if values.dtype.kind == "M":
        return values.view("int64")
    return values.astype(object) if values.dtype.kind == "S" else values


def _litert(path: Path) -> Callable[[Columns], Answers]:
    from ai_edge_litert.interpreter import Interpreter

    content = path.read_bytes()
    local = threading.local()  # an interpreter is not safe to share between threads

    def call(columns: Columns) -> Answers:
        if not hasattr(local, "graph"):
            local.graph = Graph(Interpreter(model_content=content, num_threads=1))
            # A first call with one row fails in some graphs; any later one is fine.
            local.graph({name: np.concatenate([values[:1], values[:1]]) for name, values in columns.items()})
        answers: Answers = local.graph(columns)
        return answers

    return call


class Graph:
    """A compiled model, whose tensors keep their size between calls of as many rows: that makes a small call cheap.

    Attributes:
        interpreter: with the rows that were asked for last.
    """

    def __init__(self, interpreter: Any) -> None:
        signature = interpreter.get_signature_runner(SIGNATURE)
        taken = signature.get_input_details()
        self._inputs = {name: details["index"] for name, details in taken.items()}
        self._shapes = {name: details["shape_signature"][1:] for name, details in taken.items()}
        self._outputs = {name: details["index"] for name, details in signature.get_output_details().items()}
        self.interpreter = interpreter
        self._rows = 0

    def __call__(self, columns: Columns) -> Answers:
        interpreter = self.interpreter
        rows = len(next(iter(columns.values())))
        if rows != self._rows:
            self._rows = 0  # until every tensor has its new size
            for name, index in self._inputs.items():
                interpreter.resize_tensor_input(index, (rows, *self._shapes[name]))
            interpreter.allocate_tensors()
            self._rows = rows
        for name, values in columns.items():
            of_letters = self._shapes[name]
            tensor = letters(values, *of_letters) if len(of_letters) else _tensor(values)
            interpreter.set_tensor(self._inputs[name], tensor)
        interpreter.invoke()
        return {name: interpreter.get_tensor(index) for name, index in self._outputs.items()}


def features(folder: Path, contract: Contract) -> Callable[[Columns], Answers]:
    """What the model in ``folder`` makes of raw columns before it scales and encodes them.

    The function takes the columns of the contract and gives each feature that the model uses, by its name: numbers
    (NaN is missing), or UTF-8 bytes (the empty text is missing).

    Raises:
        ForbiddenOperation: the model's graph does more than compute and look up.
        KeyError: the model has no such signature.
    """
    call, tensors = _savedmodel(folder, FEATURES), contracts.tensors(contract)

    def of_columns(columns: Columns) -> Answers:
        return call({tensors[name]: values for name, values in columns.items()})

    return of_columns


def _savedmodel(folder: Path, name: str = SIGNATURE) -> Callable[[Columns], Answers]:
    import tensorflow as tf

    from bundle import operations

    operations.check(folder)
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures[name]

    def call(columns: Columns) -> Answers:
        tensors = {name: tf.constant(_tensor(values)) for name, values in columns.items()}
        return {name: answer.numpy() for name, answer in signature(**tensors).items()}

    call.loaded = loaded  # type: ignore[attr-defined] # a signature does not keep its model alive
    return call
