"""What ``new`` is pointed at: files here or elsewhere, a table or a query of a database, or an API."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import sqlalchemy as sa

from pipeline.errors import DataError
from pipeline.inference import pages
from pipeline.problem import Source, Sql
from pipeline.problem.origin import address, headers_without_secrets, without_secret
from pipeline.problem.source import KINDS
from pipeline.sources.files import PACKED

FILES = {".csv", ".tsv", ".txt", ".zip", ".zst", *PACKED, *KINDS} - {".json"}
"""What ends the name of a file, whoever answers."""


def source_of(place: str, query: str | None = None, headers: dict[str, str] | None = None) -> tuple[Source, list[str]]:
    """The source that a path or a URL means, and what is not sure of it.

    Of a database the table is named after a ``#``, where no query is given. A URL that names no kind of file is looked
    at: an API answers in JSON. So is one that ends in ``.json``, which has a record on each line, or is one JSON.

    Raises:
        DataError: a password or a token stands in it, or it lacks what tells the rows.
    """
    try:
        without_secret(place)
        headers_without_secrets(headers or {}, "--header")
    except ValueError as error:
        raise DataError(f"{address(place)}: {error}. Put it into single quotes, so that the shell keeps it.") from None
    url, _, table = place.partition("#")
    if _is_database(url):
        return _of_database(url, table, query), []
    if query:
        raise DataError(f"--query must come with the URL of a database, and {address(place)} is none.")
    if place.startswith(("https://", "http://")):
        api = None if PurePosixPath(urlsplit(place).path).suffix in FILES else pages.described(place, headers or {})
        if api:
            return Source(api=api[0], columns={}), api[1]
        return Source(path=place, options={"headers": headers} if headers else {}, columns={}), []
    return Source(path=place, columns={}), []


def _of_database(url: str, table: str, query: str | None) -> Source:
    if bool(table) == bool(query):
        raise DataError(
            f"{address(url)} must come with a table, {address(url)}#orders, or with a --query: "
            f"one of both, and there {'are both' if table else 'is none'}."
        )
    return Source(sql=Sql(url=url, table=table or None, query=query), columns={})


def name_of(source: Source) -> str:
    """What its rows are called."""
    if source.sql and source.sql.table:
        return source.sql.table.rpartition(".")[2]
    place = source.sql.url if source.sql else source.api.url if source.api else source.path or ""
    return PurePosixPath(address(place)).name.partition(".")[0]


def _is_database(url: str) -> bool:
    """Whether it is a URL that SQLAlchemy has a dialect for."""
    scheme = re.match(r"([a-z0-9]+)(\+[a-z0-9_]+)?://", url)
    if not scheme:
        return False
    try:
        sa.dialects.registry.load(scheme[1])
    except sa.exc.NoSuchModuleError:
        return False
    return True
