"""RQ's own workers: `python -m bench.worker.competitor.rq SimpleWorker|Worker`."""

from __future__ import annotations

import functools
import sys

import redis
import rq
from rq.serializers import JSONSerializer

from bench.worker.competitor import redis_url


@functools.cache
def _queue() -> rq.Queue:
    return rq.Queue("rq", connection=redis.Redis.from_url(redis_url()), serializer=JSONSerializer)


def send(sent: int, pause: float) -> None:
    """Queue one job."""
    _queue().enqueue_call(
        "bench.worker.job.run", kwargs={"sent": sent, "pause": pause}, description="bench",
        timeout=60, result_ttl=3600,
    )  # fmt: skip


def main(kind: str) -> None:
    """Work until told to stop."""
    worker = {"SimpleWorker": rq.SimpleWorker, "Worker": rq.Worker}[kind]
    worker([_queue()], serializer=JSONSerializer, log_job_description=False).work(
        logging_level="WARNING"
    )


if __name__ == "__main__":
    main(sys.argv[1])
