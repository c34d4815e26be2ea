"""How often the password may be tried: five times in five minutes from one address, sixty in all.

Counted in Redis, so for all processes together, and before the password is looked at, so that many
at once are not more than one after the other. Where Redis is away, nobody gets in.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import redis

_WINDOW = 300  # seconds
_OF_ONE, _OF_ALL = 5, 60  # addresses are easily had; all together is what a guesser meets


class Attempts:
    """Counts them; methods raise redis.RedisError."""

    def __init__(self, connection: redis.Redis, secret: str) -> None:
        self._redis = connection
        self._secret = secret.encode()

    def wait(self, address: str) -> int:
        """Count an attempt; return for how many seconds none is allowed, 0 where this one is."""
        keys = (self._key(address), self._key("all"))
        with self._redis.pipeline() as pipeline:
            for key in keys:
                pipeline.set(key, 0, nx=True, ex=_WINDOW)
                pipeline.incr(key)
                pipeline.ttl(key)
            answers: Sequence[int] = pipeline.execute()
        (_, own, own_left), (_, every, all_left) = answers[:3], answers[3:]
        return max(own_left * (own > _OF_ONE), all_left * (every > _OF_ALL))

    def forgive(self, address: str) -> None:
        """Forget the attempts from an address: one was right."""
        self._redis.delete(self._key(address))

    def _key(self, address: str) -> str:
        # Not the address itself: whoever reads Redis' keys need not know who tried.
        name = hmac.new(self._secret, address.encode(), hashlib.sha256).hexdigest()[:16]
        return f"kantu:admin:attempts:{name}"
