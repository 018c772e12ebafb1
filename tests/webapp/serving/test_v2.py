"""The Open Inference Protocol: health, metadata, inference, versions."""

import gzip
import json
import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from bundle.contract import Contract, ContractError, Input, Output
from tests.webapp.serving.small import PROBABILITY
from webapp.serving import v2

INFER = "/v2/models/small/infer"
DISTANCE = {"name": "distance", "shape": [2], "datatype": "FP32", "data": [0.0, 0.0]}
CARRIER = {"name": "carrier", "shape": [2], "datatype": "BYTES", "data": ["", None]}
REQUEST = {"id": "mine", "inputs": [DISTANCE, CARRIER]}
DATA = [PROBABILITY[2]] * 2
PACKINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": lambda body: zlib.compress(body, wbits=-15),
}


def test_it_works(client):
    answer = client.post(INFER, REQUEST)
    assert answer.json() == {
        "model_name": "small",
        "model_version": "2",
        "id": "mine",
        "outputs": [
            {"name": "probability", "shape": [2], "datatype": "FP32", "data": DATA},
            {"name": "decision", "shape": [2], "datatype": "INT64", "data": [1, 1]},
        ],
    }


def test_a_version_can_be_asked_for(client):
    answer = client.post("/v2/models/small/versions/1/infer", REQUEST)
    assert answer.json()["model_version"] == answer.headers["x-plumbline-version"] == "1"
    assert client.post("/v2/models/small/versions/3/infer", REQUEST).status == 404


def test_only_the_outputs_that_were_asked_for_come_back(client):
    answer = client.post(INFER, {"inputs": REQUEST["inputs"], "outputs": [{"name": "decision"}]})
    assert [one["name"] for one in answer.json()["outputs"]] == ["decision"]
    assert "id" not in answer.json()


def test_parameters_that_are_not_known_are_passed_over(client):
    assert client.post(INFER, REQUEST | {"parameters": {"binary_data_output": True}}).status == 200


def test_a_column_may_have_the_shape_of_a_matrix(client):
    for data in ([[0], [0]], [0, 0]):
        inputs = [DISTANCE | {"shape": [2, 1], "data": data, "datatype": "INT64"}, CARRIER]
        assert client.post(INFER, {"inputs": inputs}).json()["outputs"][0]["data"] == DATA


def test_health_and_metadata(client):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}
    assert client.get("/v2").json().keys() == {"name", "version", "extensions"}
    assert client.get("/v2/models/small/ready").json() == {"name": "small", "ready": True}
    assert client.get("/v2/models/none/ready").status == 404
    told = client.get("/v2/models/small/versions/1").json()
    assert told["versions"] == ["1", "2"]
    assert told["inputs"] == [
        {"name": "distance", "datatype": "FP32", "shape": [-1]},
        {"name": "carrier", "datatype": "BYTES", "shape": [-1]},
    ]
    assert [one["datatype"] for one in told["outputs"]] == ["FP32", "INT64"]


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_packed_body_is_unpacked(client, packing):
    body = PACKINGS[packing](json.dumps(REQUEST).encode())
    encoding = "gzip" if packing == "gzip" else "deflate"
    assert client.post(INFER, body, content_encoding=encoding).json()["outputs"][0]["data"] == DATA


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"not packed", "gzip", 400),
        (gzip.compress(b"{}", mtime=0)[:-4], "gzip", 400),
        (gzip.compress(b"{}", mtime=0) * 2, "gzip", 400),
        (gzip.compress(b" " * 30_000_000, mtime=0), "gzip", 413),
        (b"{}", "br", 415),
    ],
)
def test_a_wrongly_packed_body_is_refused(client, body, encoding, status):
    answer = client.post(INFER, body, content_encoding=encoding)
    assert answer.status == status
    assert answer.error


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"shape": [3]}, "distance: expected 3 values by its shape, got 2"),
        ({"shape": [2, 2]}, "distance: expected the shape [rows] or [rows, 1]"),
        ({"shape": [-1]}, "distance: expected the shape"),
        ({"shape": "2"}, "distance: expected the shape"),
        ({"datatype": "BYTES"}, "distance: expected a datatype of FP16"),
        ({"datatype": "BOOL"}, "distance: expected a datatype of FP16"),
        ({"datatype": None}, "distance: expected a datatype of FP16"),
        ({"datatype": "INT64", "data": [1, 1.5]}, "distance: expected whole numbers"),
        ({"data": [[0.0], [0.0]]}, "row 0, distance: expected a finite number or null, got a list"),
        ({"data": [True, "1"]}, "row 1, distance: expected a finite number or null, got '1'"),
        ({"data": None}, "distance: expected a list of data, got null"),
        ({"name": "else"}, "distance: expected a tensor, got nothing"),
        ({"name": "carrier"}, "a name of its own"),
        ({"name": 5}, "an object with a name"),
    ],
)
def test_a_wrong_tensor_is_told(client, change, told):
    answer = client.post(INFER, {"inputs": [DISTANCE | change, CARRIER]})
    assert answer.status == 400
    assert told in answer.error


def test_an_id_is_text(client):
    assert "'id' must be text, got a list" in client.post(INFER, REQUEST | {"id": [[]]}).error


@pytest.mark.parametrize("outputs", [[{"name": "none"}], "decision", [1], {"name": "decision"}, [{"name": ["x"]}]])
def test_wrong_outputs_are_told(client, outputs):
    answer = client.post(INFER, REQUEST | {"outputs": outputs})
    assert answer.status == 400
    assert "probability, decision" in answer.error


TAIL = np.array([0, 0], "<f4").tobytes() + b"\x00\x00\x00\x00" + b"\x02\x00\x00\x00UA"


def with_tail(client, tail, sizes=(8, 10), datatypes=("FP32", "BYTES"), json_size=None):
    inputs = [
        {"name": name, "shape": [2], "datatype": datatype, "parameters": {"binary_data_size": size}}
        for name, datatype, size in zip(("distance", "carrier"), datatypes, sizes, strict=True)
    ]
    body = json.dumps({"inputs": inputs}).encode()
    told = str(len(body)) if json_size is None else json_size
    return client.post(INFER, body + tail, inference_header_content_length=told)


def test_tensors_may_come_as_bytes(client):
    assert with_tail(client, TAIL).json()["outputs"][0]["data"] == [PROBABILITY[2], PROBABILITY[3]]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tail": TAIL[:-1]}, "binary_data_size must be a size within the body, got 10"),
        ({"tail": TAIL + b"x"}, "1 bytes are left over"),
        ({"tail": TAIL, "sizes": (7, 11)}, "must have 4 bytes a value, got 7"),
        ({"tail": TAIL, "sizes": (-8, 10)}, "got -8"),
        ({"tail": TAIL, "sizes": ("8", 10)}, "got '8'"),
        ({"tail": TAIL, "datatypes": ("BF16", "BYTES")}, "must be of BYTES, BOOL, FP16"),
        ({"tail": TAIL, "datatypes": (None, "BYTES")}, "must be of BYTES, BOOL, FP16"),
        ({"tail": TAIL, "datatypes": ("FP64", "BYTES")}, "distance: expected 2 values by its shape, got 1"),
        ({"tail": TAIL[:-3] + b"\x00\xff\xff"}, "must hold UTF-8 texts"),
        ({"tail": TAIL[:12] + b"\xff\xff\xff\xff\x00\x00"}, "the last is cut short"),
        ({"tail": TAIL, "json_size": "99999"}, "Inference-Header-Content-Length must be"),
        ({"tail": TAIL, "json_size": "-1"}, "Inference-Header-Content-Length must be"),
        ({"tail": TAIL, "json_size": "9" * 5000}, "Inference-Header-Content-Length must be"),
        ({"tail": TAIL, "json_size": "10"}, "JSON Parse error"),
        ({"tail": np.array([0, np.inf], "<f4").tobytes() + TAIL[8:]}, "row 1, distance: expected a finite number"),
    ],
)
def test_wrong_bytes_are_told(client, options, told):
    answer = with_tail(client, **options)
    assert answer.status == 400
    assert told in answer.error


@pytest.mark.parametrize("path", ["/v2/", "/v2/nothing", "/v2/models/small/", "/v2/models/small/versions/x/infer"])
def test_unknown_paths_are_json(client, path):
    assert client.get(path).status == 404
    assert "Malformed request" in client.get(path).error


@pytest.fixture
def timed():
    """A version that takes times and booleans, and answers with the columns that it was asked with."""
    asked = {}
    inputs = (Input(name="at", type="time"), Input(name="paid", type="boolean"))
    outputs = (Output(name="probability", type="number", meaning=""),)

    def predict(columns):
        asked.update(columns)
        return {"probability": np.zeros(len(columns["at"]), "float32")}

    contract = Contract(inputs=inputs, outputs=outputs, threshold=0.5)
    return SimpleNamespace(
        name="timed", number=1, contract=contract, outputs=["probability"], predict=predict, asked=asked
    )


@pytest.mark.parametrize(
    ("at", "paid"),
    [
        (("BYTES", ["2013-11-03T12:00:00Z", None]), ("BOOL", [True, False])),
        (("INT64", [1383480000, -(2**63)]), ("BYTES", ["true", "false"])),
    ],
)
def test_times_are_text_or_seconds_and_booleans_are_both(timed, at, paid):
    inputs = [
        {"name": name, "shape": [2], "datatype": datatype, "data": data}
        for name, (datatype, data) in (("at", at), ("paid", paid))
    ]
    v2.infer(timed, json.dumps({"inputs": inputs}).encode(), 10)
    assert timed.asked["at"].view("int64").tolist() == [1383480000, -(2**63)]
    assert timed.asked["paid"].tolist() == [b"true", b"false"]


def test_a_number_is_no_time_where_times_may_be_written_as_one(timed):
    inputs = [one.model_copy(update={"format": "%Y%m%d"}) if one.name == "at" else one for one in timed.contract.inputs]
    timed.contract = timed.contract.model_copy(update={"inputs": tuple(inputs)})
    at = {"name": "at", "shape": [1], "datatype": "INT64", "data": [20131103]}
    paid = {"name": "paid", "shape": [1], "datatype": "BOOL", "data": [True]}
    with pytest.raises(ContractError, match="at: expected a datatype of BYTES, got 'INT64'"):
        v2.infer(timed, json.dumps({"inputs": [at, paid]}).encode(), 10)
    v2.infer(timed, json.dumps({"inputs": [at | {"datatype": "BYTES", "data": ["20131103"]}, paid]}).encode(), 10)
    assert str(timed.asked["at"][0]) == "2013-11-03T00:00:00"


@pytest.mark.parametrize(
    ("written", "datatype", "at"), [("unix", "INT64", 1383480000), ("unix_ms", "BYTES", "1383480000000")]
)
def test_a_number_is_a_time_where_both_count_seconds(timed, written, datatype, at):
    inputs = [one.model_copy(update={"format": written}) if one.name == "at" else one for one in timed.contract.inputs]
    timed.contract = timed.contract.model_copy(update={"inputs": tuple(inputs)})
    at = {"name": "at", "shape": [1], "datatype": datatype, "data": [at]}
    paid = {"name": "paid", "shape": [1], "datatype": "BOOL", "data": [True]}
    v2.infer(timed, json.dumps({"inputs": [at, paid]}).encode(), 10)
    assert str(timed.asked["at"][0]) == "2013-11-03T12:00:00"
    if written == "unix_ms":
        with pytest.raises(ContractError, match="at: expected a datatype of BYTES, got 'INT64'"):
            v2.infer(timed, json.dumps({"inputs": [at | {"datatype": "INT64"}, paid]}).encode(), 10)


def test_seconds_beyond_the_calendar_are_told(timed):
    inputs = [
        {"name": "at", "shape": [1], "datatype": "INT64", "data": [2**62]},
        {"name": "paid", "shape": [1], "datatype": "BOOL", "data": [True]},
    ]
    with pytest.raises(ContractError, match="row 0, at: expected a time such as"):
        v2.infer(timed, json.dumps({"inputs": inputs}).encode(), 10)
