"""What is published while the server runs is registered by itself: a thread looks at the models folder."""

import logging
import threading
import time
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from bundle import manifest as manifests
from webapp.registry import published

SECONDS = 2.0
Seen = frozenset[tuple[str, int]]
log = logging.getLogger(__name__)


def start() -> None:
    """Begin to look, in a process that answers requests."""
    threading.Thread(target=_look_on, name="registry watch", daemon=True).start()


def look(seen: Seen | None) -> Seen | None:
    """Register what is new if the folder is another than ``seen``; what was seen, or None to try again."""
    try:
        now = _versions(Path(settings.MODELS_FOLDER))
        if now == seen:
            return seen
        found = published.sync()
    except DatabaseError as error:  # predictions go on without it, and so does the watch
        log.warning("What is published can't be registered now: %s", error)
        return None
    except Exception:  # such as a folder that is replaced at this moment: the next look may find all in order
        log.exception("What is published can't be registered now")
        return None
    finally:
        close_old_connections()
    for version in found.new:
        log.info("%s is registered as a candidate", version)
    return now


def _look_on() -> None:
    seen: Seen | None = None
    while True:
        seen = look(seen)
        time.sleep(SECONDS)


def _versions(models: Path) -> Seen:
    """Every version folder, with the time at which its manifest was written."""
    found = models.glob(f"*/*/{manifests.NAME}")
    return frozenset((str(path), path.stat().st_mtime_ns) for path in found)
