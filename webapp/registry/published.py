"""The versions on disk, and the registry's knowledge of them: what is new is recorded, sound or broken."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from bundle import digest
from bundle import manifest as manifests
from bundle.manifest import BrokenVersion, Manifest
from webapp.registry import audit
from webapp.registry.models import AuditHead, Model, State, Verb, Version

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
ACTOR, SOURCE = "sync", "published folder"


@dataclass
class Synced:
    """What a sync found that was not known: the versions that are new, and those that are broken."""

    new: list[Version] = field(default_factory=list)
    broken: list[Version] = field(default_factory=list)

    def add(self, version: Version) -> None:
        """Put the version where its state belongs."""
        (self.broken if version.state == State.BROKEN else self.new).append(version)


def sync() -> Synced:
    """Record every version on disk that is not recorded yet, and every one that can't be what it says.

    A version's files are compared with their digests once, when it is new; later only the manifests of those that may
    yet become live are looked at. A live one stays live whatever becomes of its folder: serving has its own checks.
    """
    found = Synced()
    known = {(version.model.name, version.number): version for version in Version.objects.select_related("model")}
    for folder in _folders(Path(settings.MODELS_FOLDER)):
        name, number = _text(folder.parent.name), int(folder.name)
        version = known.get((name, number))
        if version is None or version.state == State.BROKEN:
            _look(folder, name, number, version, found)
        elif version.state in (State.CANDIDATE, State.APPROVED) and _digest(folder) != version.digest:
            fault = f"{folder / manifests.NAME} must be the manifest that was registered, and is not."
            _record_broken(version, fault, found)
    return found


def _folders(models: Path) -> Iterator[Path]:
    """Every folder that claims to be a version, those with the lowest number first."""
    for model in sorted(models.iterdir()) if models.is_dir() else []:
        if model.is_dir() and not model.name.startswith("."):
            numbers = [one.name for one in model.iterdir() if one.is_dir() and NUMBER.fullmatch(one.name)]
            yield from (model / number for number in sorted(numbers, key=int))


def _look(folder: Path, name: str, number: int, known: Version | None, found: Synced) -> None:
    try:
        described = _sound(folder, name, number)
    except BrokenVersion as fault:
        if known is None or known.fault != str(fault):
            _record_broken(_version(name, number, known), str(fault), found)
    else:
        _record(_version(name, number, known), described, _digest(folder), found)


def _sound(folder: Path, name: str, number: int) -> Manifest:
    if not NAME.fullmatch(name):
        raise BrokenVersion(f"A model's name must be letters, digits, '_', '-' and '.', at most 100; got {name!r}.")
    try:
        described = manifests.read(folder)
        manifests.verify(folder, described)
        _moment(described.made)
    except (OSError, ValueError) as error:  # BrokenVersion is a ValueError
        raise BrokenVersion(str(error)) from None
    if (described.name, described.version) != (name, number):
        raise BrokenVersion(
            f"{folder} must hold version {number} of {name}, got {described.version} of {described.name}."
        )
    return described


def _version(name: str, number: int, known: Version | None) -> Version:
    return known or Version(model=Model.objects.get_or_create(name=name)[0], number=number)


def _record(version: Version, described: Manifest, digest_of_manifest: str, found: Synced) -> None:
    verdict, made_by = described.verdict.verdict, described.made_by
    _save(
        version,
        Verb.REGISTER,
        f"verdict {verdict}, made by {made_by}",
        found,
        digest=digest_of_manifest,
        made_at=_moment(described.made),
        made_by=made_by,
        verdict=verdict,
        manifest=described.model_dump(mode="json"),
        state=State.CANDIDATE,
        fault="",
    )


def _record_broken(version: Version, fault: str, found: Synced) -> None:
    _save(version, Verb.BREAK, fault, found, state=State.BROKEN, fault=fault)


def _save(version: Version, verb: Verb, detail: str, found: Synced, **fields: object) -> None:
    """Record what was found of a version, unless another worker was quicker, or somebody has decided meanwhile."""
    with transaction.atomic():
        AuditHead.hold()
        if not _is_as_read(version):
            return
        for name, value in fields.items():
            setattr(version, name, value)
        version.save(update_fields=fields if version.pk else None)
        audit.append(verb=verb, version=version, actor=ACTOR, source=SOURCE, detail=detail)
    found.add(version)


def _is_as_read(version: Version) -> bool:
    same = Version.objects.filter(model=version.model, number=version.number)
    now = same.values_list("state", "digest").first()
    return now == ((version.state, version.digest) if version.pk else None)


def _moment(made: str) -> datetime:
    moment = datetime.fromisoformat(made)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _digest(folder: Path) -> str:
    try:
        return digest.of_file(folder / manifests.NAME)
    except OSError:
        return ""


def _text(name: str) -> str:
    """A folder's name as text, where it has bytes that are none."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
