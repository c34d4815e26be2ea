"""`python -m tests.worker.crew REDIS_URL OPTIONS`: a worker for jobs of tests, with other times."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

import worker.pool
import worker.recovery
from worker.pool import ThreadWorker
from worker.recovery import Recovery, bury
from worker.supervisor import Supervisor

QUEUE = "tests"


def queue_of(url: str) -> Queue:
    """Return the queue of the tests' own jobs."""
    connection = redis.Redis.from_url(url, socket_timeout=5)
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer)


def main(url: str, options: dict[str, Any]) -> None:
    """Work until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    for name in ("HEARTBEAT_TTL", "_BEAT", "_MAINTENANCE", "_OVERDUE"):
        setattr(worker.pool, name, options.get(name, getattr(worker.pool, name)))
    worker.recovery._IN_TRANSIT = options.get("_IN_TRANSIT", 1)
    if options.get("dumb"):
        ThreadWorker._beat = lambda _self: None  # type: ignore[assignment, method-assign]
    if not options.get("processes"):
        work(url, options, options.get("name"))
    else:
        Supervisor(
            options["processes"],
            options.get("grace", 5),
            work=lambda name: work(url, options, name),
            bury=lambda name: bury(queue_of(url), name),
        ).run()


def takes_all(_job: Job) -> None:
    """Refuse nothing."""


def work(url: str, options: dict[str, Any], name: str | None) -> int:
    """Be one process."""
    queue = queue_of(url)
    ThreadWorker(
        queue,
        threads=options.get("threads", 4),
        grace=options.get("grace", 5),
        refusal=takes_all,
        maintain=Recovery(queue, takes_all).run,
        name=name,
    ).work(logging_level="WARNING")
    return 0


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
