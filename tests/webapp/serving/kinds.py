"""Two more small published versions: ``labels`` answers with one label of three, ``number`` with a number.

``python -m tests.webapp.serving.kinds FOLDER`` makes them below ``FOLDER/models``, as ``small`` does.
"""

import sys
import tempfile
from pathlib import Path

from bundle import golden, manifest, version
from bundle.contract import Contract, Input, Output, columns_of
from bundle.manifest import Manifest, Verdict
from bundle.model import COMPILED, SIGNATURE, Model

CLASSES = ("cat", "dog", "żółw")
INPUTS = (Input(name="weight", type="number"),)
CONTRACTS = {
    "labels": Contract(
        inputs=INPUTS,
        outputs=(
            Output(name="probabilities", type="number", meaning="of each", size=3),
            Output(name="decision", type="category", meaning="the most probable"),
        ),
        classes=CLASSES,
    ),
    "number": Contract(inputs=INPUTS, outputs=(Output(name="prediction", type="number", meaning="double"),)),
}
ROWS = ({"weight": None}, {"weight": 2.0}, {"weight": -4.0})


def write(data: Path) -> None:
    """Publish a version of each."""
    for name in CONTRACTS:
        folder = data / "models" / name / "1"
        _model(folder, name)
        _describe(folder, name)
        version.load(folder)


def _model(folder: Path, name: str) -> None:
    import tensorflow as tf

    def answer(weight):
        known = tf.where(tf.math.is_nan(weight), 0.0, weight)
        if name == "number":
            return {"prediction": tf.identity(known * 2.0, "prediction")}
        probabilities = tf.nn.softmax(tf.stack([-known, known * 0.0 + 0.25, known], axis=1))
        label = tf.gather(tf.constant(CLASSES), tf.argmax(probabilities, axis=1))
        return {"probabilities": tf.identity(probabilities, "probabilities"), "decision": label}

    module = tf.Module()
    module.answer = tf.function(answer, input_signature=[tf.TensorSpec([None], tf.float32, "weight")], autograph=False)
    tf.saved_model.save(module, folder, signatures={SIGNATURE: module.answer})
    with tempfile.TemporaryDirectory() as aside:
        tf.saved_model.save(module, aside, signatures={SIGNATURE: module.answer})
        compiled = tf.lite.TFLiteConverter.from_saved_model(aside, signature_keys=[SIGNATURE]).convert()
    (folder / COMPILED).parent.mkdir()
    (folder / COMPILED).write_bytes(compiled)


def _describe(folder: Path, name: str) -> None:
    contract = CONTRACTS[name]
    answers = Model(folder, contract, "litert").predict(columns_of(ROWS, contract))
    told = {output: tuple(golden.plain(values)) for output, values in answers.items()}
    golden.Golden(rows=ROWS, answers=told, tolerance=1e-5).write(folder)
    Manifest(
        name=name,
        version=1,
        title=name,
        problem="y",
        made="2026-11-23T12:00:00+00:00",
        made_by="Tina",
        contract=contract,
        runtime="litert",
        verdict=Verdict(verdict="PASS", clauses=()),
        metrics={},
        lineage=(),
        raw=(),
        files=manifest.file_digests(folder),
    ).write(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
