"""What an HTTP server answers to a GET, asked again where that can help: never anything but a read."""

import logging
import random
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self

import httpx

from pipeline.errors import DataError
from pipeline.problem.origin import address
from pipeline.sources import secret
from pipeline.sources.deadline import Deadline

TRIES = 8
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds: each wait is up to twice as long as the one before."""
PATIENCE = 30.0
"""Seconds without a byte after which a try has failed."""
AGAIN = {408, 425, 429, 500, 502, 503, 504}
REDIRECTS = 10
"""In a row, after which an answer is waited for no more."""
SHOWN_CHARACTERS = 200


class Server:
    """A server that is asked again and again, by one deadline; as a context it ends its connections."""

    def __init__(self, headers: dict[str, str], deadline: Deadline, secrets: Sequence[str] = ()) -> None:
        self.deadline, self._secrets = deadline, secrets
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would tell each URL whole, with who asks
        self._client = httpx.Client(headers=headers, timeout=PATIENCE, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def get(self, url: httpx.URL, into: Path | None = None, nothing: Collection[int] = ()) -> httpx.Response:
        """The answer, whose body is read, or written into a file; one with a status that says ``nothing`` is one too.

        Raises:
            DataError: there is none, or one that says no, after as many tries as make sense.
        """
        why = ""
        for attempt in range(TRIES):
            try:
                response = self.deadline.call(lambda: self._once(url, into))
            except httpx.TransportError as error:
                why, asked = f"{type(error).__name__} {error}".strip(), None
            else:
                if response.is_success or response.status_code in nothing:
                    return response
                why = f"status {response.status_code}"
                if response.status_code not in AGAIN:
                    body = "" if into else self.beginning(response)
                    raise DataError(f"{address(str(url))} must answer with what is asked for, and says {why}: {body}")
                asked = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            if attempt + 1 < TRIES:
                backed_off = random.uniform(0.5, 1) * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)  # noqa: S311 - no secret
                self.deadline.wait(backed_off if asked is None else asked, f"{address(str(url))} says {why}")
        raise DataError(f"{address(str(url))} must answer, and did not in {TRIES} tries: {why}.")

    def beginning(self, answer: httpx.Response) -> str:
        """What an answer begins with, to be told: the secrets are hidden before it is cut, or a half would be left."""
        return secret.hidden(answer.text, self._secrets)[:SHOWN_CHARACTERS]

    def _once(self, url: httpx.URL, into: Path | None) -> httpx.Response:
        asked = url
        for _ in range(REDIRECTS + 1):
            with self._client.stream("GET", asked) as response:
                if not response.has_redirect_location:
                    self._take(response, into)
                    return response
                following = joined(asked, response.headers["Location"])
            if not same_server(asked, following):
                raise DataError(
                    f"{address(str(asked))} must answer itself, and leads on to {address(str(following))}, which is "
                    "not asked: it may be another's. If it is the right place, name it in the problem file."
                )
            asked = following
        raise DataError(f"{address(str(url))} must lead to an answer, and led on {REDIRECTS} times and once more.")

    def _take(self, response: httpx.Response, into: Path | None) -> None:
        if into is None or not response.is_success:
            response.read()
            return
        with into.open("wb") as file:
            for block in response.iter_bytes():
                if not self.deadline.left:
                    break
                file.write(block)


def joined(url: httpx.URL, link: str) -> httpx.URL:
    """What a link in the answer of a URL means; the same server is told who asks."""
    following = url.join(link)
    return following.copy_with(userinfo=url.userinfo) if same_server(url, following) else following


def same_server(url: httpx.URL, other: httpx.URL) -> bool:
    """Whether the other may know what the server of the URL does: it is that one, or the same by HTTPS."""
    if (url.scheme, other.scheme) == ("http", "https"):
        return url.host == other.host and url.port is None and other.port is None
    return (url.scheme, url.host, url.port) == (other.scheme, other.host, other.port)


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds to wait that the header asks for, as a number or as a date; None where it says nothing."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):
        return None
