"""Wrong deployments, told before the first request: ``manage.py check`` lists them, and the server does not start."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

SAMPLES = ("change", "sample", "example", "secret", "insecure", "password", "your-", "todo", "xxxx")
"""Words that a secret from somebody's example has, and a made one hardly ever."""
SHORTEST = 50
FEWEST_CHARACTERS = 10
MAKE_ONE = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'"


@register(Tags.security)
def production(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """What must hold where other people depend on the server."""
    if not settings.PRODUCTION:
        return []
    faults: list[CheckMessage] = []
    secret = _secret()
    if not secret:
        faults.append(
            Error("DJANGO_SECRET_KEY must be set in production, and is not.", hint=MAKE_ONE, id="plumbline.E001")
        )
    elif is_sample(secret):
        fault = "DJANGO_SECRET_KEY must be a secret of your own, and looks like a sample."
        faults.append(Error(fault, hint=MAKE_ONE, id="plumbline.E002"))
    if settings.DEBUG:
        fault = "DJANGO_DEBUG must be off in production: it shows settings and code to everybody."
        faults.append(Error(fault, hint="Unset DJANGO_DEBUG.", id="plumbline.E003"))
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        given = ",".join(settings.ALLOWED_HOSTS) or "nothing"
        fault = f"DJANGO_ALLOWED_HOSTS must name the hosts that are answered in production, and names {given}."
        faults.append(Error(fault, hint="Such as DJANGO_ALLOWED_HOSTS=models.example.org", id="plumbline.E004"))
    return faults


def refuse_wrong_settings() -> None:
    """Do not start with settings that the checks above fault.

    Raises:
        ImproperlyConfigured: names each fault, with what to do.
    """
    faults = production()
    if faults:
        raise ImproperlyConfigured("\n".join(f"{fault.msg} {fault.hint} ({fault.id})" for fault in faults))


def is_sample(secret: str) -> bool:
    """Whether the secret is short, monotonous, or has a word of an example in it."""
    few = len(secret) < SHORTEST or len(set(secret)) < FEWEST_CHARACTERS
    return few or any(word in secret.lower() for word in SAMPLES)


def _secret() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own word for an empty one
        return ""
