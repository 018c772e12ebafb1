"""A real object storage of a test's own, with a bucket ``shop``."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import s3fs

from tests.conftest import BIN
from tests.deploy.registry import free_port
from tests.webapp.serving.client import until

HIGHEST = 55_000
"""Each of its ports has another for its own use, 10,000 above."""
SECRET = "s3cr3t"


@dataclass(frozen=True)
class Storage:
    """Takes whoever comes: ``environment`` is how a client finds it."""

    environment: dict[str, str]
    files: s3fs.S3FileSystem


@contextmanager
def running(folder: Path) -> Iterator[Storage]:
    names = ("s3.port", "master.port", "volume.port", "filer.port")
    ports = dict(zip(names, filter(lambda port: port < HIGHEST, iter(free_port, None)), strict=False))
    options = [f"-{name}={port}" for name, port in ports.items()]
    command = [BIN / "weed", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", *options]
    with (folder / "told").open("wb") as told:
        server = subprocess.Popen(command, stdout=told, stderr=told)
        url = f"http://127.0.0.1:{ports['s3.port']}"
        try:
            until(lambda: _answers(url), seconds=30)
            keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": SECRET}
            files = s3fs.S3FileSystem(key="any", secret=SECRET, client_kwargs={"endpoint_url": url})
            until(lambda: _has_bucket(files), seconds=30)
            yield Storage({"AWS_ENDPOINT_URL": url, **keys}, files)
        finally:
            server.kill()
            server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _has_bucket(files: s3fs.S3FileSystem) -> bool:
    try:
        files.mkdir("shop")
    except FileExistsError:
        return True
    except OSError:
        return False
    return True
