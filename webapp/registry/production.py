"""What was in production, and when: read off the decisions."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

from bundle.decisions import GOES_LIVE
from webapp.registry.models import Decision, Outcome, Version


def past(moment: datetime) -> None:
    """Refuse a moment that is yet to come.

    Raises:
        ValidationError: it is.
    """
    if moment > timezone.now():
        raise ValidationError("The moment must be in the past: nobody knows what will be in production then.")


@dataclass(frozen=True)
class Period:
    """A time in which one version was live; the last one may go on.

    Attributes:
        began: the decision that made it live.
        ended: the decision that made another one live, or this one retired.
    """

    version: Version
    began: Decision
    ended: Decision | None

    def holds(self, moment: datetime) -> bool:
        """Whether the version was live at the moment."""
        return self.began.at <= moment and (self.ended is None or moment < self.ended.at)


def periods(name: str) -> list[Period]:
    """Every time in which a version of the model was live, the first one first."""
    found: list[Period] = []
    lines = Decision.objects.filter(version__model__name=name, outcome=Outcome.DONE).order_by("sequence")
    current: Decision | None = None
    for line in lines.select_related("version__model"):
        goes_live = line.verb in GOES_LIVE
        ends = goes_live or (current is not None and line.version_id == current.version_id)
        if current is not None and ends:
            found.append(Period(current.version, current, line))
            current = None
        if goes_live:
            current = line
    return found if current is None else [*found, Period(current.version, current, None)]


def live_at(name: str, moment: datetime) -> Period | None:
    """The version of the model that was in production at the moment, with the decision that made it so."""
    return next((period for period in reversed(periods(name)) if period.holds(moment)), None)
