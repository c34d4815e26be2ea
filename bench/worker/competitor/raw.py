"""The least that keeps a job safe: BLMOVE into a list in transit, LREM from it. No framework.

`python -m bench.worker.competitor.raw THREADS`
"""

from __future__ import annotations

import functools
import json
import sys
import threading
from typing import Any

import redis

import bench.worker.job
from bench.worker.competitor import redis_url

_WAIT = 5  # seconds in Redis for a job


@functools.cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(redis_url())


def send(sent: int, pause: float) -> None:
    """Queue one job."""
    _redis().rpush("waiting", json.dumps({"sent": sent, "pause": pause}))


def work() -> None:
    """Run jobs until killed."""
    connection = redis.Redis.from_url(redis_url())
    while True:
        job: Any = connection.blmove("waiting", "transit", _WAIT)
        if job:
            bench.worker.job.run(**json.loads(job))
            connection.lrem("transit", 1, job)


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        threading.Thread(target=work).start()
