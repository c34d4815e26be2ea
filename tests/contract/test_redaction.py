"""contract.redaction"""

from __future__ import annotations

import pytest

from contract.redaction import Redaction
from tests.conftest import AES_KEY, APP_SECRET, TOKEN, make_settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("GET /cgi-bin/x?access_token=abc.def&type=image HTTP/1.1", "abc.def"),
        ('{"secret": "s3cr3t-of-wechat", "appid": "wx1"}', "s3cr3t-of-wechat"),
        ("POST /wechat?signature=deadbeef&timestamp=1", "deadbeef"),
        ("msg_signature=cafe", "cafe"),
        (f"{{'touser': '{OPENID}'}}", OPENID),
        (f"no reply for {OPENID}.", OPENID),
        ("redis://kantu:hunter2!@redis:6379/0", "hunter2!"),
        ("password=hunter2", "hunter2"),
    ],
)
def test_what_must_not_be_read_is_hidden(text: str, hidden: str) -> None:
    assert hidden not in Redaction()(text)


@pytest.mark.parametrize(
    "text",
    [
        "job=81562e36195d9f72e1ea579e0abda822 outcome=sent ms=412",
        "refused: wrong signature",
        "http://127.0.0.1:8501/v1/models/demo:predict answered HTTP 503",
        "worker host.12.1 ended by itself (status 1)",
    ],
)
def test_what_may_be_read_stays(text: str) -> None:
    assert Redaction.of(make_settings())(text) == text


def test_secrets_of_the_settings_are_known_by_heart() -> None:
    redaction = Redaction.of(make_settings(wechat_token=f"{TOKEN},another-token"))
    text = f"{TOKEN} another-token {AES_KEY} {APP_SECRET} wx0123456789abcdef"
    assert redaction(text) == "*** *** *** *** wx0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("moderation", "https://office/allowed?key=canary-1"),
        ("alert_webhook", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary-1"),
        ("sentry_dsn", "https://canary-1@o1.ingest.sentry.io/1"),
        ("redis_url", "redis://kantu:canary-1@redis:6379/0"),
        ("redis_url", "redis+sentinel://kantu:canary%2D1@redis/main/0"),
        ("redis_url", "redis+sentinel://redis/main/0?sentinel_password=canary-1"),
    ],
)
def test_secrets_inside_addresses_are_known_by_heart(name: str, url: str) -> None:
    redaction = Redaction.of(make_settings(**{name: url}))
    assert redaction("Max retries exceeded with url: canary-1") == (
        "Max retries exceeded with url: ***"
    )
