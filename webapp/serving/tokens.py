"""Who may ask for predictions. A check looks at memory only: no request waits for a database."""

import hashlib
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from webapp import predict_tokens
from webapp.serving.refusal import Refusal
from webapp.serving.settings import Settings
from webapp.signed import UntrustedFile

SCHEMES = (b"bearer", b"token")
CHALLENGE = ((b"www-authenticate", b"Bearer"),)
log = logging.getLogger(__name__)


class Tokens(Protocol):
    """Who may ask."""

    def look(self) -> None:
        """See what has changed; called on the follower's thread."""

    def check(self, secret: bytes | None) -> None:
        """Let a request pass that carries this secret, or none.

        Raises:
            Refusal: 401, where it may not ask.
        """


class OpenToAll:
    """Everyone may ask: for a server that only its own machine can reach."""

    def look(self) -> None:
        """Nothing changes."""

    def check(self, secret: bytes | None) -> None:
        """Nobody is refused."""


class Followed:
    """Those may ask who have one of the tokens in the file that access leaves; the newest that could be believed."""

    def __init__(self, settings: Settings) -> None:
        self.fault = ""
        """Why the file is not followed, where it is not."""
        self._settings = settings
        self._expires: Mapping[bytes, float] = {}
        self._sequence = -1
        self._seen: object = None

    def look(self) -> None:
        """Take the file as it is now. Where it can't be believed, the tokens of before go on."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._take(predict_tokens.read(self._settings.pointers, self._settings.secret, *self._settings.earlier))
            self.fault = ""
        except UntrustedFile as error:
            log.error("The tokens for predictions stay as they were: %s", error)
            self.fault = str(error)

    def check(self, secret: bytes | None) -> None:
        """Let a request pass whose token is known and has not expired."""
        expires = self._expires.get(hashlib.sha256(secret).digest()) if secret else None
        if expires is None:
            raise Refusal(
                401,
                "A valid token must come with the request: 'Authorization: Bearer <token>'. The page Tokens makes one.",
                CHALLENGE,
            )
        if time.time() >= expires:
            raise Refusal(
                401,
                f"This token expired on {datetime.fromtimestamp(expires, UTC):%d %B %Y}. The page Tokens makes one.",
                CHALLENGE,
            )

    def _take(self, told: predict_tokens.PredictTokens) -> None:
        if told.sequence < self._sequence:
            raise UntrustedFile("An older list of tokens was put back. Run manage.py setup: it is written anew.")
        self._expires = {bytes.fromhex(digest): expires for digest, expires in told.expires.items()}
        self._sequence = told.sequence

    def _stamp(self) -> object:
        try:
            status = (self._settings.pointers / predict_tokens.NAME).stat()
        except OSError as error:
            return type(error)
        return status.st_ino, status.st_mtime_ns, status.st_size


open_to_all = OpenToAll()


def check(headers: Mapping[bytes, bytes], allowed: Tokens) -> None:
    """Let the request pass, or refuse it.

    Raises:
        Refusal: 401, where its token is not one of those that may ask.
    """
    scheme, _, secret = headers.get(b"authorization", b"").partition(b" ")
    allowed.check(secret.strip() if scheme.lower() in SCHEMES else None)
