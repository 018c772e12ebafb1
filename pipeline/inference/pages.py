"""How an HTTP API gives its records, told by its first page."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

from pipeline.errors import DataError
from pipeline.problem import Api, Next
from pipeline.problem.origin import address
from pipeline.sources import records, secret
from pipeline.sources.deadline import Deadline
from pipeline.sources.web import Server

SECONDS = 60.0
NEXT = re.compile(r"(?i)^next[-_]?(.*)$")
WHOLE_URL = {"", "url", "link", "href", "uri"}
"""What follows ``next`` in the name of a URL; anything else that follows is the name of the parameter."""
TOTAL = re.compile(r"(?i)total|count")
MORE = (
    'If there are more, write how they are asked for: next = { page = "page" } or next = { offset = "offset" } in api'
)


def described(url: str, headers: dict[str, str]) -> tuple[Api, list[str]] | None:
    """The API, and what is not sure of it; None where it answers with no JSON.

    Raises:
        DataError: it does not answer, or with no list of records.
    """
    secrets = secret.of({"url": url, "headers": headers})
    with secret.kept(secrets):
        filled = secret.all_filled({"url": url, "headers": headers})
        with Server(filled["headers"], Deadline(SECONDS, address(url)), secrets) as server:
            answer = server.get(httpx.URL(filled["url"]))
        try:
            body = records.decoded(answer.text)
        except ValueError:
            return None
        values = list(_values(body))
        lists = [(place, value) for place, value in values if isinstance(value, list) and value]
        lists = [(place, value) for place, value in lists if isinstance(value[0], dict)]
        if not lists:
            raise DataError(f"{address(url)} must answer with a list of records, and its first page has none.")
        place, page = lists[0]
        way, unsure = _next(values, linked="next" in answer.links)
        if way is None:
            unsure = [_one_page(len(page), values)]
    return Api(url=url, headers=headers, records=place, next=way), unsure


def _values(body: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The places of an answer and what is there, from the top; records are not looked into."""
    yield place, body
    if isinstance(body, dict):
        for name, value in body.items():
            yield from _values(value, f"{place}.{name}" if place else name)


def _next(values: list[tuple[str, Any]], *, linked: bool) -> tuple[Next | None, list[str]]:
    """How the page after the first is asked for."""
    if linked:
        return Next(link=True), []
    for place, value in values:
        named = NEXT.match(place.rpartition(".")[2])
        if not named or not isinstance(value, str) or not value:
            continue
        if named[1].lower() in WHOLE_URL and re.match(r"https?://|[/?]", value):
            return Next(url=place), []
        if named[1].lower() not in WHOLE_URL:
            parameter = named[1][0].lower() + named[1][1:]
            return Next(cursor=place, parameter=parameter), [f"api.next: {place} is taken to be sent as {parameter!r}"]
    return None, []


def _one_page(count: int, values: list[tuple[str, Any]]) -> str:
    """What is to be done where no next page is named; and a number in the answer that speaks for more of them."""
    totals = [
        f", though {place} is {value}"
        for place, value in values
        if isinstance(value, records.Digits) and TOTAL.search(place) and float(value) > count
    ]
    return (
        f"api: a run reads the {count:,} records of this page and no more, for the answer names no next one"
        f"{''.join(totals[:1])}. {MORE}"
    )
