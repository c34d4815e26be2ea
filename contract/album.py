"""Each follower's last picture, kept for minutes, for the question that follows it."""

from __future__ import annotations

from typing import cast

import redis

from contract.follower import Followers


class Album:
    """Pictures in Redis, one a follower: JPEG, at most 1280 pixels long."""

    def __init__(self, connection: redis.Redis, followers: Followers, ttl: int) -> None:
        self._redis = connection
        self._followers = followers
        self._ttl = ttl  # seconds

    def keep(self, openid: str, picture: bytes) -> None:
        """Remember this picture in place of the one before."""
        self._redis.set(self._key(openid), picture, ex=self._ttl)

    def last(self, openid: str) -> bytes | None:
        """Return the last picture, or None when there is none or it is too long ago."""
        return cast("bytes | None", self._redis.get(self._key(openid)))

    def forget(self, openid: str) -> None:
        """Delete the picture."""
        self._redis.delete(self._key(openid))

    def _key(self, openid: str) -> str:
        return f"kantu:album:{self._followers.alias(openid)}"
