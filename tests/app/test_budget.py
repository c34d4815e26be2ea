"""What a picture costs the webhook, counted: tests/budget.toml."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import pytest
import redis

from app import create_app
from contract.settings import Settings
from tests.app.conftest import Push, courier
from tests.budget import assert_within, in_python, in_redis, least

Request = Callable[[], object]


@pytest.fixture
def request_of(settings: Settings, connection: redis.Redis, push: Push) -> Callable[[int], Request]:
    """Prepare the request that brings a picture of a new follower; numbers tell them apart."""
    app = create_app(settings, connection)

    def prepare(number: int) -> Request:
        fields = push(MsgId=str(10**16 + number), FromUserName=f"oBUDGET{number:021d}")
        query, body = courier(settings).seal(fields)
        environ = {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/wechat",
            "QUERY_STRING": urlencode(query), "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "text/xml", "HTTP_HOST": "127.0.0.1", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip
        return lambda: _answer(app.wsgi_app(environ, _accept))

    for number in range(3):  # connects, asks for Redis' version, loads the scripts
        prepare(number)()
    return prepare


def _accept(status: str, *_: object) -> Callable[[bytes], object]:
    assert status == "200 OK"
    return lambda _data: None


def _answer(parts: Iterable[Any]) -> None:
    assert b"".join(parts) == b"success"


def test_picture_costs_redis_no_more_than_allowed(
    request_of: Callable[[int], Request], connection: redis.Redis
) -> None:
    cost = in_redis(connection, request_of(10))
    assert connection.llen("rq:queue:pictures") == 4
    assert_within("webhook", cost)


def test_picture_costs_the_webhook_no_more_calls_than_allowed(
    request_of: Callable[[int], Request],
) -> None:
    costs = [in_python(request_of(number)) for number in range(10, 13)]
    assert_within("webhook", least(costs))
