"""The webhook in this process, without gunicorn, and WeChat that knocks at it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from app import create_app
from bench.harness import BenchError
from bench.settings import settings_of
from bench.webhook.trial import courier_of, push

Environ = dict[str, Any]


class Webhook:
    """Takes messages, each of a follower of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.settings = settings_of(environment)
        self.account, self._courier = courier_of(environment, self.settings)
        self._app = create_app(self.settings)

    def take(self, numbers: Iterable[int]) -> None:
        """Take the messages of these followers."""
        for number in numbers:
            self.answer(self.environ(number))

    def answer(self, environ: Environ) -> None:
        """Take one message, as a server gives it to the webhook; raise BenchError if it was not."""
        answer = b"".join(self._app.wsgi_app(environ, lambda *_: lambda _data: None))
        if answer != b"success":
            raise BenchError(f"the webhook answered {answer[:80]!r}")

    def environ(self, number: int) -> Environ:
        """Return the message of the follower with this number, as a WSGI server would give it."""
        query, body = self._courier.seal(push(self.account, number))
        return {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/wechat",
            "QUERY_STRING": urlencode(query), "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }  # fmt: skip
