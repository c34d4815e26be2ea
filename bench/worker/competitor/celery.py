"""Celery on threads, with acknowledgement after the job: loses no job that dies with its worker."""

from __future__ import annotations

import celery  # type: ignore[import-not-found]  # only in .venv/bench

import bench.worker.job
from bench.worker.competitor import redis_url

app = celery.Celery("bench", broker=redis_url())
app.conf.update(task_ignore_result=True, task_acks_late=True)
_run = app.task(name="run")(bench.worker.job.run)


def send(sent: int, pause: float) -> None:
    """Queue one job."""
    _run.apply_async(kwargs={"sent": sent, "pause": pause})
