"""What the first page of an API tells of all pages: a real server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.errors import DataError
from pipeline.inference import pages
from pipeline.problem import Next

ROWS = [{"id": 1, "at": [{"not": "records"}]}, {"id": 2}]


class Page(BaseHTTPRequestHandler):
    """Answers with the server's ``page``: headers and a body."""

    def do_GET(self):
        headers, body = self.server.page
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def told():
    """What is told of an API that answers so."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ask(body, **headers):
            server.page = headers, body
            return pages.described(f"http://127.0.0.1:{server.server_port}/rows", {})

        yield ask
        server.shutdown()


@pytest.mark.parametrize(
    ("body", "records", "following"),
    [
        ({"data": {"items": ROWS}, "meta": {"next_cursor": "abc"}}, "data.items", {"cursor": "meta.next_cursor"}),
        ({"rows": ROWS, "nextPageToken": "abc"}, "rows", {"cursor": "nextPageToken", "parameter": "pageToken"}),
        ({"rows": ROWS, "next": "/rows?page=2"}, "rows", {"url": "next"}),
        ({"rows": ROWS, "links": {"next_url": "https://example.org/2"}}, "rows", {"url": "links.next_url"}),
        ({"tags": [], "rows": ROWS, "next": None}, "rows", None),
        (ROWS, "", None),
    ],
)
def test_where_records_and_the_next_page_are(told, body, records, following):
    found, unsure = told(body)
    assert found.records == records
    assert found.next == (Next(**following) if following else None)
    assert bool(unsure) == (following is None or "cursor" in following)


@pytest.mark.parametrize(
    ("body", "though"),
    [(ROWS, ""), ({"total": 2, "rows": ROWS}, ""), ({"total": 57, "rows": ROWS}, ", though total is 57")],
)
def test_that_only_one_page_is_read_is_told_with_what_to_write(told, body, though):
    _, [unsure] = told(body)
    assert unsure.startswith(
        f"api: a run reads the 2 records of this page and no more, for the answer names no next one{though}."
    )
    assert 'next = { page = "page" }' in unsure


def test_a_header_links_the_next_page(told):
    found, unsure = told(ROWS, Link='</rows?page=2>; rel="next"')
    assert (found.next, unsure) == (Next(link=True), [])


def test_what_is_no_json_is_a_file(told):
    assert told("id,at\n1,2\n") is None


@pytest.mark.parametrize("body", [{"error": "none"}, [], 7, {"names": ["a", "b"]}])
def test_an_answer_without_records_is_told(told, body):
    with pytest.raises(DataError, match="must answer with a list of records"):
        told(body)
