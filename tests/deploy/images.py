"""Our images, built and run without a daemon and without a registry: buildah and podman on a store of their own.

The base that the Dockerfile names is made of Debian's packages, and takes its name in that store.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.tools import absent, path_of
from tests.sample import REPOSITORY

BASE = "docker.io/library/python:3.11-slim"
SUITE = "bookworm"
"""The Debian whose Python is the one that the base promises."""
PACKAGES = "ca-certificates,python3,python3-venv,python3-pip"
LEFT_OUT = re.compile(r"\./(?:proc|sys|dev|var/cache/apt|var/lib/apt/lists)/.|\./usr/lib/python3.*/EXTERNALLY-MANAGED$")
CERTIFICATES = Path("/etc/ssl/certs")
LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=20000:20000")
"""Podman would ask for more, which not every machine may give."""
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")  # noqa: S108

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Engine:
    """A store of images, and what is done with them."""

    folder: Path
    driver: str

    def build(self, target: str) -> str:
        """Build one target of our Dockerfile; the image's name."""
        image = f"localhost/plumbline-{target}"
        isolated = ("--isolation", "chroot", "--layers", "--pull-never", "--format", "docker")
        done = self.buildah("bud", *isolated, *mounts(), "--target", target, "--tag", image, str(REPOSITORY))
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return image

    def inspect(self, image: str) -> dict[str, Any]:
        """What the image says of itself."""
        found: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", image).stdout)["Docker"]["config"]
        return found

    def size(self, image: str) -> int:
        """Bytes."""
        return int(self.podman("image", "inspect", "--format", "{{.Size}}", image).stdout)

    def run(
        self, image: str, *command: str, options: tuple[str, ...] = (), network: str = "host", **environment: str
    ) -> Done:
        """Run the image to its end, as hardened as we promise that it can be."""
        return self.podman("run", "--rm", "--network", network, *self._how(options, environment), image, *command)

    @contextmanager
    def running(self, image: str, *command: str, options: tuple[str, ...] = (), **environment: str) -> Iterator[str]:
        """Run the image until the block ends; the container's id."""
        started = self.podman("run", "--detach", "--network", "host", *self._how(options, environment), image, *command)
        assert started.returncode == 0, started.stderr
        container = started.stdout.strip()
        try:
            yield container
        finally:
            self.podman("rm", "--force", "--time", "10", container)

    def buildah(self, *arguments: str) -> Done:
        return self._call("buildah", *arguments)

    def podman(self, *arguments: str) -> Done:
        """Podman with the one runtime and the one way of keeping groups that work everywhere as root."""
        return self._call("podman", "--cgroup-manager=cgroupfs", "--runtime", "runc", *arguments)

    def _call(self, program: str, *arguments: str) -> Done:
        store = ("--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"))
        command = [program, *store, "--storage-driver", self.driver, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)

    def _how(self, options: tuple[str, ...], environment: dict[str, str]) -> tuple[str, ...]:
        given = [f"--env={name}={value}" for name, value in environment.items()]
        return ("--no-healthcheck", *LIMITS, *HARDENED, *options, *given)


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine whose store has the base and nothing else; it leaves nothing behind."""
    for program in ("buildah", "podman", "runc", "debootstrap"):
        path_of(program, program)
    if os.geteuid() != 0:
        absent("Images are built as root, and this is another user.")
    driver = "overlay" if "\toverlay\n" in Path("/proc/filesystems").read_text() else "vfs"
    with tempfile.TemporaryDirectory(prefix="plumbline-images-", ignore_cleanup_errors=True) as name:
        made = Engine(Path(name), driver)
        _import_base(made)
        try:
            yield made
        finally:
            made.podman("rm", "--all", "--force")
            made.podman("unmount", "--all")
            made.podman("rmi", "--all", "--force")


def _import_base(made: Engine) -> None:
    root, archive = made.folder / "root", made.folder / "root.tar"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root, *_mirror()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with tarfile.open(archive, "w") as tar:
        tar.add(root, ".", filter=lambda member: None if LEFT_OUT.match(member.name) else member)
    container = made.buildah("from", "scratch").stdout.strip()
    made.buildah("add", container, str(archive), "/")
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    made.buildah("config", "--env", f"PATH={path}", "--cmd", "python3", container)
    done = made.buildah("commit", "--rm", container, BASE)
    assert done.returncode == 0, done.stderr
    archive.unlink()


def _mirror() -> tuple[str, ...]:
    """Where this machine has its own packages from."""
    for path in (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")):
        if path.is_file() and (found := re.search(r"^(?:URIs:|deb(?: \[.*\])?) (\S+)", path.read_text(), re.MULTILINE)):
            return (found[1],)
    return ()


def mounts() -> list[str]:
    """Mounts that let pip reach, while an image is built, what it reaches here; nothing of them stays in the image.

    They are the settings' files that pip names, each file and folder of packages that these name, and the certificates.
    """
    pip = [sys.executable, "-m", "pip", "config"]
    told = subprocess.run([*pip, "debug"], capture_output=True, text=True, check=True).stdout
    found = {CERTIFICATES, *map(Path, re.findall(r"(\S+), exists: True", told))}
    for value in re.findall(r"(?:file://)?(/[^\s'\"]+)", subprocess.check_output([*pip, "list"], text=True)):
        named = Path(value)
        if named.exists():
            found.add(named.parent if named.name == "simple" else named)  # an index leads to files beside it
    return [f"--volume={path}:{path}:ro" for path in sorted(found)]
