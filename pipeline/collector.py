"""Send the lineage events of a run to an OpenLineage collector while the run goes on.

The run never waits for the collector: a thread follows the file of events, and gets ``PATIENCE`` at the end. Who fails
once is left alone for the rest of the run; the events stay in the file.
"""

import logging
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from pipeline.run import Run

PATIENCE = 2.0
"""Seconds that the end of a run may wait for what is not yet sent."""
TIMEOUT = 5.0
"""Seconds without a sign of life after which the collector has failed."""
PAUSE = 0.1
"""Seconds between two looks at the file."""

log = logging.getLogger(__name__)
_senders: dict[Path, "Sender"] = {}


def follow(events: Path, url: str, run: Run) -> None:
    """Send the events of the run to the collector at ``url`` from now on, until the run ends."""
    if events not in _senders:
        _senders[events] = Sender(events, url)
        _senders[events].start()
        run.at_end.append(_senders[events].finish)


class Sender(threading.Thread):
    """Sends each line of ``events`` to the collector at ``url``, in order, until ``finish``."""

    def __init__(self, events: Path, url: str) -> None:
        super().__init__(name="openlineage", daemon=True)
        self._events, self._url = events, f"{url.rstrip('/')}/api/v1/lineage"
        self._headers = {"Content-Type": "application/json"}
        key = os.environ.get("OPENLINEAGE_API_KEY")
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._over = threading.Event()
        self._left_alone = False

    def run(self) -> None:
        """Send until the run is over and everything is sent, or until the collector fails."""
        try:
            while not self._events.exists() and not self._over.wait(PAUSE):
                pass
            with self._events.open("rb") as file:
                for line in self._followed(file):
                    if self._left_alone:
                        return
                    self._post(line)
        except FileNotFoundError:
            return  # the run is over, and there was nothing to tell
        except urllib.error.HTTPError as error:
            self._give_up(f"it answered {error.code} {error.reason}")
        except (OSError, HTTPException, ValueError) as error:
            self._give_up(str(error))

    def finish(self) -> None:
        """Wait a little for what is not yet sent."""
        self._over.set()
        self.join(PATIENCE)
        if self.is_alive():
            self._give_up(f"not all was sent {PATIENCE:.0f} seconds after the end of the run")

    def _followed(self, file: BinaryIO) -> Iterator[bytes]:
        while True:
            over = self._over.is_set()  # what is read after this is all that there is
            for line in file:
                if line.endswith(b"\n"):
                    yield line
                else:
                    file.seek(-len(line), os.SEEK_CUR)
                    break
            if over:
                return
            self._over.wait(PAUSE)

    def _post(self, line: bytes) -> None:
        request = urllib.request.Request(self._url, line, self._headers)  # noqa: S310 - the address is the operator's
        with self._opener.open(request, timeout=TIMEOUT):
            pass

    def _give_up(self, why: str) -> None:
        if self._left_alone:
            return
        self._left_alone = True
        log.warning(
            "OPENLINEAGE_URL must be a collector that takes events, and %s does not: %s. It is left alone for this "
            "run; the events are in %s.",
            self._url,
            why,
            self._events,
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET, without the event."""

    def redirect_request(self, *_: object) -> None:
        return None
