"""Three small published versions, whole and real: each tells the same rows apart, and is itself told by its answers.

``python -m tests.webapp.serving.small FOLDER`` makes them below ``FOLDER/models/small``. It is run as a program, so
that TensorFlow is never in the process that serves.
"""

import sys
import tempfile
from pathlib import Path

from bundle import manifest, version
from bundle.contract import Contract, Input, Output, columns_of
from bundle.golden import Golden
from bundle.manifest import Manifest, Verdict
from bundle.model import COMPILED, SIGNATURE, Model

NAME = "small"
BIASES = {1: -1.0, 2: 0.0, 3: 1.0}
CONTRACT = Contract(
    inputs=(Input(name="distance", type="number"), Input(name="carrier", type="category")),
    outputs=(
        Output(name="probability", type="number", meaning="of yes"),
        Output(name="decision", type="integer", meaning="1 for yes"),
    ),
    threshold=0.5,
)
GOLDEN = (
    {"distance": 0.0, "carrier": None},
    {"distance": 500.0, "carrier": "UA"},
    {"distance": None, "carrier": "żółć"},
)
ROW = {"distance": 0, "carrier": None}
PROBABILITY = {1: 0.26894143, 2: 0.5, 3: 0.7310586}
"""What each version answers to that row."""


def write(data: Path) -> None:
    """Publish the three versions."""
    for number, bias in BIASES.items():
        folder = data / "models" / NAME / str(number)
        _model(folder, bias)
        _describe(folder, number)
        version.load(folder)


def _model(folder: Path, bias: float) -> None:
    import tensorflow as tf

    class Small(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.float32, "distance"),
                tf.TensorSpec([None], tf.string, "carrier"),
            ],
            autograph=False,
        )
        def answer(self, distance, carrier):
            known = tf.where(tf.math.is_nan(distance), 0.0, distance) / 1000
            probability = tf.sigmoid(bias + known + tf.cast(tf.equal(carrier, "UA"), tf.float32))
            return {"probability": probability, "decision": tf.cast(probability >= 0.5, tf.int64)}

    small = Small()
    tf.saved_model.save(small, folder, signatures={SIGNATURE: small.answer})
    with tempfile.TemporaryDirectory() as aside:
        tf.saved_model.save(small, aside, signatures={SIGNATURE: small.answer})
        compiled = tf.lite.TFLiteConverter.from_saved_model(aside, signature_keys=[SIGNATURE]).convert()
    (folder / COMPILED).parent.mkdir()
    (folder / COMPILED).write_bytes(compiled)


def _describe(folder: Path, number: int) -> None:
    answers = Model(folder, CONTRACT, "litert").predict(columns_of(GOLDEN, CONTRACT))
    told = {name: tuple(values.tolist()) for name, values in answers.items()}
    Golden(rows=GOLDEN, answers=told, tolerance=1e-5).write(folder)
    described = Manifest(
        name=NAME,
        version=number,
        title="A small model",
        problem="y",
        made="2026-11-23T12:00:00+00:00",
        made_by="Tina",
        contract=CONTRACT,
        runtime="litert",
        verdict=Verdict(verdict="PASS", clauses=()),
        metrics={},
        lineage=(),
        raw=(),
        files=manifest.file_digests(folder),
    )
    described.write(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
