"""contract.connection"""

from __future__ import annotations

import socket
import time

import pytest
import redis

from contract.connection import connect
from launch.supervisor import free_port
from tests.conftest import make_settings

WECHAT_WAITS = 5  # seconds


def test_refused_connection_is_reported_at_once() -> None:
    client = connect(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    started = time.monotonic()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    assert time.monotonic() - started < WECHAT_WAITS


def test_silent_redis_is_reported_before_wechat_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(make_settings(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        started = time.monotonic()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        assert time.monotonic() - started < WECHAT_WAITS


def test_sentinels_that_are_all_away_are_reported_at_once() -> None:
    hosts = ",".join(f"127.0.0.1:{free_port()}" for _ in range(3))
    client = connect(make_settings(redis_url=f"redis+sentinel://{hosts}/mymaster/0"))
    started = time.monotonic()
    with pytest.raises(redis.ConnectionError, match="No master found"):
        client.ping()
    assert time.monotonic() - started < WECHAT_WAITS
