"""The exported model: one graph, two forms, the same answers on every row that a client may send."""

import resource
import shutil
import threading
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from bundle import golden
from bundle.contract import Contract, Input, Output, columns_of
from bundle.model import COMPILED, Model, features
from bundle.operations import ForbiddenOperation
from pipeline.encoding import Category, Encoding, Mean, Number, Target
from pipeline.errors import StageError
from tests.networks import randomise

pytestmark = pytest.mark.slow

DERIVED = {"weekday": "weekday(year, month, day)", "of_year": "day_of_year(year, month, day)", "clock": "clock(hhmm)"}
AWKWARD = ("Größe (cm)", "größe (cm)", "self", "1.5", "planes")
CONTRACT = Contract(
    inputs=(
        *(Input(name=name, type="number") for name in ("year", "month", "day", "hhmm")),
        Input(name="tail", type="category"),
        *(Input(name=name, type="number") for name in AWKWARD),
    ),
    outputs=(
        Output(name="probability", type="number", meaning=""),
        Output(name="decision", type="integer", meaning=""),
    ),
    threshold=0.5,
)
YES = Target(task="binary", shares=(0.3,))
LABELS = Target(task="multiclass", classes=("a", "żółć ✈", "z"), shares=(0.5, 0.25, 0.25))
NUMBER = Target(task="regression", mean=1e4, scale=250.0)
FEATURES = [*DERIVED, "planes.seats", "tail", "planes.model", *AWKWARD]


def days(count):
    """Rows of raw values, a day each."""
    rows = []
    for number in range(count):
        day = date(1999, 12, 25) + timedelta(days=number)
        time = 100 * (number % 24) + number % 60
        rows.append({"year": day.year, "month": day.month, "day": day.day, "hhmm": time, "tail": f"N{number % 7}"})
    return rows


def contract_of(target, threshold=None):
    """The contract of a model of the target that takes the columns of ``CONTRACT``."""
    from pipeline import contracts

    return Contract(
        inputs=CONTRACT.inputs, outputs=contracts.outputs(target), threshold=threshold, classes=target.classes
    )


SAID = Mean(
    number=Number(name="tail[1]", median=0.2, scale=0.1, missing=False, edges=(0.1, 0.3)),
    by_code=(0.21, 0.2, 0.1, 0.3, 0.15),
)


def make(folder, target, contract):
    """A small network with all kinds of features, in both forms."""
    from pipeline import export, network
    from pipeline.hyperparameters import Hyperparameters
    from pipeline.preprocessing import Derive, Encode

    planes = pd.DataFrame({"tail": ["N1", "N2", "N3"], "seats": [50.0, np.nan, 200.0], "model": ["żółć", "B", None]})
    kinds = {
        "planes.seats": "number",
        "tail": "category",
        "planes.model": "category",
        **dict.fromkeys((*DERIVED, *AWKWARD), "number"),
    }
    derive = Derive(kinds, DERIVED, {"planes": (("tail",), ("tail",), planes)})
    numbers = [
        Number(name=name, median=3.0, scale=2.0, missing=True, edges=(-5.0, 0.0, 9.0))
        for name in (*DERIVED, "planes.seats", *AWKWARD)
    ]
    known = Encoding(
        target=target,
        numbers=tuple(numbers),
        categories=(
            Category(name="tail", vocabulary=("N1", "N5", "N3"), embedded=1, means=(SAID,)),
            Category(name="planes.model", vocabulary=("żółć",)),
        ),
    )
    small = Hyperparameters(width=16, depth=2)
    model = network.build(known, small, seed=0)
    randomise(model, known, seed=0)
    export.save(folder, derive, Encode(known), model, known, contract)
    export.compile_beside(folder, derive, Encode(known), model, known, contract)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model that answers yes or no."""
    folder = tmp_path_factory.mktemp("exported")
    make(folder, YES, CONTRACT)
    return folder


def both(folder, rows, contract=CONTRACT):
    columns = columns_of(rows, contract)
    return [Model(folder, contract, runtime).predict(columns) for runtime in ("savedmodel", "litert")]


def test_both_forms_agree_on_every_day_of_two_decades(exported):
    saved, compiled = both(exported, days(7500))
    assert np.abs(saved["probability"] - compiled["probability"]).max() < 1e-6
    assert len(np.unique(saved["probability"])) > 1000


def test_both_forms_agree_on_odd_rows_and_answer_each_with_a_probability(exported):
    from pipeline import export

    saved, compiled = both(exported, export.odd_rows(CONTRACT))
    assert np.isfinite(saved["probability"]).all()
    assert export.largest_difference(saved["probability"], compiled["probability"]) < 1e-6


@pytest.mark.parametrize("runtime", ["savedmodel", "litert"])
def test_one_row_at_the_very_first_call_is_answered(exported, runtime):
    answers = Model(exported, CONTRACT, runtime).predict(columns_of(days(1), CONTRACT))
    assert answers["probability"].shape == (1,)
    assert answers["decision"].dtype == np.int64


@pytest.mark.parametrize("runtime", ["savedmodel", "litert"])
def test_no_row_is_answered_with_no_answer(exported, runtime):
    assert len(Model(exported, CONTRACT, runtime).predict(columns_of([], CONTRACT))["probability"]) == 0


def test_the_features_of_raw_columns_are_told_as_the_model_makes_them(exported):
    rows = [{"year": 2013, "month": 11, "day": 3, "hhmm": 1730, "tail": tail} for tail in ("N1", "N2", "unknown", "")]
    found = features(exported, CONTRACT)(columns_of(rows, CONTRACT))
    assert set(found) == set(FEATURES)
    assert found["weekday"].tolist() == [6] * 4
    assert found["clock"].tolist() == [1050] * 4
    np.testing.assert_array_equal(found["planes.seats"], np.array([50, np.nan, np.nan, np.nan], "float32"))
    assert [text.decode() for text in found["planes.model"]] == ["żółć", "B", "", ""]
    assert [text.decode() for text in found["tail"]] == ["N1", "N2", "unknown", ""]


def test_a_row_gets_the_same_answer_alone_and_among_others(exported):
    model = Model(exported, CONTRACT, "litert")
    together = model.predict(columns_of(days(50), CONTRACT))["probability"]
    alone = [model.predict(columns_of([row], CONTRACT))["probability"][0] for row in days(50)]
    assert np.abs(together - alone).max() < 1e-6


def test_several_threads_get_the_right_answers(exported):
    model = Model(exported, CONTRACT, "litert")
    rows = days(400)
    expected = model.predict(columns_of(rows, CONTRACT))["probability"]
    wrong = []

    def ask(start):
        for at in range(start, len(rows), 8):
            got = model.predict(columns_of([rows[at]], CONTRACT))["probability"][0]
            if abs(got - expected[at]) > 1e-6:
                wrong.append(at)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_compiled_form_is_small(exported):
    assert (exported / COMPILED).stat().st_size < 100_000


@pytest.mark.parametrize("compiled", [b"no flatbuffer", None])
def test_without_a_compiled_form_that_answers_alike_the_saved_model_serves(exported, tmp_path, compiled):
    from pipeline import proof

    folder = tmp_path / "model"
    shutil.copytree(exported, folder)
    if compiled is None:
        (folder / COMPILED).unlink()
    else:
        (folder / COMPILED).write_bytes(compiled)
    rows = days(40)
    trained = Model(exported, CONTRACT, "savedmodel").predict(columns_of(rows, CONTRACT))["probability"]
    parity = proof.prove(folder, CONTRACT, rows, trained.astype("float64"))
    assert (parity["runtime"], parity["compiled"]) == ("savedmodel", None)
    assert not (folder / COMPILED).exists()


@pytest.mark.parametrize("off", [1e-3, -1e-3, np.nan])
def test_a_saved_model_that_answers_one_row_otherwise_than_the_trained_network_is_refused(exported, tmp_path, off):
    from pipeline import proof

    folder = tmp_path / "model"
    shutil.copytree(exported, folder)
    rows = days(40)
    trained = both(folder, rows)[0]["probability"].astype("float64")
    proof.prove(folder, CONTRACT, rows, trained)
    (folder / golden.NAME).unlink()
    trained[-1] += off
    with pytest.raises(StageError, match=r"must answer as the trained network does, and differs by"):
        proof.prove(folder, CONTRACT, rows, trained)
    assert not (folder / golden.NAME).exists()


def test_a_graph_that_litert_has_no_form_of_is_told(exported, tmp_path, monkeypatch):
    import tensorflow as tf

    from pipeline import export
    from pipeline.preprocessing import Derive, Encode

    def answer(self, columns):
        return {"probability": tf.strings.to_number(tf.strings.upper(columns["tail"]))}

    monkeypatch.setattr(export.Serving, "answer", answer)
    empty = tf.keras.Sequential()
    known = Encoding(target=YES, numbers=(), categories=())
    with pytest.raises(export.NotConverted):
        export.compile_beside(tmp_path, Derive({}, {}, {}), Encode(known), empty, known, CONTRACT)
    assert not (tmp_path / COMPILED).exists()


def test_a_disk_that_is_full_does_not_look_like_a_graph_without_a_form(exported, tmp_path, monkeypatch):
    import tensorflow as tf

    from pipeline import export
    from pipeline.preprocessing import Derive, Encode

    def answer(self, columns):
        return {"probability": tf.cast(self.encode.codes("tail", columns["tail"]), tf.float32)}

    def compile_beside():
        known = Encoding(target=YES, numbers=(), categories=(Category(name="tail", vocabulary=("a", "b")),))
        export.compile_beside(tmp_path, Derive({}, {}, {}), Encode(known), tf.keras.Sequential(), known, CONTRACT)

    monkeypatch.setattr(export.Serving, "answer", answer)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises((OSError, tf.errors.OpError)):
            compile_beside()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    compile_beside()
    assert (tmp_path / COMPILED).exists()


def test_a_graph_that_reads_files_is_not_loaded(tmp_path):
    import tensorflow as tf

    def read(tail):
        return {"probability": tf.io.read_file(tail[0])}

    hostile = tf.Module()
    hostile.read = tf.function(read, input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(hostile, tmp_path, signatures={"serving_default": hostile.read})
    with pytest.raises(ForbiddenOperation, match="ReadFile"):
        Model(tmp_path, CONTRACT, "savedmodel")


def test_no_golden_row_lies_on_the_threshold(exported, tmp_path):
    from pipeline import proof

    folder = tmp_path / "model"
    shutil.copytree(exported, folder)
    rows = days(64)
    trained = both(folder, rows)[0]["probability"]
    proof.prove(folder, CONTRACT.model_copy(update={"threshold": float(trained[0])}), rows, trained)
    kept = [{name: value for name, value in row.items() if value is not None} for row in golden.read(folder).rows]
    assert rows[0] not in kept
    assert rows[1] in kept


def test_of_several_classes_both_forms_give_a_share_each_and_the_label_itself(tmp_path):
    from pipeline import export

    contract = contract_of(LABELS)
    make(tmp_path, LABELS, contract)
    saved, compiled = both(tmp_path, [*days(3000), *export.odd_rows(contract)], contract)
    assert saved["probabilities"].shape == (3000 + len(export.odd_rows(contract)), 3)
    assert saved["probabilities"].sum(axis=1) == pytest.approx(1.0)
    assert np.abs(saved["probabilities"] - compiled["probabilities"]).max() < 1e-6
    for answers in (saved, compiled):
        labels = [label.decode() for label in answers["decision"]]
        assert labels == [LABELS.classes[place] for place in answers["probabilities"].argmax(axis=1)]
        assert set(labels) == set(LABELS.classes)


def test_a_number_is_told_in_its_own_unit_by_both_forms(tmp_path):
    from pipeline import export, proof

    contract = contract_of(NUMBER)
    make(tmp_path, NUMBER, contract)
    saved, compiled = both(tmp_path, [*days(3000), *export.odd_rows(contract)], contract)
    assert 9000 < saved["prediction"].min() < saved["prediction"].max() < 11_000
    assert np.abs(saved["prediction"] - compiled["prediction"]).max() < proof.tolerance(NUMBER)


@pytest.mark.parametrize("target", [LABELS, NUMBER], ids=lambda target: target.task)
def test_golden_rows_hold_labels_and_several_numbers_and_find_another_model(target, tmp_path):
    from pipeline import proof

    contract = contract_of(target)
    make(tmp_path, target, contract)
    rows = days(64)
    trained = both(tmp_path, rows, contract)[0][contract.answer]
    parity = proof.prove(tmp_path, contract, rows, trained, proof.tolerance(target))
    assert parity["runtime"] == "litert"
    kept = golden.read(tmp_path)
    model = Model(tmp_path, contract, "litert")
    kept.replay(model)
    told = [["another", *kept.answers["decision"][1:]]] if target.classes else []
    told.append([0.5 + np.asarray(kept.answers[contract.answer][0]), *kept.answers[contract.answer][1:]])
    for name, answers in zip(("decision", contract.answer)[-len(told) :], told, strict=True):
        wrong = kept.model_copy(update={"answers": {**kept.answers, name: tuple(answers)}})
        with pytest.raises(golden.WrongAnswer, match="golden row 0"):
            wrong.replay(model)


@pytest.mark.parametrize("target", [LABELS, NUMBER], ids=lambda target: target.task)
def test_no_row_is_answered_with_nothing_of_the_right_shape(target, tmp_path):
    contract = contract_of(target)
    make(tmp_path, target, contract)
    none = Model(tmp_path, contract, "litert").predict(columns_of([], contract))
    assert none[contract.answer].shape == ((0, 3) if target.classes else (0,))
