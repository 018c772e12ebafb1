"""Tokens for programs, and passwords that were made for somebody."""

import secrets
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone

from webapp import predict_tokens
from webapp.predict_tokens import digest_of
from webapp.registry.models import AuditHead

PREFIX = "plumb_"
"""What a secret begins with, so that people and scanners know one when they see it."""
SECRET_BYTES = 32
DAYS, MOST_DAYS = 90, 366
LONGEST_NAME = 100
DAYS_HELD = (MinValueValidator(1), MaxValueValidator(MOST_DAYS))


class Purpose(models.TextChoices):
    """What a token opens."""

    API = "api", "the API, as its owner"
    PREDICT = "predict", "predictions, outcomes and metrics"


class Token(models.Model):
    """A program's access. Of its secret only the SHA-256 is kept. It is never deleted: it stays known whose it was."""

    name = models.CharField(max_length=LONGEST_NAME, help_text="What it is for, such as the program that will use it.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="tokens")
    purpose = models.CharField(max_length=20, choices=Purpose)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField("made")
    made_by = models.CharField(max_length=255)
    expires_at = models.DateTimeField("expires")
    revoked_at = models.DateTimeField("revoked", null=True)
    revoked_by = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ("-made_at",)
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def fault(self) -> str:
        """Why nobody may use it any more; nothing while they may."""
        if self.revoked_at:
            return f"This token was revoked on {self.revoked_at:%d %B %Y}."
        if self.expires_at <= timezone.now():
            return f"This token expired on {self.expires_at:%d %B %Y}."
        return "" if self.owner.is_active else "The owner of this token is not active."

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("A token is never deleted: revoke it.")

    @classmethod
    def make(cls, *, owner: AbstractUser, purpose: Purpose, name: str, days: int, by: str) -> tuple["Token", str]:
        """A new token, and its secret, which nobody can find out again."""
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        now = timezone.now()
        with transaction.atomic():
            token = cls.objects.create(
                owner=owner,
                purpose=purpose,
                name=name,
                digest=digest_of(secret),
                made_at=now,
                made_by=by,
                expires_at=now + timedelta(days=days),
            )
            tell_serving()
        return token, secret

    def revoke(self, *, by: str) -> None:
        """From now on the token opens nothing."""
        with transaction.atomic():
            self.revoked_at, self.revoked_by = timezone.now(), by
            self.save(update_fields=["revoked_at", "revoked_by"])
            tell_serving()


class OneTimePassword(models.Model):
    """Whoever is named here has a password that was made for them, and must change it before anything else."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.person)


def tell_serving() -> None:
    """Write the tokens for predictions as they are now, as the last act of the caller's transaction."""
    with transaction.atomic():
        AuditHead.hold()  # one change at a time
        expires: dict[str, datetime] = dict(
            Token.objects.filter(
                purpose=Purpose.PREDICT, revoked_at=None, expires_at__gt=timezone.now(), owner__is_active=True
            ).values_list("digest", "expires_at")
        )
        seconds = {digest: moment.timestamp() for digest, moment in expires.items()}
        predict_tokens.write(settings.SERVING_FOLDER, seconds, settings.SECRET_KEY)


def on_change_of_person(*, instance: AbstractUser, created: bool, **kwargs: Any) -> None:
    """Their tokens may open something again, or nothing any more."""
    logged_in = kwargs["update_fields"] == frozenset({"last_login"})
    if not created and not logged_in and Token.objects.filter(owner=instance.pk).exists():
        tell_serving()
