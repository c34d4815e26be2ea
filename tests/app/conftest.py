"""Pushes as WeChat makes them: signed and sealed by wechatpy, through the simulator's courier."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from contract.settings import Settings
from simulator.account import Account
from simulator.courier import Courier
from simulator.notation import XML, Notation
from tests.app.door import Door, opened
from tests.conftest import APP_ID, APP_SECRET, make_settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
ACCOUNT = "gh_0123456789ab"

Push = Callable[..., dict[str, str]]


@pytest.fixture
def push() -> Push:
    """Make the fields of a push; keyword arguments change or add some."""

    def make(**changes: str) -> dict[str, str]:
        return {
            "ToUserName": ACCOUNT,
            "FromUserName": OPENID,
            "CreateTime": str(int(time.time())),
            "MsgType": "image",
            "PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0",
            "MediaId": "media-1",
            "MsgId": "24000000000000001",
            **changes,
        }

    return make


def courier(settings: Settings, notation: Notation = XML) -> Courier:
    """Return WeChat's courier for an account with these settings; used for sealing only."""
    return Courier(Account(APP_ID, APP_SECRET), settings, "http://127.0.0.1:1/wechat", notation)


@pytest.fixture(scope="session")
def safe(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The webhook in safe mode, for one account only."""
    settings = make_settings(redis_url=redis_url, wechat_account=ACCOUNT)
    with opened(settings, tmp_path_factory.mktemp("safe")) as door:
        yield door


@pytest.fixture(scope="session")
def plain(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The webhook in plain mode."""
    settings = make_settings(redis_url=redis_url, wechat_mode="plain")
    with opened(settings, tmp_path_factory.mktemp("plain")) as door:
        yield door
