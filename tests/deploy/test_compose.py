"""The compose file: valid, whole in itself, and without a password of its own."""

import os
import re
import subprocess

import pytest
import yaml
from compose_spec import PyCompose

from tests.sample import REPOSITORY
from webapp import environment

DEPLOY = REPOSITORY / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
SPEC = yaml.safe_load(COMPOSE)
SERVICES = SPEC["services"]
MUST = re.compile(r"\$\{(\w+):\?[^}]+\}")
ANY = re.compile(r"\$\{(\w+)")


def test_it_works():
    compose = PyCompose.from_yaml(yaml.safe_dump(SPEC))
    compose.validate()
    assert set(compose.service_names()) == {"web", "migrate", "scheduler", "database", "prometheus", "alertmanager"}


@pytest.mark.parametrize(
    "wrong",
    [{"imagee": "x"}, {"restart": "sometimes"}, {"ports": ["x:y"]}, {"secrets": ["a_secret_that_is_not_there"]}],
)
def test_what_checks_it_finds_mistakes(wrong):
    with pytest.raises(ValueError, match=r"imagee|sometimes|`x`|a_secret"):
        PyCompose.from_yaml(yaml.safe_dump({"services": {"web": {"image": "a", **wrong}}})).validate()


def test_what_must_be_set_has_no_default_and_is_in_the_example():
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    assert set(ANY.findall(COMPOSE)) == set(example)
    assert not any(example.values())
    assert set(MUST.findall(COMPOSE)) == set(example) - {"DJANGO_SECRET_KEY_OLD"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_scheduler_maintains_every_problem(tmp_path):
    shell, option, script = SERVICES["scheduler"]["entrypoint"]
    for name, does in {"luigi": "echo $@", "sleep": "kill $PPID"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [shell, option, MUST.sub("flights shop", script).replace("$$", "$")],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [f"--module pipeline Maintain --problem {name}" for name in ("flights", "shop")]


def test_the_secrets_of_sources_are_the_schedulers_alone_and_are_not_kept():
    given = {name: service["env_file"] for name, service in SERVICES.items() if "env_file" in service}
    assert given == {"scheduler": [{"path": "sources.env", "required": False}]}
    assert "deploy/sources.env" in (REPOSITORY / ".gitignore").read_text().splitlines()


def test_every_setting_is_one_that_the_server_reads():
    known = known_settings()
    for name in ("web", "migrate"):
        assert set(SERVICES[name]["environment"]) <= known


def test_what_is_mounted_is_there():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in SPEC["volumes"] or (DEPLOY / source).is_dir(), volume
    assert SERVICES["web"]["volumes"] == SERVICES["scheduler"]["volumes"] == ["data:/data"]


def test_prometheus_and_alertmanager_find_what_they_ask_for():
    """Addresses name services and their ports, and tokens lie where secrets are."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    text += (DEPLOY / "alertmanager" / "alertmanager.yml").read_text()
    assert {"web:8000", "alertmanager:9093"} <= set(re.findall(r"\b(?:web|alertmanager):\d+", text))
    tokens = set(re.findall(r"/run/secrets/(\w+)", text))
    assert tokens == set(SPEC["secrets"]) == {*SERVICES["prometheus"]["secrets"], *SERVICES["alertmanager"]["secrets"]}


def test_the_web_answers_its_own_name(monkeypatch):
    """Prometheus and Alertmanager ask for ``web``."""
    monkeypatch.setitem(
        os.environ, "HOSTS", MUST.sub("models.example.org", SERVICES["web"]["environment"]["DJANGO_ALLOWED_HOSTS"])
    )
    assert environment.listed("HOSTS", []) == ["models.example.org", "web"]


def known_settings() -> set[str]:
    """Every environment variable that the server reads, by the source of what reads them."""
    paths = [REPOSITORY / "gunicorn.conf.py", *(REPOSITORY / "webapp").rglob("*.py")]
    text = "".join(path.read_text() for path in paths)
    return set(re.findall(r'"((?:PLUMBLINE|DJANGO|DATABASE)_[A-Z_]+)"', text))
