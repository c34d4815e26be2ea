"""One access token for all processes, kept in Redis.

stable_token gives every caller the same token until five minutes before its end, so that
processes do not invalidate each other's. Source: "Get stable access token", WeChat's documentation.

    get() ── none in Redis ──> one process asks ──> all use its token
    replace() ── refused ──> is there another in Redis? ── no ──> ask; if it is the same, force
    give_up() ── refused, too ──> no token for a minute, for anybody
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
from redis.exceptions import LockError

from worker import metrics
from worker.errcodes import Api
from worker.errors import WeChatUnavailable
from worker.standing import Pause, Standing

logger = logging.getLogger(__name__)
_FETCH_LIMIT = 25  # seconds; after that another process may try
_SPARE = 300  # seconds: WeChat renews the token so long before its end
_BETWEEN_FORCED = 4320  # seconds; WeChat does it 20 times a day, and kills the token before
_MINUTE = 60  # seconds in which WeChat is asked twice at most for a token that it then refuses
_REMEDY = "see whether another program renews this account's token with force_refresh"

Fetch = Callable[[bool], tuple[str, int]]  # force_refresh -> token, seconds it lives


class AccessToken:
    """Gives the token and renews it; at most one process at a time asks WeChat."""

    def __init__(self, connection: redis.Redis, standing: Standing, fetch: Fetch) -> None:
        self._redis = connection
        self._standing = standing
        self._fetch = fetch
        self._lock = f"{standing.prefix}:token:lock"
        self._asked = f"{standing.prefix}:token:asked"  # WeChat gave one within the last minute
        self._forced = f"{standing.prefix}:token:forced"

    def get(self, api: Api, *, again: bool = False) -> str:
        """Return a token that should be good; raise WeChatUnavailable, as while the API is paused.

        again: it was asked for a moment ago, so what was found then will do.
        """
        try:
            token = (again and self._standing.remembered()) or self._known()
            self._standing.check(api)
            return token or self._renew(bad=None)
        except redis.RedisError as error:
            raise _no_redis(error) from None

    def replace(self, bad: str) -> str:
        """Return another token than the one that WeChat refused; raise WeChatUnavailable."""
        try:
            known = self._known()
            return known if known and known != bad else self._renew(bad)
        except redis.RedisError as error:
            raise _no_redis(error) from None

    def give_up(self, bad: str) -> WeChatUnavailable:
        """Return the error for a token that replaced another and is refused, too.

        Nobody gets a token for a minute then: asking on would only use up the quota.
        """
        why = "WeChat refuses its own token, and gives no other so soon"
        until = time.time() + _MINUTE
        pause = Pause(api=Api.TOKEN, why=why, until=until, remedy=_REMEDY)
        try:
            if self._standing.give_up(bad, pause):
                return pause.error
        except redis.RedisError as error:
            return _no_redis(error)
        return WeChatUnavailable("WeChat refuses a token; another process has a newer one")

    def _known(self) -> str | None:
        return self._standing.read()

    def _renew(self, bad: str | None) -> str:
        self._standing.check(Api.TOKEN)
        lock = self._redis.lock(self._lock, timeout=_FETCH_LIMIT, blocking_timeout=_FETCH_LIMIT)
        try:
            with lock:
                known = self._known()
                if known and known != bad:
                    return known
                self._standing.check(Api.TOKEN)
                return self._ask(bad)
        except LockError:
            raise WeChatUnavailable("another process is still fetching the token") from None

    def _ask(self, bad: str | None) -> str:
        if bad is None:
            return self._fetch_one(force=False)
        # What WeChat gave within the last minute and refuses now, it would only give once more.
        if not self._redis.exists(self._asked):
            token = self._fetch_one(force=False)
            if token != bad:
                return token
        if not self._redis.set(self._forced, 1, nx=True, ex=_BETWEEN_FORCED):
            raise self.give_up(bad)
        logger.warning("WeChat refuses its own token: asking for another")
        token = self._fetch_one(force=True)
        if token == bad:
            raise self.give_up(bad)
        return token

    def _fetch_one(self, *, force: bool) -> str:
        metrics.TOKEN_FETCHES.labels(str(force).lower()).inc()
        token, life = self._fetch(force)
        self._redis.set(self._asked, 1, ex=_MINUTE)
        self._standing.keep(token, max(life - _SPARE, 1))
        return token


def _no_redis(error: redis.RedisError) -> WeChatUnavailable:
    return WeChatUnavailable(f"no token, since Redis is away: {type(error).__name__}")
