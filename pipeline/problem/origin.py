"""Where a table lies, and how it is read: a file, a database, an API. ``[sources.<name>]`` names one of them."""

import re
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator, model_validator

from pipeline.problem.part import Part

SECRET = re.compile(r"(?i)authorization|cookie|password|passwd|secret|token|api[-_]?key|^key$|signature")
"""Names whose values are nobody's business."""
FROM_ENVIRONMENT = re.compile(r"\$\{\w+\}")


class Csv(Part):
    """How text in rows and columns is written."""

    delimiter: str = Field(",", min_length=1, max_length=1)
    quote: str = Field('"', min_length=1, max_length=1)
    encoding: str = "utf-8"
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
    """The parameter that takes the number of the page; a page without records ends it."""
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
        without_secrets(self.headers, "headers")
        return self


def without_secret(url: str) -> str:
    """The URL, in which no password or token is written out.

    Raises:
        ValueError: one is.
    """
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    if ":" in user and not FROM_ENVIRONMENT.search(user.partition(":")[2]):
        raise ValueError("a password must come from the environment; write ${NAME} in its place")
    without_secrets(dict(parse_qsl(parts.query)), "url")
    return url


def without_secrets(values: dict[str, Any], where: str) -> None:
    """Make sure that no value whose name speaks of a secret is written out.

    Raises:
        ValueError: one is.
    """
    for name, value in values.items():
        if isinstance(value, dict):
            without_secrets(value, f"{where}.{name}")
        elif SECRET.search(name) and not FROM_ENVIRONMENT.search(str(value)):
            raise ValueError(f"{where}: {name} must come from the environment; write ${{NAME}} in its place")


def address(url: str) -> str:
    """A URL without who asks and with what: to be told."""
    parts = urlsplit(url)
    _, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else url
