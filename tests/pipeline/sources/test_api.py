"""Pages of an HTTP API that is slow, busy, broken, or never ends: a real server, and a real clock."""

import base64
import json
import logging
import threading
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pipeline import receipts, tables
from pipeline.errors import DataError
from pipeline.problem import Api
from pipeline.sources import api, elsewhere, web
from tests.project import SAMPLE

ROWS = [{"id": number, "at": {"city": f"c{number}"}} for number in range(10)]


class Pages(BaseHTTPRequestHandler):
    """Answers as the test says: ``answer(self, path, query)`` gives status, headers and body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        self.server.asked.append(self.path)
        told = self.server.answer(self, path, {name: values[0] for name, values in query.items()})
        if told is None:
            return
        status, headers, body = told
        body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(web, "FIRST_WAIT", 0.01)
    made = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    made.daemon_threads = True
    made.asked = []
    made.url = f"http://127.0.0.1:{made.server_port}/rows"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def ids(server, day=None, **keys):
    return [int(row["id"]) for row in api.read(Api(url=server.url, **keys), day)]


def part(begins, size=4):
    return ROWS[begins : begins + size]


def test_it_works(server):
    server.answer = lambda *_: (200, {}, ROWS)
    assert ids(server) == list(range(10))


@pytest.mark.parametrize(
    "read", [lambda url, _: list(api.read(Api(url=url))), lambda url, to: elsewhere.fetch(url, {}, to)]
)
def test_the_connections_end_with_what_is_read(server, tmp_path, monkeypatch, read):
    made = []

    def remembered(**options):
        made.append(client(**options))
        return made[-1]

    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", remembered)
    server.answer = lambda *_: (200, {}, ROWS)
    read(server.url, tmp_path / "file")
    assert [one.is_closed for one in made] == [True]


def by_cursor(handler, path, query):
    begins = int(query.get("after", 0))
    following = begins + 4 if begins + 4 < len(ROWS) else None
    return 200, {}, {"data": {"items": part(begins)}, "meta": {"next": following}}


def by_page(handler, path, query):
    return 200, {}, {"data": {"items": part(4 * (int(query["p"]) - 1))}}


def by_offset(handler, path, query):
    return 200, {}, {"data": {"items": part(int(query["from"]))}}


def by_url(handler, path, query):
    begins = int(query.get("begin", 0))
    following = f"/rows?begin={begins + 4}" if begins + 4 < len(ROWS) else None
    return (
        200,
        {"Link": f'<{following}>; rel="next"'} if following else {},
        {
            "data": {"items": part(begins)},
            "links": {"next": following},
        },
    )


@pytest.mark.parametrize(
    ("answer", "way", "pages"),
    [
        (by_cursor, {"cursor": "meta.next", "parameter": "after"}, 3),
        (by_page, {"page": "p"}, 4),
        (by_offset, {"offset": "from"}, 4),
        (by_url, {"url": "links.next"}, 3),
        (by_url, {"link": True}, 3),
    ],
)
def test_every_way_to_the_next_page_leads_to_the_last(server, answer, way, pages):
    server.answer = answer
    assert ids(server, records="data.items", next=way) == list(range(10))
    assert len(server.asked) == pages


def test_a_number_that_is_not_found_after_a_page_ends_them(server):
    server.answer = lambda _, __, query: (
        by_page(_, __, query) if int(query["p"]) < 4 else (404, {}, {"detail": "Invalid"})
    )
    asked = {"records": "data.items", "next": {"page": "p"}}
    assert ids(server, **asked) == list(range(10))
    assert len(server.asked) == 4
    server.answer = lambda *_: (404, {}, {})
    with pytest.raises(DataError, match="says status 404"):
        ids(server, **asked)
    server.answer = lambda _, __, query: (404, {}, {}) if query else (200, {}, {"r": ROWS, "next": "c"})
    with pytest.raises(DataError, match="says status 404"):
        ids(server, records="r", next={"cursor": "next"})


@pytest.mark.parametrize("way", [{"page": "p"}, {"offset": "p"}, {"cursor": "next", "parameter": "p"}, {"url": "link"}])
def test_pages_may_have_equal_records(server, way):
    """The second and the third do; each is asked for once."""
    pages = [ROWS[:2], ROWS[2:4], ROWS[2:4], ROWS[4:6], []]

    def answer(handler, path, query):
        number = len(handler.server.asked)
        following = {"next": str(number), "link": f"/rows?p={number}"} if number < 5 else {}
        return 200, {}, {"r": pages[number - 1], **following}

    server.answer = answer
    assert ids(server, records="r", next=way) == [0, 1, 2, 3, 2, 3, 4, 5]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_server_is_followed_by_who_asks(server, monkeypatch, status, tmp_path):
    monkeypatch.setenv("API_TOKEN", "s3cr3t")
    sent = []

    def answer(handler, path, query):
        sent.append((path, handler.headers["Authorization"], query))
        if path == "/rows":
            return status, {"Location": f"http://127.0.0.1:{handler.server.server_port}/there/rows?a=1"}, {}
        return 200, {"Link": '<rows?a=2>; rel="next"'} if query["a"] == "1" else {}, ROWS[int(query["a"]) :]

    server.answer = answer
    url = server.url.replace("http://", "http://ada:${API_TOKEN}@")
    read = [int(row["id"]) for row in api.read(Api(url=url, next={"link": True}))]
    assert read == [*range(1, 10), *range(2, 10)]
    assert [path for path, _, _ in sent] == ["/rows", "/there/rows", "/there/rows"]
    assert len({who for _, who, _ in sent}) == 1
    assert None not in {who for _, who, _ in sent}
    [file] = elsewhere.fetch(server.url, {"headers": {"Authorization": "${API_TOKEN}"}}, tmp_path / "fetched")
    assert json.loads(file.read_text()) == ROWS[1:]
    assert [who for _, who, _ in sent[-2:]] == ["s3cr3t", "s3cr3t"]


@pytest.mark.parametrize(
    "there", ["http://localhost:{port}/rows", "http://127.0.0.1:{other}/rows", "https://127.0.0.1:{port}/"]
)
def test_a_redirect_to_another_server_is_told_and_not_followed(server, monkeypatch, there):
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as other:
        other.asked, other.answer = [], lambda *_: (200, {}, ROWS)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        where = there.format(port=server.server_port, other=other.server_port)
        server.answer = lambda *_: (302, {"Location": f"{where}?token=s3cr3t"}, {})
        with pytest.raises(DataError, match=f"/rows must answer itself, and leads on to {where}, which") as told:
            ids(server)
        other.shutdown()
    assert (len(server.asked), len(other.asked)) == (1, 0)
    assert "s3cr3t" not in str(told.value)


def test_redirects_without_end_are_told(server):
    server.answer = lambda *_: (302, {"Location": f"/rows?n={len(server.asked)}"}, {})
    with pytest.raises(DataError, match="must lead to an answer, and led on 10 times and once more"):
        ids(server)
    assert len(server.asked) == 11


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("https://a.example/1", "https://A.example:443/2", True),
        ("http://a.example/1", "https://a.example/2", True),
        ("https://a.example/1", "http://a.example/2", False),
        ("http://a.example:8080/1", "https://a.example/2", False),
        ("https://a.example/1", "https://a.example:8443/2", False),
        ("https://a.example/1", "https://b.a.example/2", False),
        ("https://a.example/1", "https://a.example@b.example/2", False),
    ],
)
def test_the_same_server_is_that_one_or_the_same_by_https(url, other, same):
    assert web.same_server(httpx.URL(url), httpx.URL(other)) is same


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_case_19_retry_after_is_waited_for(server, form):
    began = time.monotonic()

    def answer(*_):
        if len(server.asked) > 1:
            return 200, {}, ROWS
        due = datetime.now(UTC) + timedelta(seconds=2)
        return 429, {"Retry-After": "1" if form == "seconds" else format_datetime(due, usegmt=True)}, {}

    server.answer = answer
    assert ids(server) == list(range(10))
    assert 0.9 < time.monotonic() - began < 4


def test_case_19_an_endless_429_is_given_up(server):
    server.answer = lambda *_: (429, {"Retry-After": "0"}, {})
    with pytest.raises(DataError, match="must answer, and did not in 8 tries: status 429"):
        ids(server)
    server.answer = lambda *_: (429, {"Retry-After": "3600"}, {})
    with pytest.raises(DataError, match=r"within 5 s, .* status 429, and 3600 s of waiting are asked for"):
        ids(server, deadline=5)


def test_case_20_errors_of_the_server_are_tried_again_and_those_of_ours_are_not(server):
    server.answer = lambda *_: (200, {}, ROWS) if len(server.asked) > 3 else (500, {}, {})
    assert ids(server) == list(range(10))
    assert len(server.asked) == 4
    server.asked.clear()
    server.answer = lambda *_: (403, {}, {"why": "no"})
    with pytest.raises(DataError, match="says status 403"):
        ids(server)
    assert len(server.asked) == 1


def test_case_20_a_server_that_says_nothing_is_asked_again(server, monkeypatch):
    monkeypatch.setattr(web, "PATIENCE", 0.2)

    def answer(*_):
        if len(server.asked) > 2:
            return 200, {}, ROWS
        time.sleep(0.5)
        return None

    server.answer = answer
    assert ids(server) == list(range(10))


@pytest.mark.parametrize("where", ["headers", "body"])
def test_case_20_a_drip_does_not_outlive_the_deadline(server, where):
    def answer(handler, *_):
        if where == "body":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"[" if where == "body" else b"H")
            time.sleep(0.1)

    server.answer = answer
    began = time.monotonic()
    with pytest.raises(DataError, match="within 1 s"):
        ids(server, deadline=1)
    assert time.monotonic() - began < 2


def test_nobody_there_is_told():
    with pytest.raises(DataError, match=r"http://127.0.0.1:1/rows must .* ConnectError"):
        list(api.read(Api(url="http://127.0.0.1:1/rows?token=${PATH}", deadline=1)))


LOOPS = {
    "the same cursor": (
        lambda *_: (200, {}, {"r": ROWS[:4], "next": "x"}),
        {"cursor": "next"},
        "leads to one that was read before",
    ),
    "back to the first": (
        lambda _, __, query: (
            200,
            {},
            {"r": ROWS[int("p" in query) :], "next": "/rows" if query else "/rows?p=2"},
        ),
        {"url": "next"},
        "leads to one that was read before",
    ),
    "the same link": (
        lambda handler, *_: (200, {"Link": '</rows?p=2>; rel="next"'}, {"r": ROWS[len(handler.server.asked) :]}),
        {"link": True},
        "leads to one that was read before",
    ),
    "a number that is ignored": (
        lambda *_: (200, {}, {"r": ROWS}),
        {"page": "p"},
        "must go by the parameter 'p', and its page 2 has the records of the first again",
    ),
    "an offset that is ignored": (
        lambda *_: (200, {}, {"r": ROWS}),
        {"offset": "from"},
        "must go by the parameter 'from', and its page 2 has the records of the first again",
    ),
    "pages without end": (
        lambda _, __, query: (200, {}, {"r": [{"id": query["p"]}]}),
        {"page": "p"},
        "must end within 50 pages",
    ),
    "another host": (
        lambda *_: (200, {}, {"r": ROWS, "next": "http://127.0.0.2/"}),
        {"url": "next"},
        "leads to 127.0.0.2",
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_case_21_a_loop_is_found_and_stops(server, loop):
    server.answer, way, told = LOOPS[loop]
    with pytest.raises(DataError, match=told):
        ids(server, records="r", next=way, max_pages=50)
    assert len(server.asked) <= 50


def test_a_secret_is_sent_and_never_told(server, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "s3cr3t/token")
    sent = []

    def answer(handler, path, query):
        sent.append((handler.headers["Authorization"], query["api_key"]))
        return 400, {}, {"you sent": handler.headers["Authorization"], "and": handler.path}

    server.answer = answer
    with pytest.raises(DataError) as told:
        ids(server, headers={"Authorization": "Bearer ${API_TOKEN}"}, parameters={"api_key": "${API_TOKEN}"})
    assert sent == [("Bearer s3cr3t/token", "s3cr3t/token")]
    assert "Bearer ***" in str(told.value)
    assert "s3cr3t" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


@pytest.mark.parametrize("who", ["ada:${API_TOKEN}", "${API_TOKEN}", "${API_TOKEN}:${API_TOKEN}"])
@pytest.mark.parametrize("whole", [False, True])
def test_who_asks_by_a_url_is_never_told_in_the_form_in_which_it_is_sent(server, monkeypatch, who, whole):
    monkeypatch.setenv("API_TOKEN", "s3cr3t-token")
    url = server.url.replace("http://", f"http://{who}@")
    if whole:
        monkeypatch.setenv("API_URL", url.replace("${API_TOKEN}", "s3cr3t-token"))
        url = "${API_URL}"
    sent = []

    def answer(handler, path, query):
        sent.append(handler.headers["Authorization"].removeprefix("Basic "))
        return 400, {}, {"you sent": handler.headers["Authorization"], "that is": decoded(sent[-1])}

    server.answer = answer
    with pytest.raises(DataError) as told:
        list(api.read(Api(url=url)))
    assert "s3cr3t-token" in decoded(sent[0])
    assert "you sent" in str(told.value)
    assert "s3cr3t" not in str(told.value)
    assert sent[0].rstrip("=") not in str(told.value)


@pytest.mark.parametrize("password", ["with/a/slash", "a:b@c", "#?&= +", "p%41ss", "tökèn"])
def test_a_password_is_sent_as_it_is(server, monkeypatch, password):
    monkeypatch.setenv("API_PASSWORD", password)
    sent = []

    def answer(handler, *_):
        sent.append(handler.headers["Authorization"])
        return 400, {}, {"that is": sent[0], "or": decoded(sent[0].removeprefix("Basic "))}

    server.answer = answer
    with pytest.raises(DataError, match=r'"that is": "Basic \*\*\*=*", "or": "\*\*\*"') as told:
        list(api.read(Api(url=server.url.replace("http://", "http://ada:${API_PASSWORD}@"))))
    assert decoded(sent[0].removeprefix("Basic ")) == f"ada:{password}"
    assert password not in str(told.value)


def decoded(base: str) -> str:
    return base64.b64decode(base).decode()


@pytest.mark.parametrize("status", [400, 200])
@pytest.mark.parametrize("before", [170, 180, 190])
def test_no_half_of_a_secret_is_told_where_an_answer_is_cut(server, monkeypatch, status, before):
    monkeypatch.setenv("API_TOKEN", "s3cr3t/token-of-the-shop")

    def answer(handler, *_):
        body = b"x" * before + handler.headers["Authorization"].encode("latin-1")
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    server.answer = answer
    with pytest.raises(DataError, match="xxxxx") as told:
        ids(server, headers={"Authorization": "Bearer ${API_TOKEN}"})
    assert "s3c" not in str(told.value)


@pytest.mark.parametrize("secret", ['a "quoted" one', "tökèn", "with/a/slash", "back\\slash"])
def test_a_secret_is_known_in_json(server, monkeypatch, secret):
    monkeypatch.setenv("API_TOKEN", secret)
    server.answer = lambda handler, _, query: (400, {}, {"you sent": query["token"], "path": handler.path})
    with pytest.raises(DataError) as told:
        ids(server, parameters={"token": "${API_TOKEN}"})
    assert '{"you sent": "***", "path": "/rows?token=***"}' in str(told.value)


def test_a_secret_is_in_no_log_whatever_is_logged(server, monkeypatch, caplog):
    monkeypatch.setenv("API_TOKEN", "s3cr3t")
    caplog.set_level(logging.INFO)
    server.answer = lambda *_: (200, {}, ROWS)
    url = server.url.replace("http://", "http://ada:${API_TOKEN}@")
    assert len(list(api.read(Api(url=url, parameters={"token": "${API_TOKEN}"})))) == 10
    assert "s3cr3t" not in caplog.text


def test_a_secret_that_can_not_be_sent_is_not_told(server, monkeypatch, tmp_path):
    monkeypatch.setenv("API_TOKEN", "s3cr3t\n")
    headers = {"Authorization": "Bearer ${API_TOKEN}"}
    for ask in (
        lambda: ids(server, headers=headers),
        lambda: elsewhere.fetch(server.url, {"headers": headers}, tmp_path / "f"),
    ):
        with pytest.raises(DataError, match="LocalProtocolError") as told:
            ask()
        assert "s3cr3t" not in str(told.value)


def test_a_day_is_asked_for_by_its_bounds(server):
    server.answer = lambda *_: (200, {}, ROWS)
    ids(server, date(2026, 2, 28), parameters={"from": "${day}", "to": "${next_day}"})
    assert server.asked == ["/rows?from=2026-02-28&to=2026-03-01"]


def test_what_is_no_list_of_records_is_told(server):
    server.answer = lambda *_: (200, {}, {"data": 1})
    with pytest.raises(DataError, match=r"a list of records at data, and has Digits there"):
        ids(server, records="data")


ORDERS = """
[sources.orders]
api = {{ url = "{url}", records = "data.items", next = {{ cursor = "meta.next", parameter = "after" }}, deadline = 2 }}
key = ["id"]

[sources.orders.columns]
id = {{ type = "integer" }}
"""
FAULTS = {
    "19: 429 for ever": lambda *_: (429, {"Retry-After": "60"}, {}),
    "20: errors for ever": lambda *_: (500, {"Retry-After": "60"}, {}),
    "21: the same page for ever": lambda *_: (200, {}, {"data": {"items": ROWS}, "meta": {"next": "x"}}),
}


@pytest.mark.slow
def test_case_20_a_run_that_a_server_fails_in_mid_table_leaves_nothing_and_the_next_has_each_row_once(server, project):
    """So it is for cases 19 and 21: the first page is good, and those after it are not."""
    path = project.folder / "problems" / "sample.toml"
    path.write_text(path.read_text() + ORDERS.format(url=server.url))
    collect = ("Collect", *SAMPLE, "--source", "orders")
    landed = project.folder / "data" / "sample" / "collect" / "orders"
    for fault in FAULTS.values():
        server.answer = lambda handler, path, query, fault=fault: (fault if query else by_cursor)(handler, path, query)
        done = project.luigi(*collect, module="pipeline", code=30)
        assert f"http://127.0.0.1:{server.server_port}/rows must" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list(landed.rglob(receipts.NAME))
    server.answer = by_cursor
    project.luigi(*collect, module="pipeline")
    rows = [row for part in tables.parts(project.made("collect/orders")) for row in tables.load(part).to_pylist()]
    assert [int(row["id"]) for row in rows] == list(range(10))
