"""How many messages WeChat still lets us push to a follower.

A message of theirs allows five within 48 hours; a follow, a scanned code or a click in the menu
three within a minute. WeChat itself has the last word (45015, 45047): what it says is noted.
Source: "Send customer-service messages", https://developers.weixin.qq.com/doc/service/
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable

import redis
from redis.client import Pipeline

from contract.follower import Followers

_KNOWN = "known"  # a member that stays, so that nothing left differs from nothing known
_MOST = 50  # kept for one follower: more would not be used within the time


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one act of a follower allows."""

    pushes: int
    seconds: int


MESSAGE = Allowance(pushes=5, seconds=48 * 3600)
EVENT = Allowance(pushes=3, seconds=60)

# Takes the push that ends first; returns 0 where none is left. KEYS: pushes. ARGV: now, known.
_SPEND = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1])
for _, push in ipairs(redis.call('ZRANGE', KEYS[1], 0, 1)) do
    if push ~= ARGV[2] then return redis.call('ZREM', KEYS[1], push) end
end
return 1 - redis.call('EXISTS', KEYS[1])
"""


class Quota:
    """A sorted set for each follower: a member for each push, by the time when it ends."""

    def __init__(
        self,
        connection: redis.Redis,
        followers: Followers,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = connection
        self._followers = followers
        self._clock = clock
        self._spend = connection.register_script(_SPEND)

    def allow(self, pipeline: Pipeline, openid: str, allowance: Allowance) -> None:
        """Note what a follower has just allowed."""
        key, end = self._key(openid), self._clock() + allowance.seconds
        mark = secrets.token_hex(4)
        pushes = dict.fromkeys((f"{mark}:{number}" for number in range(allowance.pushes)), end)
        pipeline.zadd(key, {**pushes, _KNOWN: self._clock() + MESSAGE.seconds})
        pipeline.zremrangebyrank(key, 0, -_MOST - 1)
        pipeline.expire(key, MESSAGE.seconds)

    def spend(self, openid: str) -> bool:
        """Take one off; return False where none is left. Where nothing is known, WeChat decides."""
        return bool(self._spend(keys=[self._key(openid)], args=[self._clock(), _KNOWN]))

    def exhaust(self, openid: str) -> None:
        """Note that WeChat takes no more until the follower does something."""
        key = self._key(openid)
        with self._redis.pipeline() as pipeline:
            pipeline.delete(key)
            pipeline.zadd(key, {_KNOWN: self._clock() + MESSAGE.seconds})
            pipeline.expire(key, MESSAGE.seconds)
            pipeline.execute()

    def forget(self, openid: str) -> None:
        """Delete what is known of a follower."""
        self._redis.delete(self._key(openid))

    def _key(self, openid: str) -> str:
        return f"kantu:quota:{self._followers.alias(openid)}"
