"""Answers handed from the worker to a webhook that holds WeChat's request open for them.

passive: WeChat tries three times, and each try waits; the answer goes through the mailbox
hybrid:  the first try waits; who takes the hold first decides whether it is pushed instead

open() ── worker: take(), mailbox, wake() ──> wait() returns True: the mailbox has it
   └───── webhook: take(): too late for the worker, which pushes
"""

from __future__ import annotations

from typing import Any

import redis
from redis.client import Pipeline

_TTL = 30  # seconds; WeChat's three tries are over after fifteen


class Holds:
    """One for each message whose delivery waits; held by the webhook, ended by the worker."""

    def __init__(self, connection: redis.Redis, waiting: redis.Redis | None = None) -> None:
        self._redis = connection
        self._waiting = waiting or connection  # one whose socket may wait for seconds

    def open(self, pipeline: Pipeline, job_id: str) -> None:
        """Have a pipeline count this try of WeChat's, from 1."""
        pipeline.incr(self._key(job_id, "tries"))
        pipeline.expire(self._key(job_id, "tries"), _TTL)

    def offer(self, pipeline: Pipeline, job_id: str) -> None:
        """Have a pipeline tell the worker that somebody waits, and may stop waiting (hybrid)."""
        pipeline.set(self._key(job_id, "held"), 1, ex=_TTL)

    def take(self, job_id: str) -> bool:
        """End the hold; True for the first who asks, False where there is none (any more)."""
        return bool(self._redis.delete(self._key(job_id, "held")))

    def wake(self, job_id: str) -> None:
        """Say that the answer is in the mailbox, to everyone who waits."""
        key = self._key(job_id, "done")
        with self._redis.pipeline() as pipeline:
            pipeline.rpush(key, *range(3))
            pipeline.expire(key, _TTL)
            pipeline.execute()

    def wait(self, job_id: str, seconds: float) -> bool:
        """Return whether the answer was there in time."""
        if seconds <= 0:
            return False
        found: Any = self._waiting.blpop([self._key(job_id, "done")], seconds)
        return found is not None

    @staticmethod
    def _key(job_id: str, what: str) -> str:
        return f"kantu:hold:{job_id}:{what}"
