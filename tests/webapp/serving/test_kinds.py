"""Labels and numbers are answered in every form, logged as they are, and take outcomes of their own kind."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bundle import digest, manifest
from tests.sample import REPOSITORY
from tests.webapp.serving.client import SECRET, Client, approve
from tests.webapp.serving.kinds import CLASSES, ROWS
from tests.webapp.serving.server import running
from webapp.serving.settings import Settings

DECISIONS = ["dog", "żółw", "cat"]
PREDICTIONS = [0.0, 4.0, -8.0]
INPUT = {"name": "weight", "datatype": "FP32", "shape": [3], "data": [None, 2.0, -4.0]}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A data folder in which a version of each kind is live."""
    data = tmp_path_factory.mktemp("kinds")
    command = [sys.executable, "-m", "tests.webapp.serving.kinds", str(data)]
    made = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    for name in ("labels", "number"):
        approve(data, 1, name=name, served={1: digest.of_file(data / "models" / name / "1" / manifest.NAME)})
    return data


@pytest.fixture(scope="module")
def client(kinds):
    started = Client(Settings(kinds, SECRET))
    yield started
    started.close()


def test_v1_gives_a_row_its_shares_and_its_label(client):
    told = client.post("/v1/models/labels:predict", {"instances": list(ROWS)}).json()["predictions"]
    assert [one["decision"] for one in told] == DECISIONS
    assert all(sum(one["probabilities"]) == pytest.approx(1.0) and len(one["probabilities"]) == 3 for one in told)
    columns = client.post("/v1/models/labels:predict", {"inputs": {"weight": [None, 2.0, -4.0]}}).json()["outputs"]
    assert columns == {
        "probabilities": [one["probabilities"] for one in told],
        "decision": DECISIONS,
    }


def test_v1_gives_a_number_alone_as_tensorflow_serving_does(client):
    assert client.post("/v1/models/number:predict", {"instances": list(ROWS)}).json() == {"predictions": PREDICTIONS}


def test_v1_metadata_says_what_shape_and_type_the_answers_have(client):
    told = client.get("/v1/models/labels/metadata").json()["metadata"]["signature_def"]["signature_def"]
    outputs = told["serving_default"]["outputs"]
    shapes = {name: [one["size"] for one in output["tensor_shape"]["dim"]] for name, output in outputs.items()}
    assert shapes == {"probabilities": ["-1", "3"], "decision": ["-1"]}
    assert {name: output["dtype"] for name, output in outputs.items()} == {
        "probabilities": "DT_FLOAT",
        "decision": "DT_STRING",
    }


def test_v2_gives_tensors_of_their_shape(client):
    told = client.post("/v2/models/labels/infer", {"inputs": [INPUT]}).json()["outputs"]
    shares, labels = told
    assert (shares["shape"], shares["datatype"], len(shares["data"])) == ([3, 3], "FP32", 9)
    assert labels == {"name": "decision", "shape": [3], "datatype": "BYTES", "data": DECISIONS}
    described = client.get("/v2/models/labels").json()["outputs"]
    assert [(one["datatype"], one["shape"]) for one in described] == [("FP32", [-1, 3]), ("BYTES", [-1])]
    [number] = client.post("/v2/models/number/infer", {"inputs": [INPUT]}).json()["outputs"]
    assert number == {"name": "prediction", "shape": [3], "datatype": "FP32", "data": PREDICTIONS}


def test_the_records_form_names_the_classes(client):
    told = client.post("/predict/labels", {"rows": list(ROWS)}).json()["predictions"]
    assert [list(one["probabilities"]) for one in told] == [list(CLASSES)] * 3
    assert [max(one["probabilities"], key=one["probabilities"].get) for one in told] == DECISIONS
    number = client.post("/predict/number", {"rows": list(ROWS)}).json()["predictions"]
    assert number == [{"prediction": value} for value in PREDICTIONS]


def test_outcomes_are_of_the_kind_that_the_model_answers(client, kinds):
    asked = client.post("/predict/labels", {"rows": list(ROWS)}).headers["x-prediction-id"]

    def tell(model, *values):
        return client.post(f"/outcomes/{model}", {"outcomes": [{"id": asked, "value": value} for value in values]})

    assert tell("labels", "cat", "a label that nobody knew").status == 200
    assert tell("number", -3.5, 7).status == 200
    assert tell("labels", 1, "", None).error.split("; ") == [
        "outcome 0, value: expected a label, as text, got 1",
        "outcome 1, value: expected a label, as text, got ''",
        "outcome 2, value: expected a label, as text, got None",
    ]
    assert tell("number", "7", True).error.split("; ") == [
        "outcome 0, value: expected a finite number, got '7'",
        "outcome 1, value: expected a finite number, got True",
    ]
    [path] = (kinds / "outcomes" / "labels").rglob("*.jsonl")
    assert [json.loads(line)["value"] for line in path.read_text().splitlines()] == ["cat", "a label that nobody knew"]


def test_the_log_has_labels_as_text_and_a_list_of_shares_for_each_row(kinds):
    asking = Client(Settings(kinds, SECRET))
    told = asking.post("/v1/models/labels:predict", {"instances": list(ROWS)})
    asking.close()
    lines = [json.loads(line) for path in (kinds / "served" / "labels").rglob("*.jsonl") for line in path.open()]
    [line] = [line for line in lines if told.headers["x-prediction-id"] in line["ids"]]
    place = line["ids"].index(told.headers["x-prediction-id"])
    rows = slice(sum(line["rows"][:place]), sum(line["rows"][: place + 1]))
    assert line["answers"]["decision"][rows] == DECISIONS
    assert [len(shares) for shares in line["answers"]["probabilities"][rows]] == [3] * 3


@pytest.mark.slow
def test_tritons_client_reads_shapes_and_labels(kinds, published):
    (kinds / "models" / "small").symlink_to(published / "models" / "small")
    approve(kinds, 1)  # the server is asked for it to know that it is up
    http = pytest.importorskip("tritonclient.http")
    weight = http.InferInput("weight", [3], "FP32")
    weight.set_data_from_numpy(np.array([float("nan"), 2.0, -4.0], "float32"), binary_data=True)
    with running(kinds) as server, http.InferenceServerClient(f"127.0.0.1:{server.port}") as triton:
        answer = triton.infer("labels", [weight])
        assert answer.as_numpy("probabilities").shape == (3, 3)
        assert answer.as_numpy("decision").tolist() == DECISIONS
        assert triton.infer("number", [weight]).as_numpy("prediction").tolist() == PREDICTIONS
