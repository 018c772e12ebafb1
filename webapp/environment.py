"""Settings from environment variables, by a few helpers that refuse what they do not understand."""

import contextlib
import os
import tempfile
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

Network = IPv4Network | IPv6Network
EVERYBODY = (ip_network("0.0.0.0/0"), ip_network("::/0"))
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def text(name: str, default: str = "") -> str:
    """The variable's value without the blanks around it; ``default`` where it is not set or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """A yes or a no.

    Raises:
        ImproperlyConfigured: it is neither.
    """
    value = text(name).lower()
    if value in (*YES, *NO):
        return value in YES
    if value:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join((*YES, *NO))}, got {value!r}.")
    return default


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of the ``allowed`` values, the first where the variable is not set.

    Raises:
        ImproperlyConfigured: it is none of them.
    """
    value = text(name, allowed[0])
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, got {value!r}.")
    return value


def listed(name: str, default: list[str]) -> list[str]:
    """The values between commas."""
    return [part.strip() for part in text(name).split(",") if part.strip()] or default


def networks(name: str, default: str) -> list[Network]:
    """The addresses and networks between commas; ``*`` is all of them.

    Raises:
        ImproperlyConfigured: one is none.
    """
    found: list[Network] = []
    for value in listed(name, [default]):
        try:
            found += EVERYBODY if value == "*" else [ip_network(value)]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be addresses or networks between commas: {error}.") from None
    return found


def local_secret(path: Path) -> str:
    """The secret kept in ``path`` for its owner alone; the first who asks makes it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret") as file:  # made for its owner alone
            file.write(get_random_secret_key())
            file.flush()
            with contextlib.suppress(FileExistsError):  # somebody was quicker: theirs is the secret
                os.link(file.name, path)
    return path.read_text()
