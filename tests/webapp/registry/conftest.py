"""Small published versions, the people who look at them, and the clients that they use."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from rest_framework.test import APIClient

from bundle import manifest as manifests
from bundle.manifest import Clause, Manifest, Raw, Step, Verdict
from tests.webapp.serving.small import CONTRACT, NAME
from webapp.access.models import Purpose, Token
from webapp.registry import decisions, published
from webapp.registry.models import Version

SHA = "0" * 64


@dataclass
class Shelf:
    """The folder of published versions, and a way to publish into it.

    Attributes:
        model: a small version, whose model each that is published has.
    """

    folder: Path
    model: Path

    def publish(self, number: int = 1, name: str = "flights", verdict: str = "PASS", auc: float = 0.7, **more) -> Path:
        """Leave a small version, whole and with the digest of every file."""
        folder = self.folder / name / str(number)
        shutil.copytree(self.model, folder, ignore=shutil.ignore_patterns("manifest.json"))
        (folder / "assets.extra" / "report.html").write_text(f"<h1>Report on version {number}</h1>")
        clause = Clause(
            clause="roc_auc at least 0.6",
            metric="roc_auc",
            value=auc,
            low=auc - 0.01,
            high=auc + 0.01,
            threshold=0.6,
            state=verdict,
        )
        step = Step(
            stage="Split", source="", key=SHA, content=SHA, code=SHA, made_from={"features": SHA},
            started="2026-11-01T10:00:00+00:00", seconds=1.5, rows_in=100, rows_out=100, notes=("train: 80 rows",),
        )  # fmt: skip
        facts = {
            "name": name,
            "version": number,
            "title": "Will it be late?",
            "problem": "arr_delay > 15",
            "made": f"2026-11-{number:02}T10:00:00+00:00",
            "made_by": "tom",
            "contract": CONTRACT,
            "runtime": "litert",
            "verdict": Verdict(verdict=verdict, clauses=(clause,)),
            "metrics": {"roc_auc": {"value": auc, "low": auc - 0.01, "high": auc + 0.01}},
            "lineage": (step,),
            "raw": (Raw(source="flights", path="flights.csv", sha256=SHA),),
            "files": manifests.file_digests(folder),
        }
        Manifest(**{**facts, **more}).write(folder)
        return folder

    def registered(self, number: int = 1, **more) -> Version:
        """The same, known to the registry."""
        self.publish(number, **more)
        published.sync()
        return Version.objects.get(model__name=more.get("name", "flights"), number=number)

    def live(self, number: int = 1, **more) -> Version:
        """The same, approved by Ada."""
        version = self.registered(number, **more)
        decide("approve", version, User.objects.get(username="ada"))
        return version


@pytest.fixture
def shelf(db, settings, tmp_path, published):
    """No version, and room for some; what is decided goes to a folder of this test's own."""
    settings.DATA_FOLDER = tmp_path
    settings.MODELS_FOLDER = tmp_path / "models"
    settings.SERVING_FOLDER = tmp_path / "serving"
    return Shelf(tmp_path / "models", published / "models" / NAME / "1")


def decide(verb: str, version: Version, actor: User, reason: str = "It is better."):
    """Decide as the pages and the API do."""
    return decisions.VERBS[verb](version=version, actor=actor, reason=reason, source="test")


def person(name: str, group: str | None = None, **more) -> User:
    user = User.objects.create_user(name, password="a long pass phrase", is_staff=True, **more)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def vera(db):
    """A viewer."""
    return person("vera", "viewer")


@pytest.fixture
def tom(db):
    """A trainer, who makes the versions."""
    return person("tom", "trainer")


@pytest.fixture
def ada(db):
    """An approver."""
    return person("ada", "approver")


@pytest.fixture
def root(db):
    """The administrator."""
    return person("root", is_superuser=True)


@pytest.fixture
def browser():
    """A browser with somebody logged in, which sends CSRF tokens only where it is told to."""

    def of(user: User | None = None, **more) -> Client:
        client = Client(**more)
        if user:
            client.force_login(user)
        return client

    return of


@pytest.fixture
def program():
    """A program with somebody's token."""

    def of(user: User | None = None) -> APIClient:
        client = APIClient()
        if user:
            _, secret = Token.make(owner=user, purpose=Purpose.API, name="a test", days=1, by=user.get_username())
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return of


@pytest.fixture(autouse=True)
def unthrottled():
    """Every test starts with nothing asked yet."""
    from django.core.cache import cache

    cache.clear()
