"""How each message ended, and the claim that keeps an answer from being sent twice.

    no claim ── claim() ──> claimed ── sent ──> outcome recorded in the job
       ^                       │
       └── release(): WeChat said no for certain

A claim without an outcome means that a worker died while sending: nobody knows whether the follower
has the answer, so it is not sent again.
"""

from __future__ import annotations

import enum
import time

import redis
from redis.client import Pipeline

_CLAIM_TTL = 72 * 3600  # seconds; longer than a failed job is kept


class Outcome(enum.StrEnum):
    """Every accepted message ends in exactly one of these, in job.meta["outcome"]."""

    SENT = "sent"
    APOLOGISED = "apologised"
    PARKED = "parked"  # in the mailbox, for the follower's next message
    DROPPED = "dropped"  # meta["reason"] says why; such as a follower who has left
    UNKNOWN = "unknown"  # broken off inside the send; also in the mailbox, as a possible repeat


class SendClaim:
    """The right to send the one reply to a message."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def take(self, job_id: str) -> bool:
        """Return True for the first to ask, False for everyone after."""
        return bool(self._redis.set(self._key(job_id), time.time(), nx=True, ex=_CLAIM_TTL))

    def age(self, job_id: str) -> float:
        """Return for how many seconds it has been taken; 0 where it is free."""
        taken = self._redis.get(self._key(job_id))
        return time.time() - float(taken) if taken else 0.0

    def release(self, job_id: str, pipeline: Pipeline | None = None) -> None:
        """Give the right back, perhaps with a pipeline: it is certain that nothing was sent, or a
        person wants the message answered anew.
        """
        (self._redis if pipeline is None else pipeline).delete(self._key(job_id))

    @staticmethod
    def _key(job_id: str) -> str:
        return f"kantu:sent:{job_id}"
