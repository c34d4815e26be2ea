"""One access token for all processes, kept in Redis.

stable_token gives every caller the same token until five minutes before its end, so that
processes do not invalidate each other's. Source: "Get stable access token", WeChat's documentation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import redis
from redis.exceptions import LockError

from worker.errors import WeChatUnavailable

logger = logging.getLogger(__name__)
_FETCH_LIMIT = 25  # seconds; after that another process may try
_SPARE = 300  # seconds: WeChat renews the token so long before its end
_BETWEEN_FORCED = 30  # seconds; WeChat ignores refreshes that come faster

Fetch = Callable[[bool], tuple[str, int]]  # force_refresh -> token, seconds it lives


class AccessToken:
    """Gives the token and renews it; at most one process at a time asks WeChat."""

    def __init__(self, connection: redis.Redis, app_id: str, fetch: Fetch) -> None:
        self._redis = connection
        self._fetch = fetch
        self._key = f"kantu:wechat:{app_id}:token"  # a Redis may have served another account

    def get(self) -> str:
        """Return a token that should be good; raise WeChatUnavailable."""
        try:
            return self._known() or self._renew(bad=None)
        except redis.RedisError as error:
            raise _no_redis(error) from None

    def replace(self, bad: str) -> str:
        """Return another token than the one that WeChat refused; raise WeChatUnavailable."""
        try:
            return self._renew(bad)
        except redis.RedisError as error:
            raise _no_redis(error) from None

    def _known(self) -> str | None:
        token = self._redis.get(self._key)
        return token.decode() if isinstance(token, bytes) else token

    def _renew(self, bad: str | None) -> str:
        lock = self._redis.lock(
            f"{self._key}:lock", timeout=_FETCH_LIMIT, blocking_timeout=_FETCH_LIMIT
        )
        try:
            with lock:
                known = self._known()
                return known if known and known != bad else self._ask(bad)
        except LockError:
            raise WeChatUnavailable("another process is still fetching the token") from None

    def _ask(self, bad: str | None) -> str:
        token, life = self._fetch(False)  # noqa: FBT003  # WeChat's force_refresh
        if token == bad:
            if not self._redis.set(f"{self._key}:forced", 1, nx=True, ex=_BETWEEN_FORCED):
                raise WeChatUnavailable("WeChat refuses the token, and gives no other so soon")
            logger.warning("WeChat refuses its own token: asking for another")
            token, life = self._fetch(True)  # noqa: FBT003
        self._redis.set(self._key, token, ex=max(life - _SPARE, 1))
        return token


def _no_redis(error: redis.RedisError) -> WeChatUnavailable:
    return WeChatUnavailable(f"no token, since Redis is away: {type(error).__name__}")
