"""Real clients, unmodified, against the real server."""

import asyncio
import json
import subprocess

import numpy as np
import pytest

from tests.webapp.serving.client import approve
from tests.webapp.serving.server import running
from tests.webapp.serving.small import PROBABILITY, ROW

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(published, tmp_path_factory):
    data = tmp_path_factory.mktemp("clients")
    (data / "models").symlink_to(published / "models")
    approve(data, 1, 2)
    with running(data) as started:
        yield started


def get(server, path):
    with server.connected() as connection:
        connection.request("GET", path)
        return connection.getresponse().read()


@pytest.mark.parametrize("options", [(), ("-H", "Content-Type: application/json"), ("-H", "Expect: 100-continue")])
def test_curl(server, options):
    url = f"http://127.0.0.1:{server.port}/v1/models/small:predict"
    command = ["curl", "-s", *options, "-d", json.dumps({"instances": [ROW]}), url]
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout) == {"predictions": [{"probability": PROBABILITY[1], "decision": 0}]}


class TestTriton:
    """NVIDIA's client."""

    @pytest.fixture
    def triton(self, server):
        http = pytest.importorskip("tritonclient.http")
        with http.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
            yield client

    def inputs(self, binary):
        from tritonclient.http import InferInput

        distance = InferInput("distance", [2], "FP32")
        distance.set_data_from_numpy(np.array([0, 1000], "float32"), binary_data=binary)
        carrier = InferInput("carrier", [2], "BYTES")
        carrier.set_data_from_numpy(np.array(["", "UA"], object), binary_data=binary)
        return [distance, carrier]

    def test_health_and_metadata(self, triton):
        assert triton.is_server_live()
        assert triton.is_server_ready()
        assert triton.is_model_ready("small")
        assert triton.is_model_ready("small", "2")
        assert not triton.is_model_ready("none")
        assert triton.get_server_metadata()["name"] == "plumbline"
        assert triton.get_model_metadata("small")["versions"] == ["1", "2"]

    @pytest.mark.parametrize("packing", [None, "gzip", "deflate"])
    @pytest.mark.parametrize("version", ["", "2"])
    @pytest.mark.parametrize("binary", [True, False])
    def test_infer(self, triton, packing, version, binary):
        answer = triton.infer(
            "small", self.inputs(binary), model_version=version, request_id="7", request_compression_algorithm=packing
        )
        assert answer.as_numpy("probability")[0] == pytest.approx(PROBABILITY[int(version or 1)])
        assert answer.as_numpy("decision").tolist() == [int(version == "2"), 1]
        assert answer.get_response()["id"] == "7"

    def test_one_output(self, triton):
        from tritonclient.http import InferRequestedOutput

        answer = triton.infer("small", self.inputs(False), outputs=[InferRequestedOutput("decision")])
        assert answer.as_numpy("decision").tolist() == [0, 1]
        assert answer.as_numpy("probability") is None

    def test_an_error_is_told(self, triton):
        from tritonclient.utils import InferenceServerException

        with pytest.raises(InferenceServerException, match="distance: expected a tensor, got nothing"):
            triton.infer("small", self.inputs(False)[1:])


def test_kserve(server):
    kserve = pytest.importorskip("kserve")
    distance = kserve.InferInput("distance", [2], "FP32", data=[0.0, 1000.0])
    carrier = kserve.InferInput("carrier", [2], "BYTES", data=["", "UA"])
    url = f"http://127.0.0.1:{server.port}"

    async def ask():
        second = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2"))
        assert await second.is_server_live(url)
        assert await second.is_server_ready(url)
        assert await second.is_model_ready(url, "small")
        answer = await second.infer(url, kserve.InferRequest("small", [distance, carrier]), model_name="small")
        first = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v1"))
        return answer, await first.infer(url, {"instances": [ROW]}, model_name="small")

    second, first = asyncio.run(ask())
    assert second.model_name == "small"
    assert {one.name: one.data for one in second.outputs}["decision"] == [0, 1]
    assert first == {"predictions": [{"probability": pytest.approx(PROBABILITY[1]), "decision": 0}]}


def test_tensorflow_serving_reads_our_status_and_metadata(server):
    apis = pytest.importorskip("tensorflow_serving.apis.get_model_status_pb2")
    from google.protobuf import json_format
    from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap

    status = json_format.Parse(get(server, "/v1/models/small"), apis.GetModelStatusResponse())
    assert [(one.version, one.state) for one in status.model_version_status] == [(2, 30), (1, 30)]
    told = json.loads(get(server, "/v1/models/small/metadata"))["metadata"]["signature_def"]
    signature = json_format.Parse(json.dumps(told), SignatureDefMap()).signature_def["serving_default"]
    assert {name: one.dtype for name, one in signature.inputs.items()} == {"distance": 1, "carrier": 7}
    assert {name: one.dtype for name, one in signature.outputs.items()} == {"probability": 1, "decision": 9}
    assert signature.inputs["distance"].tensor_shape.dim[0].size == -1
