"""Models, their versions as they were published, and the decisions about them."""

import hashlib
from pathlib import Path
from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from pydantic import ValidationError

from bundle import digest as digests
from bundle import manifest as manifests
from bundle.digest import of_json
from bundle.manifest import BrokenVersion, Manifest

REPORT = "assets.extra/report.html"
SEAL = "plumbline.audit"
"""What sets the audit trail's hashes apart from all else that is made with the server's secret."""


class State(models.TextChoices):
    """What has been decided about a version."""

    CANDIDATE = "candidate", "candidate"
    APPROVED = "approved", "approved"
    """Was live, and stands by for a roll back."""
    LIVE = "live", "live"
    RETIRED = "retired", "retired"
    REJECTED = "rejected", "rejected"
    BROKEN = "broken", "broken"
    """Its folder is not what its manifest says."""


class Verb(models.TextChoices):
    """What is done to a version. Register and break are what ``sync`` finds; the others a person decides.

    Who requests a run asks for the next version, on account of the newest.
    """

    REGISTER = "register", "register"
    BREAK = "break", "find broken"
    APPROVE = "approve", "approve"
    REJECT = "reject", "reject"
    RETIRE = "retire", "retire"
    ROLL_BACK = "roll_back", "roll back"
    REQUEST_RUN = "request_run", "request a run"


class Outcome(models.TextChoices):
    """Whether it was done."""

    DONE = "done", "done"
    REFUSED = "refused", "refused"


class Model(models.Model):
    """A named model; its versions are what is decided about."""

    name = models.CharField(max_length=255, unique=True)

    class Meta:
        ordering = ("name",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name

    @property
    def live(self) -> "Version | None":
        """The version that is in production now."""
        return next((version for version in self.versions.all() if version.state == State.LIVE), None)


class Version(models.Model):
    """A published version: what its manifest said when it was registered, and the state it is in."""

    model = models.ForeignKey(Model, models.PROTECT, related_name="versions")
    number = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64, blank=True)
    """The SHA-256 of its manifest."""
    made_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=255, blank=True)
    verdict = models.CharField(max_length=40, blank=True)
    manifest = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State)
    fault = models.TextField(blank=True)
    registered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("model__name", "-number")
        default_permissions = ("view",)
        permissions = (
            ("approve_version", "Can approve a version"),
            ("reject_version", "Can reject a version"),
            ("retire_version", "Can retire a version"),
            ("roll_back_version", "Can roll back to a version"),
        )
        constraints = (
            models.UniqueConstraint(fields=("model", "number"), name="version_once"),
            models.UniqueConstraint(fields=("model",), condition=Q(state=State.LIVE), name="one_live_version"),
        )

    def __str__(self) -> str:
        return f"{self.model.name} {self.number}"

    @property
    def folder(self) -> Path:
        """Where it was published."""
        return Path(settings.MODELS_FOLDER) / self.model.name / str(self.number)

    @property
    def described(self) -> Manifest | None:
        """What its manifest said when it was registered; None where none could be read, or another release wrote it."""
        try:
            return Manifest.model_validate(self.manifest)
        except ValidationError:
            return None

    def published(self, name: str) -> bytes | None:
        """A file of its folder as it was published; None where it is not, or not the same any more."""
        try:
            content = (self.folder / name).read_bytes()
        except OSError:
            return None
        return content if self.manifest.get("files", {}).get(name) == hashlib.sha256(content).hexdigest() else None

    def on_disk(self) -> Manifest:
        """The manifest in its folder, every file of which is as it was registered.

        Raises:
            BrokenVersion: something is not.
        """
        described = manifests.read(self.folder)
        if digests.of_file(self.folder / manifests.NAME) != self.digest:
            raise BrokenVersion(f"{self.folder / manifests.NAME} must be the manifest that was registered, and is not.")
        manifests.verify(self.folder, described)
        return described


class AppendOnly(models.QuerySet["Decision"]):
    """Rows that are added and never changed."""

    def update(self, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("A decision is never changed: add another one.")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("A decision is never deleted.")


class Decision(models.Model):
    """One line of the audit trail: who did what to which version, when, from where and why; or who was refused.

    Each line carries the hash of the one before, and its own is made with the server's secret: a line that was changed,
    removed or put in by any other way than ``append`` is found by ``audit.verify``.
    """

    sequence = models.PositiveBigIntegerField("line", unique=True)
    verb = models.CharField(max_length=20, choices=Verb)
    outcome = models.CharField(max_length=20, choices=Outcome)
    version = models.ForeignKey(Version, models.PROTECT, related_name="decisions")
    digest = models.CharField(max_length=64, blank=True)
    """That of the version's manifest."""
    actor = models.CharField(max_length=255)
    reason = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    """Why it was refused, or what was found."""
    at = models.DateTimeField()
    source = models.CharField("from", max_length=255)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ("-sequence",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.sequence}: {self.actor} {self.verb} {self.version} ({self.outcome})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the line.

        Raises:
            TypeError: it is there already.
        """
        if not self._state.adding:
            raise TypeError("A decision is never changed: add another one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("A decision is never deleted.")

    def sealed(self, secret: str) -> str:
        """The hash of this line under ``secret``."""
        line = {
            "sequence": self.sequence,
            "verb": self.verb,
            "outcome": self.outcome,
            "model": self.version.model.name,
            "version": self.version.number,
            "digest": self.digest,
            "actor": self.actor,
            "reason": self.reason,
            "detail": self.detail,
            "at": self.at.timestamp(),
            "source": self.source,
            "previous": self.previous,
        }
        return salted_hmac(SEAL, of_json(line), secret=secret, algorithm="sha256").hexdigest()


class AuditHead(models.Model):
    """The last line of the audit trail, in one row: who adds a line holds it, so that lines are added one by one."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    @classmethod
    def hold(cls) -> Self:
        """The row, held until the transaction ends."""
        return cls.objects.select_for_update().get(pk=1)
