"""`python -m bench.webhook.knock PORT REQUESTS closed|open NUMBER`: sends prepared HTTP requests.

closed: NUMBER connections, each asks again as soon as it is answered
open:   NUMBER requests a second, whether the earlier ones are answered or not; what waits for a
        free connection waits on the clock, too, so that a pause of the server is not left out

A process of its own with one loop over raw sockets. What a request costs it of a processor it
prints with the rest, as JSON.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import select
import socket
import statistics
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LENGTH = struct.Struct(">I")
_WAITING = 64  # connections of the open loop at most
_PATIENCE = 30.0  # seconds without any answer


def pack(requests: Sequence[bytes]) -> bytes:
    """Return what main() reads."""
    return b"".join(_LENGTH.pack(len(each)) + each for each in requests)


def unpack(data: bytes) -> list[bytes]:
    """Return the requests again."""
    requests, at = list[bytes](), 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        requests.append(data[at + _LENGTH.size : at + _LENGTH.size + length])
        at += _LENGTH.size + length
    return requests


@dataclasses.dataclass(slots=True)
class _Line:
    """One connection."""

    socket: socket.socket
    due: float = 0.0  # when its request should have been sent
    got: bytes = b""


class Knocker:
    """Sends and waits."""

    def __init__(self, port: int, connections: int) -> None:
        self._port = port
        self._connections = connections
        self._poll = select.epoll()
        self._lines = dict[int, _Line]()
        self.seconds = list[float]()  # from when each was due to its answer

    def closed(self, requests: Sequence[bytes]) -> None:
        """Keep every connection busy until all are answered."""
        waiting = collections.deque(requests)
        for _ in range(self._connections):
            self._send(self._connect(), waiting.popleft(), time.perf_counter())
        while len(self.seconds) < len(requests):
            for line in self._answered(_PATIENCE):
                if waiting:
                    self._send(line, waiting.popleft(), time.perf_counter())

    def open(self, requests: Sequence[bytes], rate: float) -> None:
        """Send them at that rate, a second."""
        begun, sent = time.perf_counter(), 0
        free = collections.deque[_Line]()
        while len(self.seconds) < len(requests):
            now = time.perf_counter()
            while sent < len(requests) and begun + sent / rate <= now:
                if not free and len(self._lines) == self._connections:
                    break
                line = free.popleft() if free else self._connect()
                self._send(line, requests[sent], begun + sent / rate)
                sent += 1
            can_send = free or len(self._lines) < self._connections
            is_more = can_send and sent < len(requests)
            free += self._answered(begun + sent / rate - now if is_more else _PATIENCE)

    def close(self) -> None:
        """Hang up."""
        for line in self._lines.values():
            line.socket.close()
        self._poll.close()

    def _connect(self) -> _Line:
        # Not before there is something to send: else a server's first process would take them all.
        line = _Line(socket.create_connection(("127.0.0.1", self._port)))
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines[line.socket.fileno()] = line
        self._poll.register(line.socket, select.EPOLLIN)
        return line

    @staticmethod
    def _send(line: _Line, request: bytes, due: float) -> None:
        line.due = due
        line.socket.sendall(request)

    def _answered(self, patience: float) -> list[_Line]:
        events = self._poll.poll(max(0.0, patience))
        if not events and patience == _PATIENCE:
            raise TimeoutError(f"no answer within {_PATIENCE:.0f} s")
        lines = [self._lines[number] for number, _ in events]
        return [line for line in lines if self._read(line)]

    def _read(self, line: _Line) -> bool:
        part = line.socket.recv(65536)
        if not part:
            raise ConnectionError("the server hung up")
        line.got += part
        head, found, body = line.got.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return False
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise ConnectionError(line.got[:200].decode("utf-8", "replace"))
        self.seconds.append(time.perf_counter() - line.due)
        line.got = b""
        return True


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0])


def main() -> None:
    """Send all, print what came out."""
    port, path, manner, number = sys.argv[1:]
    requests = unpack(Path(path).read_bytes())
    knocker = Knocker(int(port), int(number) if manner == "closed" else _WAITING)
    begun, used = time.perf_counter(), time.process_time()
    if manner == "closed":
        knocker.closed(requests)
    else:
        knocker.open(requests, float(number))
    hundredths = statistics.quantiles(knocker.seconds, n=100, method="inclusive")
    found = {
        "seconds": time.perf_counter() - begun,
        "p50": 1000 * hundredths[49],
        "p99": 1000 * hundredths[98],
        "client_cpu": 1e6 * (time.process_time() - used) / len(requests),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
