"""A Redis client that says within a second that Redis is away, and finds a new master by itself."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from contract.redis_url import SENTINEL, Sentinels, read_sentinels
from contract.settings import Settings


def connect(settings: Settings, patience: float = 1.0) -> redis.Redis:
    """Return a client of the Redis that REDIS_URL names.

    patience: seconds to wait for an answer.
    """
    return connect_to(settings.redis_url, patience)


def connect_to(url: str, patience: float = 1.0) -> redis.Redis:
    """Return a client without retries: redis-py's own take 3.6 s to report a refused connection,
    which is most of the five seconds that WeChat waits.

    Of sentinels, each new connection asks who is the master; after a failover all are new.
    """
    options = {
        "socket_connect_timeout": 0.5,  # seconds
        "socket_timeout": patience,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    if url.startswith(f"{SENTINEL}://"):
        return _master(read_sentinels(url), options)
    return redis.Redis.from_url(url, **options)


def _master(sentinels: Sentinels, options: dict[str, Any]) -> redis.Redis:
    login = {"username": sentinels.sentinel_username, "password": sentinels.sentinel_password}
    # A sentinel answers at once, whatever patience the commands need.
    asked = Sentinel(  # type: ignore[no-untyped-call]  # redis-py annotates a part of itself
        sentinels.hosts, sentinel_kwargs={**options, "socket_timeout": 0.5, **login}
    )
    master: redis.Redis = asked.master_for(  # type: ignore[no-untyped-call]
        sentinels.service,
        db=sentinels.database,
        username=sentinels.username,
        password=sentinels.password,
        **options,
    )
    return master
