"""The webhook as strangers and WeChat meet it: a real gunicorn of two processes, over TCP."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import re
import socket
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path

from contract.settings import NO_MODEL, Settings
from launch import programs
from launch.supervisor import Program, free_port
from simulator.account import Account
from simulator.courier import Courier
from simulator.demo import no_settings
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, until

Query = Mapping[str, str] | list[tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]  # but for the date, which is no answer's own


SUCCESS = (200, b"success")
REFUSED = (403, b"")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A gunicorn, and WeChat's courier for the same account."""

    program: Program
    port: int
    settings: Settings
    wechat: Courier

    def ask(
        self, query: Query, body: bytes = b"", method: str = "POST", **headers: str
    ) -> tuple[int, bytes]:
        """Return status and body."""
        answer = self.answer(query, body, method, **headers)
        return answer.status, answer.body

    def answer(
        self, query: Query, body: bytes = b"", method: str = "POST", **headers: str
    ) -> Answer:
        """Ask over a connection of its own."""
        target = f"/wechat?{urllib.parse.urlencode(query)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            found = {name: value for name, value in response.getheaders() if name != "Date"}
            return Answer(response.status, response.read(), found)

    def deliver(self, fields: Mapping[str, object]) -> tuple[int, bytes]:
        """Push as WeChat does."""
        return self.ask(*self.wechat.seal(fields))

    def raw(self, query: Query, headers: str, body: bytes = b"") -> socket.socket:
        """Open a connection and send the beginning of a POST."""
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        target = f"/wechat?{urllib.parse.urlencode(query)}"
        stream.sendall(f"POST {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode() + body)
        return stream

    def log(self) -> str:
        """Return what the program has logged."""
        return self.program.log.read_text("utf-8") if self.program.log else ""


def status_of(stream: socket.socket) -> int:
    """Read until the status line is there, and return the status."""
    with stream.makefile("rb") as lines:
        return int(lines.readline().split()[1])


@contextlib.contextmanager
def opened(settings: Settings, folder: Path) -> Iterator[Door]:
    """Start gunicorn with these settings; its log must hold no traceback and no secret."""
    port = free_port()
    environment = no_settings() | {
        "WECHAT_TOKEN": TOKEN,
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_AES_KEY": AES_KEY,
        "WECHAT_MODE": settings.wechat_mode,
        "WECHAT_REPLY": settings.wechat_reply,
        "WECHAT_ACCOUNT": settings.wechat_account,
        "REDIS_URL": str(settings.redis_url),
        "VQA_MODEL": settings.vqa_model or NO_MODEL,
        "TMPDIR": str(folder),
        "LOG_FORMAT": settings.log_format,
    }
    if settings.admin_password:
        environment["ADMIN_PASSWORD"] = settings.admin_password.get_secret_value()
    program = programs.webhook(port, environment, folder / "app.log")
    program.start()
    wechat = Courier(Account(APP_ID, APP_SECRET), settings, f"http://127.0.0.1:{port}/wechat")
    door = Door(program=program, port=port, settings=settings, wechat=wechat)
    try:
        until(program.ready)
        yield door
        # A traceback, or what the webhook says of mistakes of its own.
        mistakes = re.findall(r"Traceback.*|.*could not be (?:handled|read).*", door.log())
        assert mistakes == []
        assert [each for each in (TOKEN, AES_KEY, "oABCDEFGHIJ") if each in door.log()] == []
    finally:
        program.end()
