"""Outcomes by prediction id: ``{"outcomes": [{"id": ..., "row": 0, "value": 1}, ...]}``."""

import logging
from typing import Any

from pydantic import TypeAdapter, ValidationError

from webapp.monitoring.outcomes import OutcomeLog
from webapp.pointer import Name
from webapp.serving import content
from webapp.serving.answer import dumped
from webapp.serving.refusal import Refusal, malformed, shown, too_large
from webapp.serving.settings import Settings

NAME = TypeAdapter(Name)
log = logging.getLogger(__name__)


def model(name: str, settings: Settings) -> str:
    """The name of a model that was ever published: outcomes may come when it is served no more.

    Raises:
        Refusal: there is none.
    """
    try:
        known = (settings.models / NAME.validate_python(name)).is_dir()
    except ValidationError:
        known = False
    if not known:
        raise Refusal(404, f"There is no model {name!r:.100} that outcomes could be of.")
    return name


def listed(body: bytes, limit: int) -> list[Any]:
    """The outcomes of a request, as they came.

    Raises:
        Refusal: it has none, or too many.
    """
    given = content.parsed(body).get("outcomes")
    if not isinstance(given, list) or not given:
        got = "an empty list" if isinstance(given, list) else shown(given)
        raise malformed(f"""The body must be {{"outcomes": [{{"id": ..., "value": 0 or 1}}, ...]}}, got {got}.""")
    if len(given) > limit:
        raise too_large("outcomes", limit, f"{len(given):,}")
    return given


def keep(kept: OutcomeLog, name: str, given: list[Any]) -> bytes:
    """Keep the outcomes; the reply.

    Raises:
        ContractError: one of them is none; nothing is kept.
        Refusal: they can't be written now.
    """
    try:
        return dumped({"accepted": kept.keep(name, given)})
    except OSError as error:
        log.error("Outcomes of %s could not be kept: %s", name, error)
        raise Refusal(503, "The outcomes could not be kept. Send them all again.", ((b"retry-after", b"30"),)) from None
