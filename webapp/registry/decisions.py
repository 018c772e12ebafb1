"""What may be decided about a version: one function a verb, called alike by the pages and the API.

Refused
├── NoReason      a decision without a reason
├── NotAllowed    this person may not
└── NotPossible   nobody may, as the version is now

Every decision and every refusal is a line of the audit trail. What is decided takes effect at once: the last act of the
transaction writes the signed pointer that serving follows, and where that fails nothing was decided. After it, the
decision is told in a file (``told``).
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import transaction

from bundle.decisions import GOES_LIVE
from bundle.manifest import BrokenVersion, Manifest
from webapp import pointer as pointers
from webapp.pointer import Pointer
from webapp.registry import audit, rehearsal, told
from webapp.registry.models import AuditHead, Decision, Model, Outcome, State, Verb, Version
from webapp.signed import UntrustedFile

Person = AbstractUser | AnonymousUser
LONGEST_REASON = 2000


class Refused(Exception):  # noqa: N818 - reads as the outcome that it is
    """The decision was not taken; the message says why, and ``status`` is what HTTP calls it."""

    status: ClassVar[int]


class NoReason(Refused):
    """A decision without a reason, or with one that is too long."""

    status = 400


class NotAllowed(Refused):
    """This person may not decide this."""

    status = 403


class NotPossible(Refused):
    """The version is not in a state for this."""

    status = 409


def approve(*, version: Version, actor: Person, reason: str, source: str) -> Decision:
    """Make a candidate live, in place of the version that is.

    Raises:
        Refused: no permission or reason; the actor made the version; it is no candidate, or its verdict is not PASS;
            or it does not answer its golden rows as it must.
    """

    def check(version: Version) -> None:
        _must_be(version, State.CANDIDATE)
        described = _published(version)
        if described.made_by.casefold() == actor.get_username().casefold():
            raise NotAllowed(f"{version} was made by {described.made_by}, and must be approved by somebody else.")
        if described.verdict.verdict != APPROVABLE:
            raise NotPossible(f"{version} must have the verdict PASS to be approved, got {described.verdict.verdict}.")

    return _decide(Verb.APPROVE, version, actor, reason, source, check, _go_live)


def reject(*, version: Version, actor: Person, reason: str, source: str) -> Decision:
    """Say that a candidate is never to be live.

    Raises:
        Refused: no permission or reason; the version is no candidate.
    """

    def check(version: Version) -> None:
        _must_be(version, State.CANDIDATE)

    def act(version: Version) -> None:
        _enter(version, State.REJECTED)

    return _decide(Verb.REJECT, version, actor, reason, source, check, act)


def retire(*, version: Version, actor: Person, reason: str, source: str) -> Decision:
    """Say that a version's time is over. If it is the live one, its model is not served any more.

    Raises:
        Refused: no permission or reason; the version never was live, or is retired.
    """

    def check(version: Version) -> None:
        _must_be(version, State.LIVE, State.APPROVED)

    def act(version: Version) -> None:
        _enter(version, State.RETIRED)

    return _decide(Verb.RETIRE, version, actor, reason, source, check, act)


def roll_back(*, version: Version, actor: Person, reason: str, source: str) -> Decision:
    """Make a version live again that was live before, in place of the one that is.

    Raises:
        Refused: no permission or reason; the version was not live before, is retired, or does not answer its golden
            rows as it must.
    """

    def check(version: Version) -> None:
        _must_be(version, State.APPROVED)
        _published(version)

    return _decide(Verb.ROLL_BACK, version, actor, reason, source, check, _go_live)


VERBS = {Verb.APPROVE: approve, Verb.REJECT: reject, Verb.ROLL_BACK: roll_back, Verb.RETIRE: retire}
POSSIBLE = {
    Verb.APPROVE: (State.CANDIDATE,),
    Verb.REJECT: (State.CANDIDATE,),
    Verb.RETIRE: (State.LIVE, State.APPROVED),
    Verb.ROLL_BACK: (State.APPROVED,),
}
"""The states of a version in which each verb has a meaning."""
APPROVABLE = "PASS"
"""The verdict that it takes to be approved."""


def may(actor: Person, verb: Verb) -> bool:
    """Whether the person has the permission for the verb."""
    return bool(actor.is_authenticated and actor.has_perm(f"registry.{verb}_version"))


def offered(actor: Person, version: Version) -> list[Verb]:
    """The verbs that make sense for the version as it is, among those that the person has the permission for."""
    possible = [verb for verb in VERBS if version.state in POSSIBLE[verb] and may(actor, verb)]
    return [verb for verb in possible if verb != Verb.APPROVE or version.verdict == APPROVABLE]


def refuse(*, verb: Verb, version: Version, actor: Person, source: str, reason: str, refusal: Refused) -> None:
    """Leave a refusal in the audit trail."""
    audit.append(
        verb=verb,
        version=version,
        actor=actor.get_username() or "anonymous",
        source=source,
        reason=reason[:LONGEST_REASON],
        detail=str(refusal),
        refused=True,
    )


def _decide(
    verb: Verb,
    version: Version,
    actor: Person,
    reason: str,
    source: str,
    check: Callable[[Version], None],
    act: Callable[[Version], None],
) -> Decision:
    reason = reason.strip()

    def allowed() -> Version:
        current = Version.objects.select_related("model").get(pk=version.pk)
        if not may(actor, verb):
            raise NotAllowed(f"You must have the permission {verb}_version to do this, and you have not.")
        if not 0 < len(reason) <= LONGEST_REASON:
            raise NoReason(f"A decision must have a reason of at most {LONGEST_REASON} characters.")
        check(current)
        return current

    try:
        if verb in GOES_LIVE:
            _rehearse(allowed())  # which takes a second or more, and so holds up no other decision
        with transaction.atomic():
            AuditHead.hold()  # one decision at a time
            current = allowed()
            act(current)
            decision = audit.append(
                verb=verb, version=current, actor=actor.get_username(), source=source, reason=reason
            )
            _publish(decision)
            transaction.on_commit(partial(told.tell_or_log, current.model))
    except Refused as refusal:
        refuse(verb=verb, version=version, actor=actor, source=source, reason=reason, refusal=refusal)
        raise
    version.refresh_from_db()
    return decision


def _rehearse(version: Version) -> None:
    try:
        rehearsal.rehearse(version.folder, version.model.name, version.number, version.digest)
    except rehearsal.Failed as fault:
        raise NotPossible(f"{version} must load and answer its golden rows to go live, and does not: {fault}") from None


def _must_be(version: Version, *states: State) -> None:
    if version.state not in states:
        raise NotPossible(f"{version} must be {' or '.join(states)} for this, and is {version.state}.")


def _published(version: Version) -> Manifest:
    try:
        return version.on_disk()
    except (BrokenVersion, OSError) as fault:
        raise NotPossible(str(fault)) from None


def _go_live(version: Version) -> None:
    for before in Version.objects.filter(model=version.model, state=State.LIVE):
        _enter(before, State.APPROVED)
    _enter(version, State.LIVE)


def _enter(version: Version, state: State) -> None:
    version.state = state
    version.save(update_fields=["state"])


def tell_serving() -> None:
    """See to it that serving follows what is decided, by files that are signed with the secret of today.

    They are not where the secret changed, or where the database lost a decision as it was to keep it.
    """
    with transaction.atomic():
        AuditHead.hold()
        decided = Decision.objects.filter(outcome=Outcome.DONE, verb__in=VERBS).select_related("version__model")
        for model in Model.objects.all():
            newest = decided.filter(version__model=model).first()
            if newest and not _is_told(newest):
                _publish(newest)


def _publish(decision: Decision) -> None:
    """Tell serving which versions of the model answer from now on."""
    told = _pointer(decision)
    if told:
        pointers.write(settings.SERVING_FOLDER, told, settings.SECRET_KEY)
    else:
        pointers.withdraw(settings.SERVING_FOLDER, decision.version.model.name)


def _is_told(decision: Decision) -> bool:
    """Whether the model's pointer is that of the decision; where there is to be none, whether there is none."""
    place = pointers.place(settings.SERVING_FOLDER, decision.version.model.name)
    try:
        return pointers.read(place, settings.SECRET_KEY) == _pointer(decision)
    except UntrustedFile:
        return not place.exists() and _pointer(decision) is None


def _pointer(decision: Decision) -> Pointer | None:
    """What serving is to follow after a decision, the newest about its model; None where no version is live."""
    model = decision.version.model
    live = model.versions.filter(state=State.LIVE).first()
    if live is None:
        return None
    before = _before(live)
    served = [live, before] if before else [live]
    return Pointer(
        name=model.name,
        live=live.number,
        served={version.number: version.digest for version in served},
        labels={"live": live.number} | ({"previous": before.number} if before else {}),
        decided_by=decision.actor,
        reason=decision.reason,
        decided_at=decision.at.isoformat(),
        sequence=decision.sequence,
    )


def _before(live: Version) -> Version | None:
    """The version that was live last before this one, and still may be."""
    went_live = Decision.objects.filter(
        version__model=live.model_id,
        version__state=State.APPROVED,
        outcome=Outcome.DONE,
        verb__in=GOES_LIVE,
    )
    last = went_live.order_by("-sequence").select_related("version").first()
    return last.version if last else None
