"""Requests for a new run: a person's or an alert's. ``luigi --module pipeline Maintain`` takes them.

A request is a line of the audit trail and a file, ``data/requests/<model>/<id>.json``. It leads to a new candidate at
most: what is live is changed by an approval, and by nothing else.
"""

from pathlib import Path
from secrets import token_hex

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from bundle import identity
from bundle.monitoring import REQUESTS, RunRequest
from webapp.registry import audit, decisions
from webapp.registry.decisions import LONGEST_REASON, NoReason, NotAllowed, NotPossible, Person
from webapp.registry.models import Model, Verb

PERMISSION = "monitoring.request_run"


def request(*, model: Model, actor: Person, reason: str, source: str) -> RunRequest:
    """Ask for a new run of the model's problem.

    Raises:
        Refused: no permission or reason, or the model has no version yet; the audit trail has it too.
    """
    version = model.versions.order_by("-number").first()
    if version is None:
        raise NotPossible(f"{model.name} must have a version before a run can be requested, and has none.")
    reason = reason.strip()
    try:
        if not actor.is_authenticated or not actor.has_perm(PERMISSION):
            raise NotAllowed("You must have the permission request_run to do this, and you have not.")
        if not 0 < len(reason) <= LONGEST_REASON:
            raise NoReason(f"A request must have a reason of at most {LONGEST_REASON} characters.")
    except decisions.Refused as refusal:
        decisions.refuse(
            verb=Verb.REQUEST_RUN, version=version, actor=actor, source=source, reason=reason, refusal=refusal
        )
        raise
    name = actor.get_username()
    with transaction.atomic():
        line = audit.append(verb=Verb.REQUEST_RUN, version=version, actor=name, source=source, reason=reason)
        asked = RunRequest(model=model.name, by=name, source=source, reason=reason, at=line.at)
        _write(_folder(model.name), asked)
    return asked


def pending(model: str) -> list[RunRequest]:
    """What was asked for and not taken yet, the oldest first."""
    found = []
    for path in sorted(_folder(model).glob("*.json")):
        try:
            found.append(RunRequest.model_validate_json(path.read_bytes()))
        except (FileNotFoundError, ValidationError):  # just taken, or not ours: Maintain names those
            continue
    return found


def _folder(model: str) -> Path:
    return Path(settings.DATA_FOLDER) / REQUESTS / model


def _write(folder: Path, asked: RunRequest) -> None:
    """Let the file appear whole."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{token_hex(8)}.aside"
    try:
        aside.write_text(asked.model_dump_json(indent=1) + "\n")
        aside.replace(folder / f"{identity.make(int(asked.at.timestamp() * 1000))}.json")
    finally:
        aside.unlink(missing_ok=True)
