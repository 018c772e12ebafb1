"""The audit trail: lines are added at its end, and can be checked from its beginning."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from webapp.registry.models import AuditHead, Decision, Outcome, State, Verb, Version

LEADS_TO = {
    Verb.REGISTER: State.CANDIDATE,
    Verb.BREAK: State.BROKEN,
    Verb.APPROVE: State.LIVE,
    Verb.ROLL_BACK: State.LIVE,
    Verb.REJECT: State.REJECTED,
    Verb.RETIRE: State.RETIRED,
}
"""The state that a version is in after each verb that was done; the others change none."""


class TamperedTrail(Exception):  # noqa: N818 - named for what was found
    """The audit trail is not what was written; the message names the first line that is wrong."""


def append(
    *, verb: Verb, version: Version, actor: str, source: str, reason: str = "", detail: str = "", refused: bool = False
) -> Decision:
    """Add a line to the trail; part of the caller's transaction, if there is one."""
    with transaction.atomic():
        head = AuditHead.hold()
        decision = Decision(
            sequence=head.sequence + 1,
            verb=verb,
            outcome=Outcome.REFUSED if refused else Outcome.DONE,
            version=version,
            digest=version.digest,
            actor=actor,
            reason=reason,
            detail=detail,
            at=timezone.now(),
            source=source,
            previous=head.hash,
        )
        decision.hash = decision.sealed(settings.SECRET_KEY)
        decision.save()
        head.sequence, head.hash = decision.sequence, decision.hash
        head.save()
    return decision


def verify() -> int:
    """Check every line from the first to the last, and that the versions are in the states that the lines lead to.

    Returns:
        how many lines there are.

    Raises:
        TamperedTrail: names the first line, or the version, that is not as it was written.
    """
    previous, states = Decision(sequence=0, hash=""), dict[int, State]()
    live: dict[int, int] = {}
    for line in Decision.objects.select_related("version__model").order_by("sequence").iterator():
        _verify(line, previous)
        if line.outcome == Outcome.DONE and line.verb in LEADS_TO:
            _follow(line, states, live)
        previous = line
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    if (head.sequence, head.hash) != (previous.sequence, previous.hash):
        raise TamperedTrail(f"line {head.sequence} must be the last, and the trail ends at line {previous.sequence}.")
    for version in Version.objects.select_related("model"):
        state = states.get(version.pk)
        if version.state != state:
            raise TamperedTrail(f"{version} must be {state or 'unknown'} after all lines, and is {version.state}.")
    return previous.sequence


def _verify(line: Decision, previous: Decision) -> None:
    if line.sequence != previous.sequence + 1:
        raise TamperedTrail(
            f"line {previous.sequence + 1} is missing: line {line.sequence} follows {previous.sequence}."
        )
    if line.previous != previous.hash:
        raise TamperedTrail(f"line {line.sequence} must carry the hash of line {previous.sequence}, and does not.")
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(line.hash, line.sealed(secret)) for secret in secrets):
        raise TamperedTrail(f"line {line.sequence} ({line}) is not as it was written.")


def _follow(line: Decision, states: dict[int, State], live: dict[int, int]) -> None:
    """What the line did to its version, and to the one that was live before."""
    model, version, state = line.version.model_id, line.version_id, LEADS_TO[Verb(line.verb)]
    before = live.get(model)
    if state == State.LIVE:
        if before is not None and before != version:
            states[before] = State.APPROVED
        live[model] = version
    elif before == version:
        del live[model]
    states[version] = state
