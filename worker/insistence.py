"""Tries again while Redis is away: between the claim of a send and its outcome, where only we know
what became of the message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis

_T = TypeVar("_T")
_LONGEST = 6.0  # seconds; a Redis that restarts is back by then
_PAUSE = 0.2  # seconds


def insist(action: Callable[[], _T]) -> _T:
    """Return what it returns; raise redis.RedisError where that is away for too long.

    Redis may have done already what it could not say: only for what may be done twice.
    """
    end = time.monotonic() + _LONGEST
    while True:
        try:
            return action()
        except (redis.ConnectionError, redis.TimeoutError):
            if time.monotonic() >= end:
                raise
        time.sleep(_PAUSE)
