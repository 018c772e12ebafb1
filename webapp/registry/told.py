"""The decisions, told in files: the pipeline reads them there, which may not ask the database.

The audit trail is the truth, and a file has the same lines in the same bytes. So what a full disk or a power cut kept
back, be it half a line, is what is missing at the file's end, and is added with the next decision or by ``manage.py
sync``. A file that says anything else is evidence of something: it is left as it is, and told of.
"""

import fcntl
import logging
import os
from itertools import zip_longest
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from bundle import decisions as files
from bundle.decisions import Decided
from webapp.registry.models import Decision, Model, Outcome, Verb
from webapp.signed import sync

DECIDED = (Verb.APPROVE, Verb.REJECT, Verb.RETIRE, Verb.ROLL_BACK)
log = logging.getLogger(__name__)


class OtherDecisions(Exception):  # noqa: N818 - named for what was found
    """A file tells of other decisions than the audit trail has."""


def tell(model: Model) -> int:
    """Add to the model's file what was decided and is not there yet; how many bytes that were.

    Raises:
        OtherDecisions: the file has something that the trail has not.
        OSError: it can't be written.
    """
    path = files.place(Path(settings.DATA_FOLDER), model.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        there, decided = file.read(), b"".join(map(_line, _taken(model)))
        if not decided.startswith(there):
            pairs = zip_longest(there.splitlines(), decided.splitlines())
            number = next(number for number, (told, line) in enumerate(pairs, start=1) if told != line)
            raise OtherDecisions(
                f"{path} must tell of the decisions in the audit trail, and does not from line {number} on. "
                "Find out why, move it away, and run: python manage.py sync"
            )
        missing = decided[len(there) :]
        file.write(missing)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)
    return len(missing)


def tell_or_log(model: Model) -> None:
    """The same after a decision, which holds whether or not it can be told."""
    try:
        tell(model)
    except (OSError, OtherDecisions) as fault:
        log.error("The decisions about %s are not told: %s", model, fault)


def tell_all() -> None:
    """The same for every model that was decided about.

    Raises:
        OtherDecisions: as above.
        OSError: as above.
    """
    for model in Model.objects.all():
        if _taken(model).exists():
            tell(model)


def _taken(model: Model) -> QuerySet[Decision]:
    taken = Decision.objects.filter(version__model=model, outcome=Outcome.DONE, verb__in=DECIDED)
    return taken.select_related("version__model").order_by("sequence")


def _line(decision: Decision) -> bytes:
    told = Decided(
        sequence=decision.sequence,
        verb=decision.verb,
        model=decision.version.model.name,
        version=decision.version.number,
        digest=decision.digest,
        by=decision.actor,
        at=decision.at,
        reason=decision.reason,
        hash=decision.hash,
    )
    return told.model_dump_json().encode() + b"\n"
