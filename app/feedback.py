"""What followers think of the answers, counted by model and class."""

from __future__ import annotations

from typing import Any

import redis

from contract.choices import Choice, Offer

_KEY = "kantu:feedback"
_DAY = 24 * 3600  # seconds; an offer does not last so long


class Feedback:
    """A hash for each model: "class:right" and "class:wrong", with how often."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def count(self, offer: Offer, choice: Choice) -> None:
        """Count a verdict; of several on one answer the first."""
        if self._redis.set(f"{_KEY}:given:{offer.job_id}", 1, nx=True, ex=_DAY):
            self._redis.hincrby(f"{_KEY}:{offer.model}", f"{offer.label}:{choice.verdict}", 1)

    def read(self, model: str) -> dict[str, tuple[int, int]]:
        """Return for each class how often it was found right, and wrong."""
        counts = dict[str, tuple[int, int]]()
        found: Any = self._redis.hgetall(f"{_KEY}:{model}")
        for field, number in found.items():
            label, _, verdict = field.decode().rpartition(":")
            up, down = counts.get(label, (0, 0))
            is_up = verdict == "right"
            counts[label] = (up + int(number) * is_up, down + int(number) * (not is_up))
        return counts
