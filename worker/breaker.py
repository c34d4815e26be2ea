"""Keeps all processes from asking a server that does not answer.

    closed ── five calls in a row fail within 30 s ──> open: nobody asks for 10 s
       ^                                                 │
       └── it answers ── one call tries it ──────────────┘

So a server that hangs costs the first few jobs their patience, and not every job in the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import redis

from worker import metrics
from worker.errors import ModelSilent, ModelUnavailable

logger = logging.getLogger(__name__)
_MOST = 5  # failures
_WITHIN = 30  # seconds
_REST = 10  # seconds; longer than the longest call, so that one call at a time tries it
_MEMORY = 60  # seconds after the last failure; after that it is as if nothing had been
# Counts a failure. KEYS: failures, rest. ARGV: most, within, memory, rest (seconds).
_COUNT = """
local failures = redis.call('INCR', KEYS[1])
if failures == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if failures >= tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    redis.call('SET', KEYS[2], 1, 'EX', ARGV[4])
end
return failures
"""
_T = TypeVar("_T")


class Breaker:
    """The breaker of one server, under its name."""

    def __init__(self, connection: redis.Redis, name: str, *, rest: int = _REST) -> None:
        self._redis = connection
        self._name = name
        self._seconds = rest
        # Calls that may take longer fail less often.
        self._within, self._memory = _WITHIN * rest // _REST, _MEMORY * rest // _REST
        self.key = f"kantu:breaker:{name}"  # holds the failures; for those who read more in a trip
        self._rest = f"{self.key}:rest"
        self._count = connection.register_script(_COUNT)

    def failures(self) -> bytes | None:
        """Return what Redis holds under the key; one trip."""
        found: Any = self._redis.get(self.key)
        return bytes(found) if found else None

    def is_open(self) -> bool:
        """Return whether the server is not asked; one trip."""
        return int(self.failures() or 0) >= _MOST

    def call(self, ask: Callable[[], _T], failures: bytes | None) -> _T:
        """Return what the server answers; failures is what was found under the key just now.

        Raises what ask does, and ModelUnavailable where the server is not asked.
        """
        count = int(failures or 0)
        if count >= _MOST and not self._redis.set(self._rest, 1, nx=True, ex=self._seconds):
            metrics.MODEL_CALLS.labels(self._name, "not_asked").inc()
            raise ModelUnavailable(
                f"{self._name} is not asked for {self._seconds} s: it does not answer"
            )
        try:
            answer = ask()
        except ModelSilent:
            metrics.MODEL_CALLS.labels(self._name, "silent").inc()
            self._note_failure()
            raise
        except ModelUnavailable:  # it answers, whatever it says
            metrics.MODEL_CALLS.labels(self._name, "unusable").inc()
            self._close(count)
            raise
        metrics.MODEL_CALLS.labels(self._name, "answered").inc()
        self._close(count)
        return answer

    def _note_failure(self) -> None:
        try:
            args = [_MOST, self._within, self._memory, self._seconds]
            count = self._count(keys=[self.key, self._rest], args=args)
        except redis.RedisError as error:  # the failure itself is what the caller must learn
            logger.warning("Redis does not note a failure: %s", type(error).__name__)
        else:
            if count == _MOST:
                metrics.BREAKER_OPENED.labels(self._name).inc()
                logger.error("%s has not answered %d times in a row", self._name, count)

    def _close(self, count: int) -> None:
        if not count:
            return
        try:
            self._redis.delete(self.key, self._rest)
        except redis.RedisError as error:  # it ends by itself
            logger.warning("Redis does not note an answer: %s", type(error).__name__)
        if count >= _MOST:
            logger.warning("%s answers again", self._name)
