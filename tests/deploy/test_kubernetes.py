"""What is applied to a cluster, as kustomize renders it: valid by Kubernetes' own schemas, and of one piece."""

import os
import re
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from tests.conftest import BIN
from tests.deploy.test_compose import known_settings
from tests.sample import REPOSITORY
from webapp.serving import routing

OVERLAYS = ("local", "production")
NOT_OURS = {"database"}
"""Programs of others, which do not read our settings."""
MADE_BY_HAND = {
    "plumbline": {"DJANGO_SECRET_KEY", "DATABASE_URL"},
    "database": {"password"},
}
OF_SOURCES = "plumbline-sources"
"""A secret whose names are those of the problem files."""
NAME = "app.kubernetes.io/name"
Resource = dict[str, Any]

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def rendered(overlay: str) -> str:
    """The overlay as one stream of YAML."""
    command = [BIN / "kubectl", "kustomize", REPOSITORY / "deploy" / "kubernetes" / "overlays" / overlay]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def resources(overlay: str, *kinds: str) -> list[Resource]:
    """The overlay's resources of these kinds, or all of them."""
    return [one for one in yaml.safe_load_all(rendered(overlay)) if not kinds or one["kind"] in kinds]


def pods(overlay: str) -> dict[str, Resource]:
    """The template of every pod, by the name of what makes it."""
    found = {}
    for one in resources(overlay, "Deployment", "StatefulSet", "Job", "CronJob"):
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        found[one["metadata"]["name"]] = spec["template"]
    return found


def containers(overlay: str) -> dict[str, Resource]:
    """The one container of every pod."""
    found = {}
    for name, pod in pods(overlay).items():
        (found[name],) = pod["spec"]["containers"]
    return found


def matches(selector: Resource, labels: dict[str, str]) -> bool:
    """Whether a selector picks what has these labels."""
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    expressions = selector.get("matchExpressions", [])
    assert {one["operator"] for one in expressions} <= {"In"}
    return equal and all(labels.get(one["key"]) in one["values"] for one in expressions)


def test_it_works(overlay, tmp_path):
    path = tmp_path / "rendered.yaml"
    path.write_text(rendered(overlay))
    done = subprocess.run([BIN / "kubernetes-validate", "--strict", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_misspelt_field_is_found(overlay, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(rendered(overlay).replace("runAsNonRoot", "runAsNonroot"))
    done = subprocess.run([BIN / "kubernetes-validate", "--strict", path], capture_output=True, text=True, check=False)
    assert done.returncode == 1


def test_every_selector_picks_pods_that_are_there(overlay):
    labels = [pod["metadata"]["labels"] for pod in pods(overlay).values()]
    for one in resources(overlay, "Deployment", "StatefulSet"):
        assert matches(one["spec"]["selector"], one["spec"]["template"]["metadata"]["labels"])
    picks = [{"matchLabels": one["spec"]["selector"]} for one in resources(overlay, "Service")]
    picks += [one["spec"]["podSelector"] for one in resources(overlay, "NetworkPolicy")]
    picks += [one["spec"]["selector"] for one in resources(overlay, "PodDisruptionBudget")]
    spread = pods(overlay)["web"]["spec"].get("topologySpreadConstraints", [])
    picks += [one["labelSelector"] for one in spread]
    for pick in picks:
        assert any(matches(pick, one) for one in labels), pick
    (deny,) = [one for one in resources(overlay, "NetworkPolicy") if one["metadata"]["name"] == "deny"]
    assert all(matches(deny["spec"]["podSelector"], one) for one in labels)


def test_every_port_is_one_that_a_pod_has(overlay):
    for one in resources(overlay, "Service"):
        (port,) = one["spec"]["ports"]
        assert port["targetPort"] in port_names(overlay, {"matchLabels": one["spec"]["selector"]})
    for one in resources(overlay, "NetworkPolicy"):
        for rule in one["spec"].get("ingress", []):
            for port in rule["ports"]:
                assert port["port"] in port_names(overlay, one["spec"]["podSelector"])


def port_names(overlay: str, selector: Resource) -> set[str]:
    """The names of the ports of the pods that the selector picks."""
    return {
        port["name"]
        for name, pod in pods(overlay).items()
        if matches(selector, pod["metadata"]["labels"])
        for port in containers(overlay)[name].get("ports", [])
    }


def test_probes_ask_what_is_served(overlay):
    web = containers(overlay)["web"]
    asked = {name: web[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    meant = {name: routing.find(one["path"].encode()) for name, one in asked.items()}
    assert {name: route.verb for name, route in meant.items()} == {
        "startup": "live",
        "readiness": "ready",
        "liveness": "live",
    }
    assert {one["port"] for one in asked.values()} == {"http"}


def test_every_setting_is_one_that_the_server_reads(overlay):
    maps = {one["metadata"]["name"]: set(one["data"]) for one in resources(overlay, "ConfigMap")}
    for name, container in containers(overlay).items():
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                assert maps[source["configMapRef"]["name"]] <= known_settings(), name
            elif source["secretRef"]["name"] != OF_SOURCES:
                assert MADE_BY_HAND[source["secretRef"]["name"]] <= known_settings()
        for one in container.get("env", []):
            assert name in NOT_OURS
            reference = one.get("valueFrom", {}).get("secretKeyRef")
            assert reference is None or reference["key"] in MADE_BY_HAND[reference["name"]]
    assert not resources(overlay, "Secret")


def test_the_pipeline_alone_takes_the_secrets_of_sources_where_there_are_any(overlay):
    taken = {name: container.get("envFrom", []) for name, container in containers(overlay).items()}
    taking = {name for name, some in taken.items() if any(OF_SOURCES in str(one) for one in some)}
    assert taking == {"maintain", "collect"}
    assert all(taken[name] == [{"secretRef": {"name": OF_SOURCES, "optional": True}}] for name in taking)
    page = (REPOSITORY / "docs" / "deployment.md").read_text()
    assert f"kubectl --namespace plumbline create secret generic {OF_SOURCES} " in page


def test_what_is_mounted_is_declared_and_there(overlay):
    claims = {one["metadata"]["name"] for one in resources(overlay, "PersistentVolumeClaim")}
    made = {
        claim["metadata"]["name"]
        for one in resources(overlay, "StatefulSet")
        for claim in one["spec"].get("volumeClaimTemplates", [])
    }
    for name, pod in pods(overlay).items():
        declared = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        used = {mount["name"] for mount in containers(overlay)[name]["volumeMounts"]}
        assert used - made == set(declared)
        asked = {
            one["persistentVolumeClaim"]["claimName"] for one in declared.values() if "persistentVolumeClaim" in one
        }
        assert asked <= claims


def test_nothing_runs_with_more_than_it_needs(overlay):
    for name, pod in pods(overlay).items():
        spec, own = pod["spec"], containers(overlay)[name]["securityContext"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert own == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= containers(overlay)[name]["resources"].keys()


def test_accounts_and_targets_are_there(overlay):
    accounts = {one["metadata"]["name"]: one for one in resources(overlay, "ServiceAccount")}
    assert not any(one["automountServiceAccountToken"] for one in accounts.values())
    for name, pod in pods(overlay).items():
        assert name in NOT_OURS or pod["spec"]["serviceAccountName"] in accounts
    (scaler,) = resources(overlay, "HorizontalPodAutoscaler")
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "web")
    assert all(
        one["metadata"].get("namespace") == "plumbline" for one in resources(overlay) if one["kind"] != "Namespace"
    )


def test_images_are_ours_and_the_same_for_web_and_migration(overlay):
    images = {name: one["image"] for name, one in containers(overlay).items() if name not in NOT_OURS}
    assert images["web"] == images["migrate"]
    kinds = {name: image.rpartition("/")[2].partition(":")[0] for name, image in images.items()}
    assert kinds == {
        **dict.fromkeys(("web", "migrate"), "plumbline-web"),
        **dict.fromkeys(("maintain", "collect"), "plumbline-pipeline"),
    }
    assert all(image.rpartition(":")[2] not in {"latest", image} for image in images.values())


def test_runs_of_the_pipeline_do_not_meet(overlay):
    crons = {one["metadata"]["name"]: one["spec"] for one in resources(overlay, "CronJob")}
    assert {name for name, cron in crons.items() if cron.get("suspend")} == {"collect"}
    assert {cron["concurrencyPolicy"] for cron in crons.values()} == {"Forbid"}
    assert len({cron["schedule"] for cron in crons.values()}) == len(crons)
    assert containers(overlay)["maintain"]["args"] == ["Maintain"]


@pytest.mark.parametrize(
    ("page", "name", "arguments"),
    [
        ("sources", "collect", ["Collect", "--problem", "shop", "--source", "orders"]),
        ("deployment", "maintain", ["Maintain", "--problem", "shop"]),
    ],
)
def test_the_patches_of_the_documentation_run_a_problem_of_ones_own(overlay, tmp_path, page, name, arguments):
    (patch,) = re.findall(r"```yaml\n(patches:.*?)```", (REPOSITORY / "docs" / f"{page}.md").read_text(), re.DOTALL)
    base = os.path.relpath(REPOSITORY / "deploy" / "kubernetes" / "overlays" / overlay, tmp_path)
    (tmp_path / "kustomization.yaml").write_text(f"resources: [{base}]\n{patch}")
    done = subprocess.run([BIN / "kubectl", "kustomize", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [cron] = [one for one in yaml.safe_load_all(done.stdout) if one["metadata"]["name"] == name]
    assert not cron["spec"].get("suspend")
    [container] = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == arguments
    (tmp_path / "rendered.yaml").write_text(done.stdout)
    command = [BIN / "kubernetes-validate", "--strict", tmp_path / "rendered.yaml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
