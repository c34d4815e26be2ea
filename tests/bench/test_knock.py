"""bench.webhook.knock: the client that the webhook's figures come from."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from bench.webhook.knock import Knocker, pack, unpack

REQUESTS = [b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" % n for n in range(40)]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    paths: list[str]
    pause = 0.0  # seconds before each answer
    status = 200


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(2)
        time.sleep(self.server.pause)
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.paths = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def knocker(server: Server) -> Iterator[Knocker]:
    knocker = Knocker(server.server_port, 4)
    yield knocker
    knocker.close()


def test_requests_are_packed_and_unpacked() -> None:
    assert unpack(pack(REQUESTS)) == REQUESTS


def test_every_request_is_sent_once_by_busy_connections(server: Server, knocker: Knocker) -> None:
    knocker.closed(REQUESTS)
    assert sorted(server.paths) == sorted(f"/{number}" for number in range(40))
    assert len(knocker.seconds) == 40


def test_every_request_is_sent_once_by_the_clock(server: Server, knocker: Knocker) -> None:
    knocker.open(REQUESTS, 2000)
    assert sorted(server.paths) == sorted(f"/{number}" for number in range(40))


def test_request_that_waits_for_a_connection_waits_on_the_clock(
    server: Server, knocker: Knocker
) -> None:
    server.pause = 0.05
    knocker.open(REQUESTS[:12], 10_000)  # twelve at once on four connections: three rows of them
    assert max(knocker.seconds) > 0.14


def test_answer_other_than_200_ends_the_measurement(server: Server, knocker: Knocker) -> None:
    server.status = 403
    with pytest.raises(ConnectionError, match="403"):
        knocker.closed(REQUESTS)
