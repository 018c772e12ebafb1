"""The images: built from nothing, and run as hardened as the documentation says that they can be."""

import json
import os
import re
import secrets
import subprocess

import pytest

from tests.conftest import BIN
from tests.deploy.images import BASE, Done, engine
from tests.deploy.registry import approvers, call, free_port, publish, settled, token
from tests.sample import REPOSITORY, write
from tests.webapp.serving.client import until
from tests.webapp.serving.small import PROBABILITY, ROW

ONLY_IN_THE_PIPELINE = ["dask", "keras", "luigi", "matplotlib", "pandas", "pipeline", "sklearn", "tensorflow"]
USER = 10001
HOST = "models.example.org"
BEHIND_A_PROXY = {"Host": HOST, "X_Forwarded_Proto": "https"}


def test_the_dockerfile_is_clean():
    checked = subprocess.run(
        [BIN / "hadolint", "Dockerfile"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_pins_live_once():
    web, pipeline = ((REPOSITORY / name).read_text() for name in ("requirements-web.txt", "requirements.txt"))
    assert pipeline.startswith("-r requirements-web.txt\n")
    assert pipeline.endswith("\n-e .\n")
    assert not pinned(web).keys() & pinned(pipeline).keys()


def pinned(text: str) -> dict[str, str]:
    """The version of each package, by its name as pip compares names."""
    found = re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


@pytest.fixture(scope="module")
def built():
    """The engine with both images."""
    with engine() as made:
        made.build("web")
        made.build("pipeline")
        yield made


@pytest.fixture(scope="module")
def web(built):
    return "localhost/plumbline-web"


@pytest.fixture(scope="module")
def pipeline(built):
    return "localhost/plumbline-pipeline"


@pytest.fixture
def data(tmp_path):
    """A data folder that the images' user may write to."""
    folder = tmp_path / "data"
    folder.mkdir()
    os.chown(folder, USER, USER)
    return folder


def production(port: int = 8000) -> dict[str, str]:
    """What must be set in production."""
    return {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "DJANGO_ALLOWED_HOSTS": HOST,
        "PLUMBLINE_BIND": f"127.0.0.1:{port}",
    }


def asked(built, image: str, program: str):
    """What a Python program prints in the image, as JSON."""
    done = built.run(image, "-c", program, options=("--entrypoint", "python"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.container
class TestWeb:
    def test_what_the_image_says_of_itself(self, built, web):
        said = built.inspect(web)
        assert said["User"] == f"{USER}:{USER}"
        assert said["Cmd"] == ["sh", "-c", "python manage.py check && exec gunicorn"]
        assert "/v2/health/live" in said["Healthcheck"]["Test"][-1]
        assert "PLUMBLINE_MODE=production" in said["Env"]

    def test_nothing_secret_is_in_it(self, built, web):
        assert not [
            line for line in built.inspect(web)["Env"] if re.search("SECRET|TOKEN|PASSWORD|PIP_|DATABASE", line)
        ]
        listed = "import json, pathlib as p; print(json.dumps([str(f) for f in p.Path('/app').rglob('*')]))"
        files = asked(built, web, listed)
        assert not [name for name in files if re.search(r"\.env|secret_key|sqlite|/data|\.git|/tests", name)]
        sizes = (
            "import json, pathlib as p; print(json.dumps([f.stat().st_size for f in p.Path('/etc').glob('pip.conf')]))"
        )
        assert not any(asked(built, web, sizes))

    def test_it_holds_what_is_pinned_and_nothing_else(self, built, web):
        listed = (
            "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
        )
        lines = "\n".join(f"{name}=={version}" for name, version in asked(built, web, listed).items())
        assert pinned(lines).keys() - {"plumbline"} == pinned((REPOSITORY / "requirements-web.txt").read_text()).keys()
        found = "import importlib.util as u, json; print(json.dumps([n for n in {} if u.find_spec(n)]))"
        assert asked(built, web, found.format(ONLY_IN_THE_PIPELINE)) == []

    def test_it_stays_small(self, built, web):
        """What we add to the base was 238 MB when this was written."""
        assert built.size(web) - built.size(BASE) < 280_000_000

    def test_it_refuses_to_start_without_secrets(self, built, web):
        done = built.run(web)
        assert done.returncode == 1
        assert "DJANGO_SECRET_KEY must be set in production" in done.stderr
        assert "DJANGO_ALLOWED_HOSTS must name the hosts" in done.stderr
        assert "Traceback" not in done.stderr

    def test_it_serves_what_a_person_approves(self, built, web, data):
        publish(data)
        subprocess.run(["chown", "--recursive", f"{USER}:{USER}", data], check=True)
        port = free_port()
        settings, volume = production(port), ("--volume", f"{data}:/data")

        def manage(*command: str) -> Done:
            return built.run(web, "python", "manage.py", *command, options=volume, **settings)

        for command in (("migrate", "--no-input"), ("sync",)):
            done = manage(*command)
            assert done.returncode == 0, done.stderr
        people, asking = approvers(manage), token(manage, "ada", "predict")
        server = f"http://127.0.0.1:{port}"
        with built.running(web, options=volume, **settings) as container:
            log = lambda: built.podman("logs", container)  # noqa: E731 - told only where an assertion fails
            until(lambda: alive(server), 60)
            assert call(f"{server}/v2/health/live")[0] == 200, log()
            check = (container, *built.inspect(web)["Healthcheck"]["Test"][1:])
            assert built.podman("exec", *check).returncode == 0
            assert built.podman("exec", "--env", f"PLUMBLINE_BIND=127.0.0.1:{free_port()}", *check).returncode == 1
            assert built.podman("exec", container, "id", "-u").stdout.strip() == str(USER)
            assert built.podman("exec", container, "touch", "/app/x").returncode != 0

            assert call(f"{server}/static/plumbline/admin.css", **BEHIND_A_PROXY)[0] == 200
            approve = f"{server}/api/v1/models/small/versions/2/approve/"
            by_ada = {"Authorization": f"Token {people['ada']}", **BEHIND_A_PROXY}
            assert call(approve, {"reason": "Good."}, **by_ada)[0] == 201, log()
            predict, rows = f"{server}/predict/small", {"rows": [ROW]}
            settled(data, 2)
            _, answer = call(predict, rows, Authorization=f"Bearer {asking}")
            assert answer["predictions"][0]["probability"] == PROBABILITY[2]
            assert call(predict, rows)[0] == 401
        assert all(path.stat().st_uid == USER for path in data.rglob("*"))


@pytest.mark.slow
@pytest.mark.container
class TestPipeline:
    def test_it_makes_a_version(self, built, pipeline, tmp_path, data):
        """With no network, no name in its files but its own, and nothing to write to but its data folder and /tmp."""
        write(tmp_path)
        here = ("--volume", f"{data}:/data", "--volume", f"{tmp_path}:{tmp_path}:ro")
        tmp_path.chmod(0o755)
        problems = ("--plumbline-problems", str(tmp_path / "problems"))
        done = built.run(pipeline, "RunAll", "--problem", "sample", *problems, options=here, network="none")
        assert done.returncode == 0, done.stdout + done.stderr
        version = data / "models" / "sample" / "1"
        assert (version / "saved_model.pb").is_file()
        assert json.loads((version / "assets.extra" / "manifest.json").read_bytes())["made_by"] == "plumbline"
        assert all(path.stat().st_uid == USER for path in data.rglob("*"))
        again = built.run(pipeline, "RunAll", "--problem", "sample", *problems, options=here, network="none")
        assert "Everything is up to date" in again.stdout, again.stderr

    def test_it_has_the_example(self, built, pipeline):
        problems = asked(
            built,
            pipeline,
            "import json, pathlib as p; print(json.dumps([f.stem for f in p.Path('problems').iterdir()]))",
        )
        assert problems == [path.stem for path in (REPOSITORY / "problems").glob("*.toml")]
        assert built.inspect(pipeline)["User"] == f"{USER}:{USER}"


def alive(server: str) -> bool:
    try:
        return call(f"{server}/v2/health/live", timeout=2)[0] == 200
    except OSError:
        return False
