"""What the classifier said about a picture, kept for minutes: the same picture is asked about once.

Kept by a hash of the picture, never the picture itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Any

import redis

from worker import metrics
from worker.ranking import Ranking

logger = logging.getLogger(__name__)
_TTL = 600  # seconds


class Seen:
    """The answers of all models about all pictures, in Redis."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def look_up(self, key: str, beside: str) -> tuple[Ranking | None, bytes | None]:
        """Return what was said, if anything, and what Redis holds beside it; one trip."""
        found: Any = self._redis.mget(key, beside)
        said, other = found
        metrics.SEEN_LOOKUPS.labels("hit" if said else "miss").inc()
        return _read(said) if said else None, other

    def keep(self, key: str, ranking: Ranking) -> None:
        """Remember what was said; where Redis is full, do without."""
        try:
            self._redis.set(key, json.dumps([ranking.classes, ranking.best]), ex=_TTL)
        except redis.RedisError as error:
            logger.warning("what a model said is not kept: %s", type(error).__name__)

    @staticmethod
    def key(model: str, version: str, picture: bytes) -> str:
        """Return where the answer of that model about that JPEG is kept."""
        question = f"{model}\n{version}\n".encode() + picture
        return f"kantu:seen:{hashlib.sha256(question).hexdigest()}"


def _read(text: bytes) -> Ranking | None:
    try:
        classes, best = json.loads(text)
        return Ranking(classes=classes, best=[(int(number), float(p)) for number, p in best])
    except (TypeError, ValueError):
        return None  # of another release
