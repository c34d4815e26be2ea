"""HTTP servers that answer as a test tells them to."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Respond = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclasses.dataclass(kw_only=True)
class OddServer:
    """One that runs, and what it was asked."""

    url: str
    paths: list[str] = dataclasses.field(default_factory=list)  # in order
    bodies: list[bytes] = dataclasses.field(default_factory=list)  # in order
    peers: set[tuple[str, int]] = dataclasses.field(default_factory=set)  # one a connection

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@contextlib.contextmanager
def running(respond: Respond) -> Iterator[OddServer]:
    """Answer every request by calling respond."""
    odd = OddServer(url="")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            odd.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            odd.paths.append(self.path)
            odd.peers.add(self.client_address)
            with contextlib.suppress(OSError):  # the client has had enough
                respond(self)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        odd.url = f"http://127.0.0.1:{server.server_port}"
        yield odd
        server.shutdown()


@contextlib.contextmanager
def odd_server(respond: Respond) -> Iterator[str]:
    """Do the same; give the URL only."""
    with running(respond) as odd:
        yield odd.url


def answer(
    status: int, body: bytes, length: int | None = None, headers: dict[str, str] | None = None
) -> Respond:
    """Return what answers always the same; length: what it says its length is, if that is a lie."""

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        if length is not None:
            handler.close_connection = True
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def says(document: Any, status: int = 200) -> Respond:
    """Return what answers always the same JSON."""
    return answer(status, json.dumps(document).encode())


def drip(pause: float) -> Respond:
    """Return what begins well, and then sends a byte now and then without an end."""

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while True:
            handler.wfile.write(b" ")
            time.sleep(pause)

    return respond


def hang(seconds: float) -> Respond:
    """Return what says nothing for so long."""

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        time.sleep(seconds)

    return respond
