"""Records of an HTTP API, page by page to the last. A request that comes again is a loop."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx

from bundle import digest
from pipeline.errors import DataError
from pipeline.problem import Api, Next
from pipeline.problem.origin import address
from pipeline.sources import records, secret
from pipeline.sources.deadline import Deadline
from pipeline.sources.web import Server, joined, same_server

Record = dict[str, Any]
NOT_FOUND = 404
"""What some servers answer to the number after that of their last page."""
ASKED = {"url", "parameters", "headers"}


def read(api: Api, day: date | None = None) -> Iterator[Record]:
    """Every record, each page once.

    Raises:
        DataError: a page can't be had, is no JSON, or leads back; or there are too many.
    """
    secrets = secret.of(api.model_dump(include=ASKED))
    with secret.kept(secrets):
        filled = secret.all_filled(api.model_dump(include=ASKED), day)
        where = address(filled["url"])
        with Server(filled["headers"], Deadline(api.deadline, where), secrets) as server:
            yield from _pages(api, filled, server, where)


def _pages(api: Api, filled: dict[str, Any], server: Server, where: str) -> Iterator[Record]:
    first = httpx.URL(filled["url"])
    first = (
        first.copy_merge_params(filled["parameters"] | _first(api.next)) if filled["parameters"] or api.next else first
    )
    url, seen, count, begin = first, {str(first)}, 0, ""
    counted = api.next and (api.next.page or api.next.offset)
    for number in range(1, api.max_pages + 1):
        answer = server.get(url, nothing=(NOT_FOUND,) if number > 1 and api.next and api.next.page else ())
        if answer.status_code == NOT_FOUND:
            return
        body = _body(answer, server, where)
        page = _records(body, api.records, where)
        count += len(page)
        if counted:
            told = digest.of_json(page)
            if page and told == begin:
                raise DataError(
                    f"{where} must go by the parameter {counted!r}, and its page {number} has the records of the first "
                    "again. Name the parameter that it goes by: api.next."
                )
            begin = begin or told
        yield from page
        following = _following(api.next, first, answer, body, page, number, count)
        if following is None:
            return
        if not same_server(first, following):
            raise DataError(f"{where} must keep to its host, and its page {number} leads to {following.host}.")
        if str(following) in seen:
            raise DataError(f"{where} must lead to its end, and page {number} leads to one that was read before.")
        seen.add(str(following))
        url = following
    raise DataError(f"{where} must end within {api.max_pages:,} pages (max_pages), and does not.")


def _first(way: Next | None) -> dict[str, str]:
    if way and way.page:
        return {way.page: str(way.first)}
    return {way.offset: "0"} if way and way.offset else {}


def _following(
    way: Next | None,
    first: httpx.URL,
    answer: httpx.Response,
    body: Any,
    page: list[Record],
    number: int,
    count: int,
) -> httpx.URL | None:
    """The URL of the page after this one; None after the last."""
    if way is None:
        return None
    if way.page:
        return first.copy_set_param(way.page, str(way.first + number)) if page else None
    if way.offset:
        return first.copy_set_param(way.offset, str(count)) if page else None
    if way.cursor:
        cursor = _at(body, way.cursor)
        return first.copy_set_param(way.parameter, records.as_text(cursor)) if cursor not in (None, "", False) else None
    link = answer.links.get("next", {}).get("url") if way.link else _at(body, way.url or "")
    return joined(answer.url, str(link)) if link else None


def _body(answer: httpx.Response, server: Server, where: str) -> Any:
    try:
        return records.decoded(answer.text)
    except ValueError as error:
        told = server.beginning(answer)
        raise DataError(f"{where} must answer in JSON, and does not ({error}): {told}") from None


def _records(body: Any, place: str, where: str) -> list[Record]:
    found = _at(body, place)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(
            f"{where} must answer with a list of records at {place or 'the top'}, and has "
            f"{type(found).__name__} there. Say where they are: api.records."
        )
    return found


def _at(body: Any, place: str) -> Any:
    for step in filter(None, place.split(".")):
        body = body.get(step) if isinstance(body, dict) else None
    return body
