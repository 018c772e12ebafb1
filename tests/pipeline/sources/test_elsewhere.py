"""Files in object storage: a real server of it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import DataError
from pipeline.sources import elsewhere, secret
from tests.pipeline.sources import storage


@pytest.mark.services
def test_it_works(tmp_path, monkeypatch):
    with storage.running(tmp_path) as shop:
        for name, value in shop.environment.items():
            monkeypatch.setenv(name, value)
        for number in (2, 1):
            with shop.files.open(f"shop/orders/{number}.parquet", "wb") as file:
                pq.write_table(pa.table({"id": [number]}), file)
        options = {"client_kwargs": {"endpoint_url": "${AWS_ENDPOINT_URL}"}}
        files = elsewhere.fetch("s3://shop/orders/*.parquet", options, tmp_path / "all")
        assert [pq.read_table(file)["id"].to_pylist() for file in files] == [[1], [2]]
        with pytest.raises(DataError, match=r"s3://shop/.* must have files, and has none"):
            elsewhere.fetch("s3://shop/nothing/*.parquet", options, tmp_path / "none")
        with pytest.raises(DataError, match="must be there and readable, and is not: FileNotFoundError") as told:
            elsewhere.fetch("s3://shop/gone.parquet", options, tmp_path / "gone")
        assert storage.SECRET not in str(told.value)


def test_what_the_environment_puts_into_a_list_is_filled_and_hidden(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t")
    options = {"client_kwargs": {"auth": ["ada", "${SHOP_TOKEN}"]}}
    assert secret.all_filled(options) == {"client_kwargs": {"auth": ["ada", "s3cr3t"]}}
    assert secret.of(options) == ["s3cr3t"]
