"""Who may ask for predictions. A check looks at memory only: no request waits for a database."""

import hashlib
from collections.abc import Callable, Collection, Mapping

from webapp.serving.refusal import Refusal

Tokens = Callable[[str | None], bool]
"""Given the token that a request carries, or None, whether it may ask."""
SCHEMES = ("bearer", "token")


def open_to_all(token: str | None) -> bool:  # noqa: ARG001 - asked in place of a check that looks
    """Let everyone ask: for a server that only its own machine can reach."""
    return True


def among(digests: Collection[str]) -> Tokens:
    """Let those ask whose token's SHA-256 (in hexadecimal) is one of ``digests``; where there is none, nobody."""
    known = frozenset(digest.lower() for digest in digests)

    def allowed(token: str | None) -> bool:
        return token is not None and hashlib.sha256(token.encode()).hexdigest() in known

    return allowed


def check(headers: Mapping[bytes, bytes], allowed: Tokens) -> None:
    """Let the request pass, or refuse it.

    Raises:
        Refusal: 401, where its token is not one of those that may ask.
    """
    if allowed is not open_to_all and not allowed(_carried(headers)):
        raise Refusal(
            401,
            "A valid token must come with the request: 'Authorization: Bearer <token>'. An administrator gives one.",
            ((b"www-authenticate", b"Bearer"),),
        )


def _carried(headers: Mapping[bytes, bytes]) -> str | None:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() in SCHEMES and token.strip() else None
