"""Who may ask for predictions: the signed file that access leaves and that serving follows.

write(folder, {digest: expiry, ...}, secret)     # data/serving/tokens/predict.json
read(folder, secret, *earlier)                   # the tokens, or UntrustedFile
digest_of(secret_of_the_token)                   # what is kept of a token: nobody can ask with it
"""

import hashlib
import time
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from webapp import signed
from webapp.signed import Signed, UntrustedFile

NAME = Path("tokens") / "predict.json"


class PredictTokens(Signed):
    """The tokens that are neither revoked nor that of somebody dismissed.

    Attributes:
        expires: the second (since 1970) from which each token is worth nothing, by the SHA-256 of its secret.
        sequence: grows with every change, so that an old file put back is known as such.
    """

    kind: ClassVar[str] = "list of tokens"
    remedy: ClassVar[str] = "Run manage.py setup: it is written anew."
    expires: dict[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], float]
    sequence: Annotated[int, Field(ge=0)]


def write(folder: Path, expires: dict[str, float], secret: str) -> None:
    """Leave the tokens for serving.

    Raises:
        UntrustedFile: there is no secret to sign with.
    """
    try:
        before = read(folder, secret).sequence
    except UntrustedFile:
        before = 0
    sequence = max(before + 1, time.time_ns())  # grows even where the clock was put back, or the file was lost
    signed.write(folder / NAME, PredictTokens(expires=expires, sequence=sequence), secret)


def read(folder: Path, secret: str, *earlier: str) -> PredictTokens:
    """The tokens in the file below ``folder``, signed with the secret or one of the ``earlier`` ones.

    Raises:
        UntrustedFile: the file is not there, not whole, or signed with another secret.
    """
    return signed.read(folder / NAME, PredictTokens, secret, *earlier)


def digest_of(secret: str) -> str:
    """The SHA-256 of a token's secret. It has 32 random bytes, so that no slower hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
