"""huey: pops a job before it runs it, so one that dies with its worker is lost."""

from __future__ import annotations

import huey  # type: ignore[import-not-found]  # only in .venv/bench

import bench.worker.job
from bench.worker.competitor import redis_url

app = huey.RedisHuey("bench", url=redis_url(), results=False)
_run = app.task()(bench.worker.job.run)


def send(sent: int, pause: float) -> None:
    """Queue one job."""
    _run(sent=sent, pause=pause)
