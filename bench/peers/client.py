"""An HTTP client that costs next to nothing, also for servers that close after each answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

from bench.harness import BenchError
from bench.serving.client import Connect

_PATIENCE = 60.0  # seconds


def post(port: int, path: str, body: bytes) -> Connect:
    """Return what gives a call: it posts JSON and returns the body of the answer."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body

    def connect() -> Iterator[Client]:
        with closing(Client(port, request)) as client:
            yield client

    return connect


class Client:
    """One client with one request. It keeps its connection as long as the server does."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self._connection: socket.socket | None = None

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def __call__(self) -> bytes:
        """Ask, and return the body; raise BenchError for any answer but 200."""
        if self._connection is None:
            return self._ask(self._connect())
        try:
            return self._ask(self._connection)
        except ConnectionError:  # the server had closed it meanwhile, as servers do after seconds
            self.close()
            return self._ask(self._connect())

    def _connect(self) -> socket.socket:
        self._connection = socket.create_connection(("127.0.0.1", self._port), _PATIENCE)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def _ask(self, connection: socket.socket) -> bytes:
        connection.sendall(self._request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += _receive(connection)
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = head.lower().split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines if b": " in line)
        if b"content-length" not in fields:
            raise BenchError(f"an answer of unknown length: {head!r}")
        while len(body) < int(fields[b"content-length"]):
            body += _receive(connection)
        if status.startswith(b"http/1.0") or fields.get(b"connection") == b"close":
            self.close()
        if b" 200 " not in status:
            raise BenchError(f"the server answered {head!r} {body[:500]!r}")
        return body


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionResetError("the server closed a connection")
    return received
