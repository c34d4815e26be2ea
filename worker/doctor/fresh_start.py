"""What an operator asks for after a quota was used up: a new count, and no more pauses.

Source: "Reset the number of API calls", https://developers.weixin.qq.com/doc/service/
"""

from __future__ import annotations

from collections.abc import Iterator

import redis
import requests

from contract.settings import Settings
from worker.doctor.account import refusal, sign_in
from worker.doctor.finding import Finding, well, wrong
from worker.doctor.wechat_api import WeChatApi
from worker.errcodes import Api
from worker.standing import Standing


def clear_quota(settings: Settings) -> Iterator[Finding]:
    """Have WeChat count the day's calls anew; give what came of it."""
    wechat = WeChatApi(settings)
    try:
        token, finding = sign_in(wechat, settings)
        if not token:
            yield finding
            return
        answer = wechat.ask("POST", "clear_quota", token, json={"appid": settings.wechat_app_id})
    except requests.RequestException as error:  # its text may hold the token
        yield wrong("wechat", "away", url=wechat.url, error=type(error).__name__)
        return
    if answer.said.get("errcode") == 0:
        yield well("quota_reset")
    else:
        yield refusal("quota_reset", Api.SEND, answer)


def lift_pauses(settings: Settings, connection: redis.Redis) -> Iterator[Finding]:
    """Have all processes ask WeChat again; raise redis.RedisError."""
    lifted = Standing(connection, settings.wechat_app_id).lift()
    yield well("pauses", "lifted", count=lifted)
