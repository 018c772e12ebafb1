"""Export: one graph from raw named columns to named answers, as a SavedModel and compiled to LiteRT beside it."""

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from bundle.contract import Contract, tensors
from bundle.model import COMPILED, FEATURES, SIGNATURE
from pipeline.encoding import Encoding
from pipeline.preprocessing import Columns, Derive, Encode
from pipeline.texts import LENGTH

Network = Callable[[Any, Any], Any]
TYPES = {"number": tf.float32, "category": tf.string, "text": tf.string, "boolean": tf.string, "time": tf.int64}


class NotConverted(Exception):  # noqa: N818 - named for what happened
    """The graph has no compiled form."""


class Serving(tf.Module):  # type: ignore[misc]
    """Preprocessing, network and answers in one graph."""

    def __init__(
        self,
        derive: Derive,
        encode: Encode,
        known: Encoding,
        network: Network,
        contract: Contract,
        letters: Collection[str] = (),
    ) -> None:
        """Put them together; of the texts called ``letters`` the graph takes the first bytes, and not a string."""
        super().__init__()
        self.derive, self.encode, self.features = derive, encode, known.features
        self.network, self.contract, self.target = network, contract, known.target
        self.hash_tables = [*derive.hash_tables, *encode.hash_tables]  # a SavedModel keeps what a module holds
        self.signature = traced(self.answer, contract, letters)

    def answer(self, columns: Columns) -> dict[str, Any]:
        """The named answers for raw columns."""
        said = self.network(*self.encode(self.derive(columns, self.features)))
        match self.contract.task:
            case "binary":
                probability = tf.sigmoid(said)
                decision = tf.cast(probability >= self.contract.threshold, tf.int64)
                return {"probability": tf.identity(probability, "probability"), "decision": decision}
            case "multiclass":
                probabilities = tf.nn.softmax(said)
                label = tf.gather(tf.constant(self.contract.classes), tf.argmax(probabilities, axis=1))
                return {"probabilities": tf.identity(probabilities, "probabilities"), "decision": label}
            case "regression":
                return {"prediction": tf.identity(said * self.target.scale + self.target.mean, "prediction")}

    def derived(self, columns: Columns) -> dict[str, Any]:
        """The features that the model uses, as it makes them of raw columns."""
        return {name: tf.identity(value) for name, value in self.derive(columns, self.features).items()}


def traced(function: Callable[..., Any], contract: Contract, letters: Collection[str] = ()) -> Any:
    """A function of the contract's columns as a graph; ``letters`` are those of which it takes the first bytes."""
    names = tensors(contract)
    columns = {tensor: name for name, tensor in names.items()}
    inputs = {
        names[one.name]: tf.TensorSpec([None, LENGTH], tf.uint8, names[one.name])
        if one.name in letters
        else tf.TensorSpec([None], TYPES[one.type], names[one.name])
        for one in contract.inputs
    }

    def of_tensors(**given: Any) -> Any:
        return function({columns[tensor]: values for tensor, values in given.items()})

    return tf.function(of_tensors, autograph=False).get_concrete_function(**inputs)


def save(folder: Path, derive: Derive, encode: Encode, model: keras.Model, known: Encoding, contract: Contract) -> None:
    """Write the SavedModel to ``folder``; any runtime for SavedModels can serve it."""

    def network(numbers: Any, codes: Any) -> Any:
        return model([numbers, codes], training=False)

    serving = Serving(derive, encode, known, network, contract)
    serving.weights = model.variables  # tracked, and so saved
    signatures = {SIGNATURE: serving.signature, FEATURES: traced(serving.derived, contract)}
    tf.saved_model.save(serving, folder, signatures=signatures)
    (folder / "fingerprint.pb").unlink()  # optional, and holds a random id: the same model is to be the same bytes


def compile_beside(
    folder: Path, derive: Derive, encode: Encode, model: keras.Model, known: Encoding, contract: Contract
) -> None:
    """Write the same graph, its weights made constants, as a LiteRT flatbuffer into the SavedModel's folder.

    Raises:
        NotConverted: LiteRT has no form of it.
    """
    trained = [tf.constant(variable.numpy()) for variable in model.trainable_variables]
    others = [tf.constant(variable.numpy()) for variable in model.non_trainable_variables]

    def network(numbers: Any, codes: Any) -> Any:
        return model.stateless_call(trained, others, [numbers, codes], training=False)[0]

    serving = Serving(derive, encode, known, network, contract, derive.letters(known.features))
    with tempfile.TemporaryDirectory() as aside:  # a converter of graphs would not tell that the disk is full
        tf.saved_model.save(serving, aside, signatures={SIGNATURE: serving.signature})
        converter = tf.lite.TFLiteConverter.from_saved_model(aside, signature_keys=[SIGNATURE])
        converter.exclude_conversion_metadata = True  # nobody reads it, and Python takes the model apart to add it
        try:
            compiled = converter.convert()
        except ConverterError as error:
            raise NotConverted(str(error)) from error
    (folder / COMPILED).parent.mkdir(exist_ok=True)
    (folder / COMPILED).write_bytes(compiled)


def odd_rows(contract: Contract) -> list[dict[str, Any]]:
    """Rows that no table has: all missing, unknown and non-ASCII categories, extreme numbers and times."""
    odd: dict[str, list[Any]] = {
        "number": [None, 0.0, -1.0, 1e30, -1e30, 1e-30, None, 12.5],
        "category": [None, "", "never seen", "żółć ✈", " ", "A" * 300, "never seen", None],
        "text": [None, "", "never SEEN", "żółć ✈", " ", "Long words " * 40, "a", None],
        "boolean": [None, "true", "false", "true", None, "false", "true", None],
        "time": [
            None, "1970-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59.5Z",
            "2024-02-29T12:00:00+05:30", None, "2100-01-01T00:00:00Z",
        ],
    }  # fmt: skip
    return [{one.name: odd[one.type][row] for one in contract.inputs} for row in range(len(odd["number"]))]


def largest_difference(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """The largest difference between two arrays of answers; infinite where either holds no finite number."""
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("inf")
    return float(np.abs(one - other).max())
