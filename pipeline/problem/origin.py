"""Where a table lies, and how it is read: a file, a database, an API. ``[sources.<name>]`` names one of them."""

import re
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator, model_validator

from pipeline.problem.part import Part

SECRET = re.compile(
    r"authorization|cookie|credential|passphrase|passwd|password|secret|signature|token|(access|api|app|auth|private|shared)key"
    r"|\b(app ?id|bearer|jwt|key|o?auth|pass|pwd|sig)\b"
)
"""What the words of a name say whose value is nobody's business."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
HARMLESS = re.compile(r"(?i)accept(-\w+)?|cache-control|content-type|from|prefer|user-agent|([\w-]+-)?version")
"""Headers that say nothing about who asks; any other may."""
FROM_ENVIRONMENT = re.compile(r"\$\{\w+\}")


class Csv(Part):
    """How text in rows and columns is written."""

    delimiter: str = Field(",", min_length=1, max_length=1)
    quote: str = Field('"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    skip: int = Field(0, ge=0)
    """How many lines stand above the header, or where there is none above the rows: a title, comments."""
    names: tuple[str, ...] = ()
    """The names of the columns, where the file has none above them."""
    ragged: Literal["stop", "skip"] = "stop"
    """What becomes of a line with more or fewer values than there are columns."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError:
            raise ValueError(
                f"must be an encoding that Python knows, such as utf-8 or latin-1, got {encoding!r}"
            ) from None
        return encoding


class Sql(Part):
    """A table or a query of a database, by the URL that SQLAlchemy understands."""

    url: str
    table: str | None = None
    """With its schema where it has one: ``sales.orders``."""
    query: str | None = None
    """``:day`` and ``:next_day`` in it are the bounds of the day that is asked for."""
    deadline: float = Field(3600, gt=0)
    """Seconds for all rows together, waits included."""

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        return without_secret(url)

    @model_validator(mode="after")
    def _one_of_both(self) -> "Sql":
        if (self.table is None) == (self.query is None):
            raise ValueError("expected one of table and query")
        return self


class Next(Part):
    """How the next page is asked for: by a cursor, a number, an offset, a URL in the answer, or its Link header."""

    cursor: str | None = None
    """Where the answer has the cursor of the next page, such as ``meta.next``; none there ends it."""
    parameter: str = "cursor"
    """The parameter of the request that takes the cursor."""
    page: str | None = None
    """The parameter that takes the number of the page; a page without records ends it, or a 404 after the first."""
    first: int = 1
    """The number of the first page."""
    offset: str | None = None
    """The parameter that takes how many records were read already; a page without records ends it."""
    url: str | None = None
    """Where the answer has the URL of the next page."""
    link: bool = False
    """Whether the Link header names it."""

    @model_validator(mode="after")
    def _one_way(self) -> "Next":
        given = [name for name in ("cursor", "page", "offset", "url", "link") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"expected one of cursor, page, offset, url and link, got {' and '.join(given) or 'none'}")
        return self


class Api(Part):
    """Records that an HTTP API gives as JSON, page by page."""

    url: str
    parameters: dict[str, str] = {}
    headers: dict[str, str] = {}
    records: str = ""
    """Where the answer has its list of records, such as ``data.items``; empty where it is the list."""
    next: Next | None = None
    max_pages: int = Field(10_000, ge=1)
    deadline: float = Field(900, gt=0)
    """Seconds for all pages together, waits included."""

    @model_validator(mode="after")
    def _no_secrets(self) -> "Api":
        if not self.url.startswith(("http://", "https://", "${")):
            raise ValueError("url must begin with http:// or https://")
        without_secret(self.url)
        without_secrets(self.parameters, "parameters")
        headers_without_secrets(self.headers, "headers")
        return self


def without_secret(url: str) -> str:
    """The URL, in which no password or token is written out.

    Raises:
        ValueError: one is.
    """
    for one in re.split(r"::(?=\w+://)", url):  # as fsspec chains them
        parts = urlsplit(one)
        user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
        if colon and not FROM_ENVIRONMENT.search(password):
            raise ValueError("a password must come from the environment; write ${NAME} in its place")
        if user and not colon and parts.scheme in ("http", "https") and not FROM_ENVIRONMENT.search(user):
            raise ValueError("who asks over HTTP must come from the environment; write ${NAME} before the @")
        _from_environment(((name, value) for name, value in parse_qsl(parts.query) if is_secret(name)), "url")
    return url


def without_secrets(values: dict[str, Any], where: str) -> None:
    """Make sure that no value whose name speaks of a secret is written out, nor a header that may be one.

    Raises:
        ValueError: one is.
    """
    for name, value in values.items():
        if isinstance(value, dict):
            (headers_without_secrets if name.lower() == "headers" else without_secrets)(value, f"{where}.{name}")
    _from_environment(((name, value) for name, value in values.items() if is_secret(name)), where)


def headers_without_secrets(headers: dict[str, Any], where: str) -> None:
    """Make sure that nothing is written out but what is harmless, whatever its name.

    Raises:
        ValueError: something is.
    """
    _from_environment(((name, value) for name, value in headers.items() if not HARMLESS.fullmatch(name)), where)


def is_secret(name: str) -> bool:
    """Whether a name speaks of a secret: ``access_key`` does and ``apiKey``, ``page`` and ``keyword`` do not."""
    return SECRET.search(" ".join(WORD.findall(name)).lower()) is not None


def _from_environment(values: Iterable[tuple[str, Any]], where: str) -> None:
    for name, value in values:
        if not isinstance(value, dict) and not FROM_ENVIRONMENT.search(str(value)):
            raise ValueError(f"{where}: {name} must come from the environment; write ${{NAME}} in its place")


def address(url: str) -> str:
    """A URL without who asks and with what: to be told."""
    parts = urlsplit(url)
    _, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else url
