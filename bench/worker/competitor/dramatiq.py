"""dramatiq: acknowledges after the job; what a dead worker held comes back after a minute."""

from __future__ import annotations

import dramatiq  # type: ignore[import-not-found]  # only in .venv/bench
from dramatiq.brokers.redis import RedisBroker  # type: ignore[import-not-found]

import bench.worker.job
from bench.worker.competitor import redis_url

dramatiq.set_broker(RedisBroker(url=redis_url()))
run = dramatiq.actor(bench.worker.job.run)


def send(sent: int, pause: float) -> None:
    """Queue one job."""
    run.send(sent=sent, pause=pause)
