"""Jobs that have ended for RQ but have no outcome yet: their reply waits for its turn."""

from __future__ import annotations

import time
from typing import Any

import redis

_KEY = "kantu:waiting"


class Waiting:
    """Their ids, by the time since which they wait."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def add(self, job_id: str) -> None:
        """Note that this one waits from now on, if it does not already."""
        self._redis.zadd(_KEY, {job_id: time.time()}, nx=True)

    def remove(self, job_id: str) -> None:
        """Forget it: it has its outcome."""
        self._redis.zrem(_KEY, job_id)

    def longer_than(self, seconds: float) -> dict[str, float]:
        """Return which have waited longer, and for how many seconds."""
        now = time.time()
        found: Any = self._redis.zrangebyscore(_KEY, 0, now - seconds, withscores=True)
        return {job_id.decode(): now - since for job_id, since in found}
