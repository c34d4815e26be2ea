"""A Redis client that says within a second that Redis is away."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from contract.settings import Settings


def connect(settings: Settings, patience: float = 1.0) -> redis.Redis:
    """Return a client without retries: redis-py's own take 3.6 s to report a refused connection,
    which is most of the five seconds that WeChat waits.

    patience: seconds to wait for an answer.
    """
    return redis.Redis.from_url(
        str(settings.redis_url),
        socket_connect_timeout=0.5,  # seconds
        socket_timeout=patience,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
