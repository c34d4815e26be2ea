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
from datetime import datetime, timedelta, timezone
from typing import cast

import redis
from redis.client import Pipeline

from contract.follower import Followers

_KNOWN = "known"  # a member that stays, so that nothing left differs from nothing known
BEIJING = timezone(timedelta(hours=8))  # WeChat's days begin at its midnight
_DAYS = 3 * 24 * 3600  # seconds for which a day's count is kept
_MOST = 50  # kept for one follower: more would not be used within the time


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one act of a follower allows."""

    pushes: int
    seconds: int


MESSAGE = Allowance(pushes=5, seconds=48 * 3600)
EVENT = Allowance(pushes=3, seconds=60)

# Takes the push that ends first, and counts it; returns 0 where none is left.
# KEYS: pushes, the day's count. ARGV: now, known, seconds that the count is kept.
_SPEND = """
local function count()
    if redis.call('INCR', KEYS[2]) == 1 then redis.call('EXPIRE', KEYS[2], ARGV[3]) end
    return 1
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1])
for _, push in ipairs(redis.call('ZRANGE', KEYS[1], 0, 1)) do
    if push ~= ARGV[2] then
        redis.call('ZREM', KEYS[1], push)
        return count()
    end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return count()
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
        now = self._clock()
        keys = [self._key(openid), _day_key(now)]
        return bool(self._spend(keys=keys, args=[now, _KNOWN, _DAYS]))

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


def pushed_today(connection: redis.Redis, now: float | None = None) -> int:
    """Return how many pushes were spent since midnight in Beijing; raise redis.RedisError.

    now: seconds since 1970; None for this moment.
    """
    found = cast("bytes | None", connection.get(_day_key(time.time() if now is None else now)))
    return int(found or 0)


def _day_key(now: float) -> str:
    return f"kantu:pushes:{datetime.fromtimestamp(now, BEIJING):%Y%m%d}"
