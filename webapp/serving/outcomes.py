"""Outcomes by prediction id: ``{"outcomes": [{"id": ..., "row": 0, "value": ...}, ...]}``."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bundle import manifest
from bundle.manifest import BrokenVersion
from webapp.monitoring.outcomes import OutcomeLog
from webapp.pointer import Name
from webapp.serving import content
from webapp.serving.answer import dumped
from webapp.serving.refusal import Headers, Refusal, malformed, shown, too_large
from webapp.serving.settings import Settings
from webapp.serving.table import Table

NAME = TypeAdapter(Name)
RETRY: Headers = ((b"retry-after", b"30"),)
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
        raise malformed(f"""The body must be {{"outcomes": [{{"id": ..., "value": ...}}, ...]}}, got {got}.""")
    if len(given) > limit:
        raise too_large("outcomes", limit, f"{len(given):,}")
    return given


def keep(kept: OutcomeLog, name: str, given: list[Any], table: Table, models: Path) -> bytes:
    """Keep the outcomes; the reply.

    Raises:
        ContractError: one of them is none; nothing is kept.
        Refusal: they can't be written now, or nothing says what they must be.
    """
    try:
        return dumped({"accepted": kept.keep(name, given, _task(name, table, models))})
    except OSError as error:
        log.error("Outcomes of %s could not be kept: %s", name, error)
        raise Refusal(503, "The outcomes could not be kept. Send them all again.", RETRY) from None


def _task(name: str, table: Table, models: Path) -> str:
    """The kind of answer that the model gives, by the version that is live, or else by its newest."""
    if name in table.models:
        return table.models[name].version().contract.task
    versions = sorted((int(path.name) for path in (models / name).iterdir() if path.name.isdecimal()), reverse=True)
    for number in versions:
        with suppress(BrokenVersion):
            return manifest.read(models / name / str(number)).contract.task
    raise Refusal(503, f"No version of {name} can be read, which would say what its outcomes are.", RETRY)
