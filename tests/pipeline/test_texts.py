"""Short texts become numbers by what training says: the same in the pipeline and in both forms of a model."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bundle.contract import Contract, Input, columns_of
from bundle.text import letters
from pipeline import encode, encoding, problem, tables
from pipeline.errors import ProblemError
from pipeline.job import Job
from pipeline.problem import TEXT_PARTS
from pipeline.tasks import Encode
from tests.pipeline.written import write_part

SPEC = {
    "name": "some",
    "title": "Some",
    "table": "rows",
    "target": "late",
    "features": {"columns": ["x", "says"]},
    "sources": {"rows": {"path": "", "columns": {"x": {}, "says": {"type": "text"}, "late": {"known": "after"}}}},
}
PARTS = [f"says[{part}]" for part in range(1, TEXT_PARTS + 1)]
ODD = [
    "",
    "a",
    "ab",
    "abc",
    "żółć ✈",
    "WHERE IS my parcel",
    "where is MY parcel",
    "no such thing was said " * 30,
    "\0x",
]


def said(rows, seed, of=("parcel", "invoice", "password")):
    """Sentences of three kinds of which each has words of its own."""
    rng = np.random.default_rng(seed)
    verbs = ["where is", "I never got", "please send", "what about", "can't find"]
    return [f"{rng.choice(verbs)} my {rng.choice(of)} {rng.integers(100)}" for _ in range(rows)]


def frame(seed, rows=600):
    texts = said(rows, seed)
    return pd.DataFrame(
        {
            "x": np.random.default_rng(seed).normal(size=rows),
            "says": [None if place % 10 == 0 else text for place, text in enumerate(texts)],
            tables.TARGET: np.array(["parcel" in text for text in texts], "float32"),
        }
    )


def run(folder, splits, parts=1):
    for name, table in splits.items():
        schema = pa.Schema.from_pandas(table, preserve_index=False).remove_metadata()
        for number, rows in enumerate(np.array_split(np.arange(len(table)), parts)):
            write_part(table.iloc[rows], folder / "split" / name, number, schema)
    (folder / "out").mkdir()
    part = json.loads(json.dumps(problem.parse(SPEC).part(Encode.reads)))
    out = folder / "out"
    encode.encode(Job("", "", part, {"split": folder / "split"}, out, out, "tester", {}, folder))
    return {path.relative_to(folder): path.read_bytes() for path in sorted((folder / "out").rglob("*.*"))}


def splits(**other):
    return {"train": frame(1), "validation": frame(2), "test": frame(3)} | other


def test_it_works(tmp_path):
    run(tmp_path, splits())
    known = encoding.read(tmp_path / "out")
    assert known.features[:3] == ["x", "says[1]", "says[2]"]
    assert not known.categories
    numbers = np.load(tmp_path / "out" / "validation" / "numbers.npy")
    texts = frame(2)["says"]
    assert (numbers[texts.isna(), 1:] == 0).all()
    assert np.abs(numbers[texts.notna(), 1:]).sum(1).min() > 0.1


def test_texts_that_say_the_same_lie_close_together():
    import tensorflow as tf

    from pipeline.texts import Text, weights

    text = Text(weights(said(500, 1)))
    given = ["what about my parcel 3", "WHAT about my parcle 77", "please send my invoice 41"]
    parcel, misspelt, invoice = text(tf.constant(given)).numpy()
    alike = [np.dot(parcel, other) / np.linalg.norm(parcel) / np.linalg.norm(other) for other in (misspelt, invoice)]
    assert alike[0] > 0.6
    assert alike[1] < 0.3
    assert (text(tf.constant(["", "ab"])).numpy() == 0).all()


def test_nothing_is_learned_from_validation_or_the_hold_out(tmp_path):
    other = frame(2).assign(says=said(600, 4, of=("spaceship", "dragon")))
    learned = [
        {path: content for path, content in made.items() if "texts" in path.parts}
        for made in (run(tmp_path / "one", splits()), run(tmp_path / "other", splits(validation=other, test=other)))
    ]
    assert learned[0] == learned[1] != {}


def test_what_is_learned_does_not_depend_on_the_parts(tmp_path):
    assert run(tmp_path / "one", splits()) == run(tmp_path / "seven", splits(), parts=7)


def test_a_split_without_any_text_leaves_the_other_features(tmp_path):
    silent = {name: table.assign(says=pd.Series([None] * len(table), dtype="str")) for name, table in splits().items()}
    run(tmp_path, silent)
    assert encoding.read(tmp_path / "out").features == ["x"]


def test_of_a_text_as_many_bytes_are_looked_at_in_either_form():
    import tensorflow as tf

    given = np.array([text.encode() for text in ODD], object)
    for length in (4, 256):
        decoded = tf.io.decode_raw(tf.constant(given), tf.uint8, fixed_length=length).numpy()
        np.testing.assert_array_equal(letters(given, length), decoded)


def test_a_text_that_is_looked_up_or_whose_numbers_are_columns_is_a_mistake():
    columns = {"key": {"type": "category"}, "says": {"type": "text"}}
    spec = SPEC | {
        "lookups": {"things": "key"},
        "features": {"columns": ["says", "things.says"]},
        "sources": {
            "rows": {"path": "", "columns": {**columns, "says[1]": {}, "late": {"known": "after"}}},
            "things": {"path": "", "key": ["key"], "columns": columns},
        },
    }
    with pytest.raises(ProblemError) as told:
        problem.parse(spec)
    assert "2 mistakes" in str(told.value)
    assert "'things.says' is a text, and must be sent by a client, not looked up" in str(told.value)
    assert "says[1] is a column; rename it" in str(told.value)


@pytest.mark.slow
def test_both_forms_of_a_model_make_the_same_of_texts(tmp_path):
    from bundle.model import Model, features
    from pipeline import contracts, export, network
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.preprocessing import Derive, Encode
    from pipeline.texts import weights

    run(tmp_path, splits())
    known = encoding.read(tmp_path / "out")
    inputs = (Input(name="x", type="number"), Input(name="says", type="text"))
    contract = Contract(inputs=inputs, outputs=contracts.outputs(known.target), threshold=0.5)
    learned = weights(frame(1)["says"].dropna().tolist())
    derive = Derive(dict.fromkeys(["x", *PARTS], "number"), {}, {}, texts={"says": learned})
    model = network.build(known, Hyperparameters(), 0)
    for weight in model.trainable_weights:  # so that an answer depends on every feature
        weight.assign(weight + np.random.default_rng(0).normal(0, 0.05, weight.shape))
    made = (derive, Encode(known), model, known, contract)
    export.save(tmp_path / "model", *made)
    export.compile_beside(tmp_path / "model", *made)
    rows = [{"x": 0.5, "says": text} for text in [*ODD, None, *said(40, 5)]]
    columns = columns_of([*rows, *export.odd_rows(contract)], contract)
    compiled = Model(tmp_path / "model", contract, "litert")
    answers = [
        model.predict(columns)["probability"] for model in (compiled, Model(tmp_path / "model", contract, "savedmodel"))
    ]
    assert np.ptp(answers[0]) > 0.01
    np.testing.assert_allclose(*answers, atol=1e-6)
    one = [
        compiled.predict({name: values[place : place + 1] for name, values in columns.items()}) for place in range(20)
    ]
    np.testing.assert_allclose([float(each["probability"][0]) for each in one], answers[0][:20], atol=1e-6)
    plain = frame(2)[["x", "says"]].astype(object).replace({np.nan: None}).to_dict("records")
    served = features(tmp_path / "model", contract)(columns_of(plain, contract))
    encoded = np.load(tmp_path / "out" / "validation" / "numbers.npy")
    for place, name in enumerate(known.features):
        np.testing.assert_allclose(served[name], encoded[:, place], atol=1e-6)
