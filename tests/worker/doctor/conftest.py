"""`python -m worker doctor` as a program, with a webhook, WeChat, Redis and models."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLContext

import pytest
import redis
import werkzeug.serving

from app import create_app
from contract.settings import Settings
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, WeChatServer, make_settings

ROOT = Path(__file__).parents[3]
Doctor = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def environment(redis_url: str, serving_url: str, wechat_server: WeChatServer) -> dict[str, str]:
    return {
        **os.environ,
        "WECHAT_TOKEN": TOKEN,
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_APP_SECRET": APP_SECRET,
        "WECHAT_AES_KEY": AES_KEY,
        "WECHAT_API_URL": wechat_server.url,
        "REDIS_URL": redis_url,
        "SERVING_URL": serving_url,
        "VQA_MODEL": "answerer",
        "LANGUAGE": "en",
    }


@contextlib.contextmanager
def webhook(settings: Settings, tls: SSLContext | None = None) -> Iterator[str]:
    """Serve the webhook; give its URL."""
    server = werkzeug.serving.make_server(
        "127.0.0.1", 0, create_app(settings), threaded=True, ssl_context=tls
    )
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"{'https' if tls else 'http'}://127.0.0.1:{server.port}/wechat"
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook_url(redis_url: str) -> Iterator[str]:
    with webhook(make_settings(redis_url=redis_url)) as url:
        yield url


@pytest.fixture
def doctor(environment: dict[str, str], webhook_url: str, connection: redis.Redis) -> Doctor:
    """Run the doctor with some settings changed; return its exit status and what it found."""

    def examine(*arguments: str, **changes: str) -> tuple[int, list[str]]:
        arguments = (
            arguments if "--webhook" in arguments else ("--webhook", webhook_url, *arguments)
        )
        done = subprocess.run(
            [sys.executable, "-m", "worker", "doctor", *arguments],
            cwd=ROOT, env=environment | changes, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        assert "\x1b" not in said  # no colour where there is no terminal
        assert not [secret for secret in (TOKEN, APP_SECRET, AES_KEY) if secret in said]
        return done.returncode, done.stdout.splitlines()

    return examine


def wrong(lines: list[str]) -> list[str]:
    """Return the lines that say that something must be done."""
    return [line for line in lines if line.startswith("✗")]
