"""Jobs for tests of the worker itself; they tell Redis what they do."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from rq import get_current_job


def _redis() -> Any:
    job = get_current_job()
    assert job is not None
    return job.connection


def count(name: str = "") -> int:
    """Count the starts of this job; return how many there were."""
    job = get_current_job()
    assert job is not None
    return int(_redis().incr(f"starts:{name or job.id}"))


def sleep(seconds: float) -> str:
    """Take that long."""
    count()
    time.sleep(seconds)
    return "rested"


def meet(number: int) -> str:
    """Wait until so many of these run at once."""
    redis = _redis()
    redis.incr("met")
    while int(redis.get("met")) < number:
        time.sleep(0.01)
    return "met"


def fail() -> None:
    """Fail, with a text that nobody may read."""
    _redis().rpush("times", time.time())
    raise ValueError("https://api/?access_token=never-to-be-seen")


def die_once() -> str:
    """Take the whole process along, the first time."""
    if count() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"
