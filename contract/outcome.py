"""How each message ended, and the claim that keeps an answer from being sent twice.

    no claim ── take() ──> claimed ── close() ──> outcome, in the job, too
       ^                      │                      │
       ├── release(): certainly not sent             │
       └── forget(): a person wants it answered anew ┘

A claim without an outcome means that a worker died while sending: nobody knows whether the follower
has the answer, so it is not sent again.
"""

from __future__ import annotations

import enum
import secrets
import time
from typing import Any

import redis
from redis.client import Pipeline

_CLAIM_TTL = 72 * 3600  # seconds; longer than a failed job is kept
# Frees a message, but not from another's claim. KEYS: claim. ARGV: mark.
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


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
        self._release = connection.register_script(_RELEASE)

    @staticmethod
    def mark() -> str:
        """Return what tells one claim from every other: the time, with more digits than it has."""
        return f"{time.time():.6f}{secrets.randbelow(10**12):012d}"

    def take(self, job_id: str, mark: str) -> bool:
        """Return True for the first to ask, however often, and False for everyone after."""
        key = self._key(job_id)
        if self._redis.set(key, mark, nx=True, ex=_CLAIM_TTL):
            return True
        return self._read(job_id) == mark

    def look(self, job_id: str) -> Outcome | float:
        """Return how it ended, else for how many seconds it has been taken; 0 where it is free."""
        found = self._read(job_id)
        if found in set(Outcome):
            return Outcome(found)
        return time.time() - float(found) if found else 0.0

    def close(self, pipeline: Pipeline, job_id: str, outcome: Outcome) -> None:
        """Have a pipeline note how it ended: who comes late may find the job forgotten."""
        pipeline.set(self._key(job_id), str(outcome), ex=_CLAIM_TTL)

    def release(self, job_id: str, mark: str) -> None:
        """Give the right back: it is certain that nothing was sent."""
        self._release(keys=[self._key(job_id)], args=[mark])

    def forget(self, pipeline: Pipeline, job_id: str) -> None:
        """Have a pipeline free the message, whoever has it: it is to be answered anew."""
        pipeline.delete(self._key(job_id))

    def _read(self, job_id: str) -> str:
        found: Any = self._redis.get(self._key(job_id))
        return found.decode() if found else ""

    @staticmethod
    def _key(job_id: str) -> str:
        return f"kantu:sent:{job_id}"
