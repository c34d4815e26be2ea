"""What is left of the day's quotas, by WeChat's count and by our own.

Source: "Query API call quota", https://developers.weixin.qq.com/doc/service/
"""

from __future__ import annotations

from collections.abc import Iterator

import redis

from contract.health import QuotaState
from contract.quota import pushed_today
from worker.doctor.finding import Finding, note, well, wrong
from worker.doctor.wechat_api import Answer, WeChatApi

_ASKED = ("message/custom/send", "media/get")


def check(wechat: WeChatApi, token: str) -> Iterator[Finding]:
    """Give what WeChat says is left; raise as WeChatApi. To ask has a large quota of its own."""
    for api in _ASKED:
        answer = wechat.ask(
            "POST", "openapi/quota/get", token, json={"cgi_path": f"/cgi-bin/{api}"}
        )
        yield _judge(api, answer)


def _judge(api: str, answer: Answer) -> Finding:
    match answer.said.get("quota"):
        # Of an API that the account may not use, the limit is 0.
        case {"daily_limit": int(limit), "used": int(used)} if limit > 0:
            quota = QuotaState(api=api, used=used, limit=limit)
            if quota.used_up:
                return wrong("quota", "used_up", api=api, used=used, limit=limit)
            if quota.nearly_used_up:
                return note("quota", "nearly", api=api, used=used, limit=limit)
            return well("quota", api=api, used=used, limit=limit)
    return note("quota", "silent", api=api, errcode=answer.errcode)


def pushes(connection: redis.Redis) -> Finding:
    """Return how many replies were pushed today; raise redis.RedisError."""
    return well("pushes", count=pushed_today(connection))
