"""The real server: gunicorn and its workers on a port of this machine, real sockets, real signals."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.webapp.serving.client import approve, rewrite_golden, until
from tests.webapp.serving.load import Load
from tests.webapp.serving.server import BODY, PREDICT
from tests.webapp.serving.small import NAME
from webapp.serving import status

pytestmark = pytest.mark.slow


def test_case_48_twenty_swaps_under_load(server):
    with Load(server) as load:
        for sequence in range(2, 22):
            wanted = sequence % 3 + 1
            approve(server.data, wanted, sequence=sequence)
            started = time.monotonic()
            until(lambda wanted=wanted: set(server.workers().values()) == {wanted})
            assert time.monotonic() - started < 2  # 1 s on a machine that does nothing else
            assert {server.live() for _ in range(8)} == {wanted}
    assert load.failures == []
    assert load.seen == {1, 2, 3}
    assert load.count > 100


def test_case_55_a_reload_under_load_loses_nothing(server):
    before = set(server.workers())
    with Load(server, again=True) as load:
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(now := set(server.workers())) == 2 and not now & before, 30)
        count = load.count
        until(lambda: load.count > count + 50)
    assert load.failures == []


def test_case_55_requests_in_flight_complete(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(BODY)}\r\n\r\n"
        connection.sendall(head.encode() + BODY[:10])
        server.process.terminate()
        until(lambda: "shutting down" in (server.data / "server.log").read_text())
        connection.sendall(BODY[10:])
        assert received(connection).startswith(b"HTTP/1.1 200")
    server.process.wait(40)
    assert server.process.returncode == 0
    assert server.workers() == {}


def test_case_42_a_large_body_is_answered_before_it_is_sent(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n".encode())
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'{"error":"A request may have at most 1,000,000 bytes' in answer


def test_case_42_a_large_body_in_chunks_costs_no_memory(server):
    before = memory(server)
    chunk = b"%x\r\n%b\r\n" % (100_000, b" " * 100_000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sent = 0
        try:
            for _ in range(1000):
                connection.sendall(chunk)
                sent += 100_000
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    assert sent < 100_000_000
    assert memory(server) - before < 20 * 1024 * 1024
    assert server.live() == 1


def test_a_killed_worker_is_replaced(server):
    killed = next(iter(server.workers()))
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(now := server.workers()) == 2 and killed not in now)
    assert {server.live() for _ in range(8)} == {1}


def test_case_49_a_version_that_ends_its_workers_is_not_tried_again(server):
    rewrite_golden(server.data / "models" / NAME / "2", long)
    approve(server.data, 2, sequence=2)
    marks = server.data / "shared" / "loading"
    loading = until(lambda: {int(mark.name.partition("-")[0]) for mark in marks.glob("*")})
    for pid in loading:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(now := server.workers()) == 2 and not loading & now.keys(), 30)
    told = until(lambda: [one.fault for one in status.read(server.data / "serving") if one.fault])
    assert "A worker must live on when it loads this version of small, and one ended." in told[0]
    assert server.live() == 1
    approve(server.data, 3, sequence=3)
    until(lambda: set(server.workers().values()) == {3})
    assert {server.live() for _ in range(8)} == {3}


def long(golden):
    """So many golden rows that a version with them takes seconds to load."""
    golden["rows"] = {name: values * 100_000 for name, values in golden["rows"].items()}
    golden["answers"] = {name: values * 100_000 for name, values in golden["answers"].items()}


def received(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def memory(server):
    """The resident bytes of both workers."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server.workers()]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")
