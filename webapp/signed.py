"""Signed files: how the registry tells serving what was decided, and serving knows that it was the registry.

class Pointer(Signed):                  # what the file holds
    kind = "pointer"

write(path, pointer, secret)            # whole, in place of the one before
read(path, Pointer, secret, *earlier)   # the same again, or UntrustedFile

The kind is part of what is signed, so that no file passes for one of another kind.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

LARGEST = 4 * 1024 * 1024
"""More bytes than any signed file has."""


class UntrustedFile(ValueError):  # noqa: N818 - named for what was found
    """A file that nobody may believe, and why."""


class Signed(BaseModel):
    """What a signed file holds.

    Attributes:
        kind: one word for what it is.
        remedy: what to do about a file of this kind that can't be believed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str]
    remedy: ClassVar[str]


T = TypeVar("T", bound=Signed)


def write(path: Path, content: Signed, secret: str) -> None:
    """Sign the content and let it take the place of what is at ``path``, whole.

    Raises:
        UntrustedFile: there is no secret to sign with.
    """
    fields = content.model_dump(mode="json")
    text = json.dumps({content.kind: fields, "signature": _signature(content, fields, secret)}, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.{secrets.token_hex(8)}.aside")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def read(path: Path, form: type[T], secret: str, *earlier: str) -> T:
    """What is in the file ``path``, signed with the secret or one of the ``earlier`` ones.

    Raises:
        UntrustedFile: the file is not there, not whole, of another kind, or signed with another secret.
    """
    fields, signature = _parts(path, form)
    signatures = [_signature(form, fields, one).encode() for one in (secret, *earlier)]
    if not any(hmac.compare_digest(one, signature.encode()) for one in signatures):
        raise UntrustedFile(
            f"{path} must be signed with this server's secret, and is not: it was changed by hand, "
            f"or made under another secret. {form.remedy}"
        )
    with holding(path, form):
        return form.model_validate(fields)


def sync(folder: Path) -> None:
    """Make sure that the folder's entries outlive a power cut."""
    entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


@contextlib.contextmanager
def holding(what: object, form: type[Signed]) -> Iterator[None]:
    """Tell a value that can't hold as an ``UntrustedFile``."""
    try:
        yield
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}, got {fault['input']!r:.60}"
            for fault in error.errors()
        )
        raise UntrustedFile(f"{what} must be a {form.kind} that can hold, and is not: {faults}.") from None


def _parts(path: Path, form: type[Signed]) -> tuple[dict[str, Any], str]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST))
        fields, signature = content[form.kind], content["signature"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UntrustedFile(
            f"{path} must be a signed {form.kind}, and can't be read as one ({type(error).__name__}: {error}). "
            f"{form.remedy}"
        ) from None
    if not isinstance(fields, dict) or not isinstance(signature, str):
        raise UntrustedFile(f"{path} must hold a {form.kind} and its signature, got other types. {form.remedy}")
    return fields, signature


def _signature(form: Signed | type[Signed], fields: dict[str, Any], secret: str) -> str:
    if not secret:
        raise UntrustedFile(f"A {form.kind} must be signed with a secret, got none. Set the server's secret.")
    content = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(secret.encode(), f"plumbline {form.kind}\n".encode() + content, hashlib.sha256).hexdigest()
