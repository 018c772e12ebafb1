"""Files in object storage: a real server of it."""

import subprocess
import urllib.error
import urllib.request

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import s3fs

from pipeline.errors import DataError
from pipeline.sources import elsewhere
from tests.conftest import BIN
from tests.deploy.registry import free_port
from tests.webapp.serving.client import until

HIGHEST = 55_000
"""Each of its ports has another for its own use, 10,000 above."""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Where object storage is that takes whoever comes."""
    names = ("s3.port", "master.port", "volume.port", "filer.port")
    ports = dict(zip(names, filter(lambda port: port < HIGHEST, iter(free_port, None)), strict=False))
    options = [f"-{name}={port}" for name, port in ports.items()]
    folder = tmp_path_factory.mktemp("storage")
    command = [BIN / "weed", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", *options]
    with (folder / "told").open("wb") as told:
        server = subprocess.Popen(command, stdout=told, stderr=told)
        url = f"http://127.0.0.1:{ports['s3.port']}"
        try:
            until(lambda: answers(url), seconds=30)
            yield url
        finally:
            server.kill()
            server.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@pytest.mark.services
def test_it_works(endpoint, tmp_path, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t",
    }.items():
        monkeypatch.setenv(name, value)
    storage = s3fs.S3FileSystem(client_kwargs={"endpoint_url": endpoint})
    until(lambda: made(storage), seconds=30)
    for number in (2, 1):
        with storage.open(f"shop/orders/{number}.parquet", "wb") as file:
            pq.write_table(pa.table({"id": [number]}), file)
    options = {"client_kwargs": {"endpoint_url": "${AWS_ENDPOINT_URL}"}}
    files = elsewhere.fetch("s3://shop/orders/*.parquet", options, tmp_path / "all")
    assert [pq.read_table(file)["id"].to_pylist() for file in files] == [[1], [2]]
    with pytest.raises(DataError, match=r"s3://shop/.* must have files, and has none"):
        elsewhere.fetch("s3://shop/nothing/*.parquet", options, tmp_path / "none")
    with pytest.raises(DataError, match="must be there and readable, and is not: FileNotFoundError") as told:
        elsewhere.fetch("s3://shop/gone.parquet", options, tmp_path / "gone")
    assert "s3cr3t" not in str(told.value)


def made(storage) -> bool:
    try:
        storage.mkdir("shop")
    except FileExistsError:
        return True
    except OSError:
        return False
    return True
